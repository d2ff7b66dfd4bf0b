import type { EncryptionStatus } from '../../call/encryption/status';
import { messages } from '../i18n/language';

/** What the page says of who can listen (docs/encryption.md); people whose link has another key are counted. */
export function encryptionText({ sealed, voiceSealed, strangers }: EncryptionStatus): { text: string; title: string } {
  const t = messages.value.status;
  const [text, title] = !sealed
    ? [t.notEndToEnd, t.notEndToEndTitle]
    : voiceSealed
      ? [t.endToEnd, t.endToEndTitle]
      : [t.voiceNotEndToEnd, t.voiceNotEndToEndTitle];
  return strangers.length === 0 ? { text, title } : { text: `${text} · ${t.otherKeys(strangers.length)}`, title };
}
