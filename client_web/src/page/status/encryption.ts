import { messages } from '../i18n/language';

/** What the page says of who can listen: between each of us and the server DTLS, beyond it nothing. */
export function encryptionText(): { text: string; title: string } {
  const t = messages.value.status;
  return { text: t.notEndToEnd, title: t.notEndToEndTitle };
}
