// The WebRTC half of a client, for a page without rights: its candidates are mDNS names, its voice an oscillator.
// Signalling is the test's: it carries offers and answers in and out.
const peer = (window.peer = {
  connection: new RTCPeerConnection({ bundlePolicy: 'max-bundle' }),
  channels: {},
  received: [],
});

async function offer(slots) {
  const { connection, channels, received } = peer;
  if (connection.getTransceivers().length === 0) {
    const context = new AudioContext({ sampleRate: 48000 });
    const oscillator = context.createOscillator();
    const output = context.createMediaStreamDestination();
    oscillator.connect(output);
    oscillator.start();
    connection.addTransceiver(output.stream.getAudioTracks()[0], { direction: 'sendonly' });
    const settings = { motion: { ordered: false, maxRetransmits: 0 }, keyframe: {}, control: {} };
    for (const [label, setting] of Object.entries(settings)) {
      const channel = (channels[label] = connection.createDataChannel(label, setting));
      channel.binaryType = 'arraybuffer';
      channel.onmessage = ({ data }) => received.push([label, Array.from(new Uint8Array(data))]);
    }
  }
  while (connection.getTransceivers().length < slots + 1) {
    connection.addTransceiver('audio', { direction: 'recvonly' });
  }
  await connection.setLocalDescription();
  while (connection.iceGatheringState !== 'complete') {
    await new Promise((resolve) => connection.addEventListener('icegatheringstatechange', resolve, { once: true }));
  }
  return connection.localDescription.sdp;
}

async function accept(answer) {
  await peer.connection.setRemoteDescription({ type: 'answer', sdp: answer });
}

async function inboundPackets() {
  const counts = [];
  for (const statistics of (await peer.connection.getStats()).values()) {
    if (statistics.type === 'inbound-rtp') counts.push(statistics.packetsReceived);
  }
  return counts;
}
