import { useEffect, useRef } from 'preact/hooks';
import type { FaceRenderer } from '../../codec';
import type { LocalMedia } from '../../media/local_media';
import { messages } from '../i18n/language';

/** No participant's id. */
const OWN_FACE = 0;

/** Our own face as the others will see it: what is coded here is drawn here, without a network between. */
export function OwnRendering({ media, renderer }: { media: LocalMedia; renderer: FaceRenderer }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const t = messages.value.prejoin;
  useEffect(() => {
    if (canvas.current === null) return;
    const face = renderer.addFace(canvas.current, OWN_FACE);
    for (const keyframe of media.keyframesInUse()) face.pushKeyframe(keyframe);
    face.onKeyframeNeeded = (number) => {
      for (const keyframe of media.keyframesSince(number)) face.pushKeyframe(keyframe);
    };
    const stop = [
      media.on('keyframe', (keyframe) => face.pushKeyframe(keyframe)),
      media.on('bundle', (bundle) => face.pushBundle(bundle)),
    ];
    return () => {
      stop.forEach((end) => end());
      face.close();
    };
  }, [media, renderer]);
  return (
    <figure class="own-rendering">
      <canvas ref={canvas} width={256} height={256} role="img" aria-label={t.othersSeeYou} />
      <figcaption>{t.othersSeeYou}</figcaption>
    </figure>
  );
}
