// Notes, in ms of the Unix clock, when the call's phase changes, when bundles come and when the other's picture changes.
() => {
  const sheet = new OffscreenCanvas(48, 48).getContext('2d', { willReadFrequently: true });
  const seen = { phases: [], bundles: [], pictures: [] };
  let shown = '';
  let received = 0;
  const tick = () => {
    const { phase, remotes, transport, channels } = window.facewire.statistics();
    const now = Date.now();
    if (seen.phases.at(-1)?.phase !== phase) seen.phases.push({ phase, at: now });
    const bundles = (transport?.trailers?.bundlesReceived ?? 0) + (channels?.motion.messagesReceived ?? 0);
    if (bundles > received) seen.bundles.push(now);
    received = bundles;
    const canvas = remotes[0] && window.facewire.canvas(remotes[0].id);
    if (!canvas) return;
    sheet.drawImage(canvas, 0, 0, 48, 48);
    const picture = sheet.getImageData(0, 0, 48, 48).data.join();
    if (shown !== '' && picture !== shown) seen.pictures.push(now);
    shown = picture;
  };
  setInterval(tick, 40);
  window.recovery = seen;
}
