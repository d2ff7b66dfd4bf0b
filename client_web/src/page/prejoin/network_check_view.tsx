import { useSignal } from '@preact/signals';
import { messages } from '../i18n/language';
import { checkNetwork, type NetworkFinding } from './network_check';

/** A button that checks the way to the server, and what it found. */
export function NetworkCheck() {
  const t = messages.value.network;
  const finding = useSignal<NetworkFinding | 'checking' | null>(null);
  const check = async (): Promise<void> => {
    finding.value = 'checking';
    finding.value = await checkNetwork(location.href);
  };
  return (
    <div class="network-check">
      <button type="button" disabled={finding.value === 'checking'} onClick={() => void check()}>
        {t.check}
      </button>
      <p role="status" data-outcome={typeof finding.value === 'string' ? null : finding.value?.outcome}>
        {finding.value === 'checking' ? t.checking : finding.value === null ? '' : text(finding.value)}
      </p>
    </div>
  );
}

function text(finding: NetworkFinding): string {
  const t = messages.value.network;
  switch (finding.outcome) {
    case 'good':
      return t.good(finding.signallingMs, finding.mediaMs);
    case 'invited-only':
      return t.invitedOnly(finding.signallingMs);
    case 'no-server':
      return t.noServer;
    case 'no-media':
      return t.noMedia;
    case 'refused':
      return t.refused(finding.error.message);
  }
}
