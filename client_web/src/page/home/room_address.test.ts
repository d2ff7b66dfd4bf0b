import { describe, expect, it } from 'vitest';
import { invitation, roomAddressFrom } from './room_address';

describe('roomAddressFrom', () => {
  it.each([
    ['tea time', '/room/tea-time'],
    ['https://calls.example/room/tea?name=Ada', '/room/tea'],
    ['https://calls.example/room/tea#token=a.b.c', '/room/tea#token=a.b.c'],
    [' https://calls.example/room/tea?x=1#key=k&token=t ', '/room/tea#key=k&token=t'],
  ])('reads %s', (typed, address) => {
    expect(roomAddressFrom(typed)).toBe(address);
  });

  it('refuses what is no room', () => {
    expect(roomAddressFrom('a/b#token=x')).toBeNull();
  });
});

describe('invitation', () => {
  const page = { origin: 'https://calls.example', pathname: '/room/tea' };

  it('leaves our token out and keeps the key of the room', () => {
    expect(invitation({ ...page, hash: '#token=t' })).toBe('https://calls.example/room/tea');
    expect(invitation({ ...page, hash: '#key=k&token=t' })).toBe('https://calls.example/room/tea#key=k');
    expect(invitation({ ...page, hash: '' })).toBe('https://calls.example/room/tea');
  });
});
