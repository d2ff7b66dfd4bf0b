// Runs in a page of a call. Keeps which numbered frame the page's camera is at, what it displays of `participant`, and
// how loud the participant sounds, each with the time of this machine's clock. Pictures are coded only afterwards, so
// that watching costs the call little.
async ({ participant, seconds }) => {
  const camera = document.querySelector('video');
  const canvas = window.facewire.canvas(participant);
  const audio = document.querySelector('audio');
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 4096;
  if (audio?.srcObject) context.createMediaStreamSource(audio.srcObject).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);

  const sheet = (width, height) => new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  const tile = sheet(canvas.width, canvas.height);
  // The camera's frames carry their number in the lower left corner: 12 squares of 8 × 8 pixels, white for a one.
  const luma = new Uint8Array(96 * 8 * 4);
  const frameNumber = async () => {
    const frame = new VideoFrame(camera);
    const rect = { x: 0, y: frame.codedHeight - 8, width: 96, height: 8 };
    await frame.copyTo(luma, { rect });
    frame.close();
    return Array.from({ length: 12 }, (_, bit) => (luma[4 * 96 + 8 * bit + 4] > 127 ? 2 ** bit : 0)).reduce((a, b) => a + b);
  };

  const seen = {
    camera: [], shown: [], loudness: [], trackedPerSecond: [], picturesPerSecond: [], playoutDelayMs: [], voices: [], budget: [],
  };
  let watching = true;
  const watchCamera = () => {
    camera.requestVideoFrameCallback(async (now, { captureTime }) => {
      if (!watching) return;
      setTimeout(watchCamera, 50); // every second frame or so: reading one costs the call time
      const time = performance.timeOrigin + (captureTime ?? now);
      const crop = window.facewire.statistics().tracking?.crop ?? null;
      seen.camera.push({ time, number: await frameNumber(), crop });
    });
  };
  if (camera) watchCamera();
  const timers = [
    setInterval(() => {
      tile.drawImage(canvas, 0, 0);
      seen.shown.push({ time: Date.now(), picture: tile.getImageData(0, 0, canvas.width, canvas.height) });
    }, 110),
    setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      seen.loudness.push([Date.now(), samples.reduce((sum, value) => sum + value * value, 0) / samples.length]);
    }, 50),
    setInterval(() => {
      const { tracking, remotes, voices, transport } = window.facewire.statistics();
      seen.voices.push({ time: Date.now(), ...voices });
      if (transport) seen.budget.push({ time: Date.now(), ...transport.budget });
      if (tracking) seen.trackedPerSecond.push(tracking.fps);
      const drawing = remotes.find((remote) => remote.id === participant)?.drawing;
      if (!drawing) return;
      seen.picturesPerSecond.push(drawing.picturesPerSecond);
      seen.playoutDelayMs.push(drawing.playoutDelayMs);
    }, 500),
  ];
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  watching = false;
  timers.forEach(clearInterval);
  await context.close();

  for (const frame of seen.shown) {
    tile.putImageData(frame.picture, 0, 0);
    const blob = await tile.canvas.convertToBlob({ type: 'image/jpeg', quality: 0.92 });
    frame.picture = btoa(String.fromCharCode(...new Uint8Array(await blob.arrayBuffer())));
  }
  return seen;
};
