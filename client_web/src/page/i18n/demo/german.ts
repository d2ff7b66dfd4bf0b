import type { DemoTexts } from './english';

/** Was der Vergleich sagt, auf Deutsch. */
export const demo: DemoTexts = {
  title: 'facewire neben gewöhnlichem Video',
  lead: 'Eine Kamera, für jedes Verfahren gleich viele Bits in der Sekunde, alles auf diesem Gerät.',
  useCamera: 'Kamera benutzen',
  useClip: 'Mitgelieferten Film benutzen',
  noCamera: 'Keine Kamera ist zu haben. Der mitgelieferte Film kommt ohne aus.',
  clipNote: 'Den mitgelieferten Film hat facewire selbst aus einem Porträt gezeichnet; fair vergleicht nur eine Kamera.',
  starting: 'Gesichtserkennung und Netze werden geladen…',
  source: 'Kamera',
  clip: 'Film',
  filmed: 'gefilmt',
  sameBits: 'Die anderen bekommen so viele Bits, wie facewire verbraucht',
  othersBits: 'Die anderen bekommen',
  kbps: (rate) => `${rate} kbit/s`,
  pictures: (count) => `${count} Bilder/s`,
  counted: 'Gezählt werden die Bytes jedes Verfahrens, ohne Paketköpfe.',
  link: 'Leitung',
  links: { none: 'kein Netz', gprs: 'GPRS: 300 ms, schwankend', satellite: 'Satellit: 300 ms', lossy: '5 % der Pakete gehen verloren' },
  missing: 'nicht in diesem Browser',
  rates: 'Bits in der Sekunde, letzte Minute',
  fullScreen: 'Vollbild',
  stop: 'Anhalten',
};
