import type { LocalMedia } from '../media/local_media';
import { element, icon } from './dom';
import { trackingText } from './tracking_text';

/** Our own small picture in the corner, mirrored, with what the tracker sees. */
export class SelfView {
  readonly node: HTMLElement;
  /** Where in the page it is; moving it pauses the video. */
  place: 'corner' | 'grid' = 'corner';
  private readonly status = element('span', { className: 'self-status' });
  private readonly mutedMark = element('span', { className: 'muted-mark', title: 'You are muted' }, icon('microphone-off'));
  private readonly stopListening: (() => void)[];

  constructor(
    private readonly media: LocalMedia,
    name: string,
  ) {
    this.node = element(
      'section',
      { className: 'self', 'aria-label': 'Your camera' },
      media.video,
      element('div', { className: 'self-foot' }, this.mutedMark, element('span', { title: `The others see you as ${name}` }, 'You'), this.status),
    );
    this.stopListening = [
      media.on('changed', () => this.show()),
      media.on('tracking', () => this.show()),
      media.on('voice', (speaking) => this.node.toggleAttribute('data-speaking', speaking)),
    ];
    this.show();
  }

  close(): void {
    for (const stop of this.stopListening) stop();
  }

  private show(): void {
    const { text, tone } = trackingText(this.media);
    this.node.dataset['camera'] = this.media.cameraOn ? 'on' : 'off';
    this.status.textContent = tone === 'good' ? '' : text;
    this.status.dataset['tone'] = tone;
    this.mutedMark.hidden = !this.media.muted;
  }
}
