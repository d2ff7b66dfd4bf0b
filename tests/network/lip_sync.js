// Runs in a page of a call. Keeps what it displays of `participant`, and how loud the participant sounds, each with the
// time of this machine's clock at which it was there to be seen, or was handed to the loudspeaker.
async ({ participant, seconds }) => {
  const canvas = window.facewire.canvas(participant);
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  context.createMediaStreamSource(document.querySelector('audio').srcObject).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const side = 192;
  const sheet = new OffscreenCanvas(side, side).getContext('2d', { willReadFrequently: true });
  const now = () => performance.timeOrigin + performance.now();
  const seen = { shown: [], loudness: [], drawing: [], outputLatencyMs: 0 };
  const timers = [
    setInterval(() => {
      sheet.drawImage(canvas, 0, 0, side, side);
      seen.shown.push({ time: now(), picture: sheet.getImageData(0, 0, side, side) });
    }, 70),
    setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const middle = (1000 * samples.length) / 2 / context.sampleRate;
      seen.loudness.push([now() - middle, samples.reduce((sum, value) => sum + value * value, 0) / samples.length]);
    }, 20),
    setInterval(() => {
      const remote = window.facewire.statistics().remotes.find(({ id }) => id === participant);
      if (remote?.drawing) seen.drawing.push(remote.drawing);
    }, 500),
  ];
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  timers.forEach(clearInterval);
  seen.outputLatencyMs = 1000 * context.outputLatency;
  await context.close();
  for (const frame of seen.shown) {
    sheet.putImageData(frame.picture, 0, 0);
    const blob = await sheet.canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 });
    frame.picture = btoa(String.fromCharCode(...new Uint8Array(await blob.arrayBuffer())));
  }
  return seen;
};
