import type { DemoTexts } from './english';

/** Lo que dice la comparación, en español. */
export const demo: DemoTexts = {
  title: 'facewire junto a vídeo corriente',
  lead: 'Una cámara, los mismos bits por segundo para cada códec, todo en este equipo.',
  useCamera: 'Usar la cámara',
  useClip: 'Usar el vídeo incluido',
  noCamera: 'No hay cámara disponible. El vídeo incluido no la necesita.',
  clipNote: 'El vídeo incluido lo dibujó el propio facewire a partir de un retrato; solo una cámara compara con justicia.',
  starting: 'Cargando el seguimiento de la cara y las redes…',
  source: 'Cámara',
  clip: 'Vídeo',
  filmed: 'filmado',
  sameBits: 'Los demás reciben tantos bits como gasta facewire',
  othersBits: 'Los demás reciben',
  kbps: (rate) => `${rate} kbit/s`,
  pictures: (count) => `${count} imágenes/s`,
  counted: 'Se cuentan los bytes de cada códec, sin cabeceras de paquetes.',
  link: 'Enlace',
  links: { none: 'sin red', gprs: 'GPRS: 300 ms, con variación', satellite: 'satélite: 300 ms', lossy: 'se pierde el 5 % de los paquetes' },
  missing: 'no en este navegador',
  rates: 'Bits por segundo, último minuto',
  fullScreen: 'Pantalla completa',
  stop: 'Parar',
};
