import { expect, it } from 'vitest';
import { withPacketTime } from './packet_time';

it('asks for longer packets wherever the answer says how long they are', () => {
  const answer = 'm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ptime:60\r\na=maxptime:60\r\na=mid:0\r\n';
  expect(withPacketTime(answer, 120)).toBe(
    'm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ptime:120\r\na=maxptime:120\r\na=mid:0\r\n',
  );
});
