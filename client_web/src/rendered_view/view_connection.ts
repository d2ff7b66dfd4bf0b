import type { RenderedPicture } from '../call/messages';

/** What happens to a view. */
export interface ViewConnectionListener {
  /** An offer with all candidates, for the renderer. */
  onOffer(sdp: string): void;
  /** A video section has a track. */
  onTrack(mid: string, track: MediaStreamTrack): void;
  /** The connection failed and will not come back. */
  onLost(): void;
}

/** As many as renderers serve. */
const MAX_SECTIONS = 16;
const GATHERING_LIMIT_MS = 3_000;
const CODECS = ['video/VP8', 'video/H264'];

/**
 * The peer connection to a renderer: it only receives, one video section for each face. Offers are complete (no
 * trickle) and made one after the other.
 */
export class ViewConnection {
  private readonly peer = new RTCPeerConnection();
  private readonly receivers = new Map<string, RTCRtpReceiver>();
  private listener: ViewConnectionListener | null;
  private sections = 0;
  private wanted = 0;
  private negotiating = false;

  constructor(listener: ViewConnectionListener) {
    this.listener = listener;
    this.peer.ontrack = ({ track, transceiver }) => {
      if (transceiver.mid === null) return;
      this.receivers.set(transceiver.mid, transceiver.receiver);
      this.listener?.onTrack(transceiver.mid, track);
    };
    this.peer.onconnectionstatechange = () => {
      if (this.peer.connectionState === 'failed') this.lose();
    };
  }

  /** Makes sure that there is a section for each of `faces`; offers again if there are too few. */
  ensureSections(faces: number): void {
    this.wanted = Math.max(this.wanted, Math.min(Math.max(1, faces), MAX_SECTIONS));
    if (this.wanted > this.sections && !this.negotiating) void this.negotiate();
  }

  /** Applies the renderer's answer to the offer on its way. */
  async acceptAnswer(sdp: string): Promise<void> {
    try {
      await this.peer.setRemoteDescription({ type: 'answer', sdp });
    } catch {
      this.lose();
      return;
    }
    this.negotiating = false;
    this.ensureSections(this.wanted);
  }

  /** Milliseconds that a picture of this section has lately waited in the browser before it was shown; 0 if unknown. */
  async bufferedMs({ mid }: Pick<RenderedPicture, 'mid'>): Promise<number> {
    const report = await this.receivers.get(mid)?.getStats();
    for (const entry of report?.values() ?? []) {
      const { type, jitterBufferDelay, jitterBufferEmittedCount } = entry as Record<string, unknown>;
      if (type !== 'inbound-rtp' || typeof jitterBufferDelay !== 'number') continue;
      if (typeof jitterBufferEmittedCount === 'number' && jitterBufferEmittedCount > 0) {
        return (jitterBufferDelay / jitterBufferEmittedCount) * 1_000;
      }
    }
    return 0;
  }

  close(): void {
    this.listener = null;
    this.peer.close();
  }

  private async negotiate(): Promise<void> {
    this.negotiating = true;
    while (this.sections < this.wanted) {
      const transceiver = this.peer.addTransceiver('video', { direction: 'recvonly' });
      // Whatever else this browser decodes would only make the offer long.
      const codecs = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
      transceiver.setCodecPreferences(codecs.filter(({ mimeType }) => CODECS.includes(mimeType)));
      this.sections += 1;
    }
    await this.peer.setLocalDescription(await this.peer.createOffer());
    await this.gatheringComplete();
    const offer = this.peer.localDescription;
    if (offer !== null) this.listener?.onOffer(offer.sdp);
  }

  private gatheringComplete(): Promise<void> {
    if (this.peer.iceGatheringState === 'complete') return Promise.resolve();
    return new Promise((resolve) => {
      const limit = setTimeout(resolve, GATHERING_LIMIT_MS);
      this.peer.addEventListener('icegatheringstatechange', () => {
        if (this.peer.iceGatheringState !== 'complete') return;
        clearTimeout(limit);
        resolve();
      });
    });
  }

  private lose(): void {
    const listener = this.listener;
    this.close();
    listener?.onLost();
  }
}
