import type { CallModel } from './call_model';

const PICTURES_PER_SECOND = 15;

let shown: HTMLVideoElement | null = null;

/** Shows whoever is large, or the first of the others, in a small window above all others; or closes that window. */
export async function togglePictureInPicture(model: CallModel): Promise<void> {
  if (document.pictureInPictureElement !== null) {
    await document.exitPictureInPicture();
    return;
  }
  const person = model.people.value.find(({ participant }) => participant.id === model.featured.value) ?? model.people.value[0];
  if (person === undefined) return;
  const video = document.createElement('video');
  video.muted = true;
  video.srcObject = person.canvas.captureStream(PICTURES_PER_SECOND);
  await video.play();
  await video.requestPictureInPicture();
  // The element lives as long as its window.
  shown = video;
  video.addEventListener('leavepictureinpicture', () => {
    video.srcObject = null;
    if (shown === video) shown = null;
  });
}
