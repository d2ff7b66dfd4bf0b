import type { DemoTexts } from './english';

/** Ce que dit la comparaison, en français. */
export const demo: DemoTexts = {
  title: 'facewire à côté de la vidéo ordinaire',
  lead: 'Une caméra, autant de bits par seconde pour chaque codec, tout sur cet appareil.',
  useCamera: 'Utiliser la caméra',
  useClip: 'Utiliser le film fourni',
  noCamera: 'Aucune caméra disponible. Le film fourni s’en passe.',
  clipNote: 'Le film fourni a lui-même été dessiné par facewire d’après un portrait ; seule une caméra compare équitablement.',
  starting: 'Chargement du suivi du visage et des réseaux…',
  source: 'Caméra',
  clip: 'Film',
  filmed: 'filmé',
  sameBits: 'Les autres reçoivent autant de bits que facewire en prend',
  othersBits: 'Les autres reçoivent',
  kbps: (rate) => `${rate} kbit/s`,
  pictures: (count) => `${count} images/s`,
  counted: 'Sont comptés les octets de chaque codec, sans en-têtes de paquets.',
  link: 'Liaison',
  links: { none: 'sans réseau', gprs: 'GPRS : 300 ms, gigue', satellite: 'satellite : 300 ms', lossy: '5 % des paquets perdus' },
  missing: 'pas dans ce navigateur',
  rates: 'Bits par seconde, dernière minute',
  fullScreen: 'Plein écran',
  stop: 'Arrêter',
};
