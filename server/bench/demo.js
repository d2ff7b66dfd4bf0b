/**
 * Looks at the panes of a running comparison once a second. A pane shows what the camera saw a while ago: beside each
 * picture goes that one of the last second's which it resembles most, so that no codec is judged by its delay.
 */
async (seconds) => {
  const comparison = window.facewireComparison;
  const panes = [comparison.facewire, ...comparison.ordinary];
  const [SIDE, SMALL, KEPT] = [256, 64, 30];
  const copy = (source, side) => {
    const context = new OffscreenCanvas(side, side).getContext('2d', { willReadFrequently: true });
    context.drawImage(source, 0, 0, side, side);
    return context;
  };
  const greens = (source) => copy(source, SMALL).getImageData(0, 0, SMALL, SMALL).data.filter((_, at) => at % 4 === 1);
  const difference = (one, other) => one.reduce((sum, value, at) => sum + (value - other[at]) ** 2, 0);
  const seen = [];
  let watching = true;
  const watch = () => {
    if (!watching) return;
    seen.push({ picture: copy(comparison.cut, SIDE).canvas, greens: greens(comparison.cut) });
    if (seen.length > KEPT) seen.shift();
    comparison.video.requestVideoFrameCallback(watch);
  };
  comparison.video.requestVideoFrameCallback(watch);
  const text = async (canvas) => {
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  };
  const found = [];
  for (let second = 0; second < seconds; second += 1) {
    await new Promise((go) => setTimeout(go, 1000));
    const shown = panes.map((pane) => ({ pane, canvas: copy(pane.canvas, SIDE).canvas, greens: greens(pane.canvas) }));
    for (const { pane, canvas, greens: looks } of shown) {
      const original = seen.reduce((best, one) => (difference(one.greens, looks) < difference(best.greens, looks) ? one : best));
      found.push({ name: pane.name, kbps: pane.rate.kbps.value, original: original.picture, canvas });
    }
  }
  watching = false;
  return Promise.all(
    found.map(async ({ name, kbps, original, canvas }) => ({ name, kbps, original: await text(original), shown: await text(canvas) })),
  );
}
