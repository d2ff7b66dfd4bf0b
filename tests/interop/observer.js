// Runs in a page of a call. Keeps what the page's camera shows and what it displays of `participant`, and how loud the
// participant sounds, each with the time of this machine's clock.
async ({ participant, seconds, everyMs }) => {
  const camera = document.querySelector('video');
  const canvas = window.facewire.canvas(participant);
  const audio = document.querySelector('audio');
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 2048;
  if (audio?.srcObject) context.createMediaStreamSource(audio.srcObject).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);

  const grab = async (source, width, height) => {
    const sheet = new OffscreenCanvas(width, height);
    sheet.getContext('2d').drawImage(source, 0, 0, width, height);
    const blob = await sheet.convertToBlob({ type: 'image/jpeg', quality: 0.92 });
    const bytes = new Uint8Array(await blob.arrayBuffer());
    return btoa(String.fromCharCode(...bytes));
  };

  const seen = { camera: [], shown: [], loudness: [], picturesPerSecond: [], playoutDelayMs: [] };
  const loudnessTimer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, value) => sum + value * value, 0) / samples.length;
    seen.loudness.push([Date.now(), power]);
  }, 40);
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    const next = performance.now() + everyMs;
    const statistics = window.facewire.statistics();
    const drawing = statistics.remotes.find((remote) => remote.id === participant)?.drawing;
    if (drawing) {
      seen.picturesPerSecond.push(drawing.picturesPerSecond);
      seen.playoutDelayMs.push(drawing.playoutDelayMs);
    }
    if (canvas) seen.shown.push({ time: Date.now(), picture: await grab(canvas, canvas.width, canvas.height) });
    if (camera) {
      seen.camera.push({
        time: Date.now(),
        picture: await grab(camera, camera.videoWidth, camera.videoHeight),
        crop: statistics.tracking?.crop ?? null,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())));
  }
  clearInterval(loudnessTimer);
  await context.close();
  return seen;
};
