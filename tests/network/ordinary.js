// An ordinary WebRTC video call, as the browser does it by itself, in a page of any address. Shows what it receives
// through the same handle as facewire's page (`window.facewire`), so that the same observer watches both.
(() => {
  const SIDE = 256;
  const peer = new RTCPeerConnection();
  const camera = document.createElement('video');
  const shown = document.createElement('video');
  const sound = document.createElement('audio');
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = SIDE;
  camera.muted = shown.muted = true;
  document.body.replaceChildren(camera, shown, sound, canvas);

  const statistics = {
    remotes: [{ id: 1, drawing: { picturesPerSecond: 0, playoutDelayMs: 0 } }],
    voices: { samples: 0, concealedSamples: 0 },
    tracking: { fps: 0, crop: null },
    codec: '',
  };
  /** The central square of a picture, as facewire's crop. */
  const square = ({ videoWidth: width, videoHeight: height }) => {
    const side = Math.min(width, height);
    return { left: (width - side) / 2, top: (height - side) / 2, side };
  };
  const drawNext = () => {
    const { left, top, side } = square(shown);
    canvas.getContext('2d').drawImage(shown, left, top, side, side, 0, 0, SIDE, SIDE);
    shown.requestVideoFrameCallback(drawNext);
  };
  shown.requestVideoFrameCallback(drawNext);

  peer.ontrack = ({ track }) => {
    const element = track.kind === 'video' ? shown : sound;
    element.srcObject = new MediaStream([track]);
    void element.play();
  };
  const complete = async (description) => {
    await peer.setLocalDescription(description);
    while (peer.iceGatheringState !== 'complete') await new Promise((resolve) => setTimeout(resolve, 20));
    return peer.localDescription.sdp;
  };
  const measure = async () => {
    const report = [...(await peer.getStats()).values()];
    const codecs = new Map(report.filter(({ type }) => type === 'codec').map((codec) => [codec.id, codec.mimeType]));
    for (const entry of report) {
      if (entry.type === 'outbound-rtp' && entry.kind === 'video') statistics.tracking.fps = entry.framesPerSecond ?? 0;
      if (entry.type !== 'inbound-rtp') continue;
      if (entry.kind === 'video') {
        statistics.remotes[0].drawing.picturesPerSecond = entry.framesPerSecond ?? 0;
        statistics.codec = codecs.get(entry.codecId) ?? '';
      } else {
        statistics.voices.samples = entry.totalSamplesReceived;
        statistics.voices.concealedSamples = entry.concealedSamples - entry.silentConcealedSamples;
      }
    }
  };

  window.facewire = { canvas: () => canvas, statistics: () => structuredClone(statistics) };
  window.ordinary = {
    /** Opens camera and microphone. */
    async open() {
      const stream = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
      camera.srcObject = stream;
      await camera.play();
      statistics.tracking.crop = square(camera);
      for (const track of stream.getTracks()) peer.addTrack(track, stream);
      setInterval(() => void measure(), 500);
    },
    offer: async () => complete(await peer.createOffer()),
    async answer(sdp) {
      await peer.setRemoteDescription({ type: 'offer', sdp });
      return complete(await peer.createAnswer());
    },
    accept: (sdp) => peer.setRemoteDescription({ type: 'answer', sdp }),
    state: () => peer.connectionState,
  };
})();
