/** What the comparison says, in English. */
export const demo = {
  title: 'facewire beside ordinary video',
  lead: 'One camera, the same bits a second for every codec, all on this machine.',
  useCamera: 'Use the camera',
  useClip: 'Use the shipped clip',
  noCamera: 'There is no camera to be had. The shipped clip works without one.',
  clipNote: 'The shipped clip was itself drawn by facewire from a portrait; only a camera makes a fair comparison.',
  starting: 'Loading the face tracker and the networks…',
  source: 'Camera',
  clip: 'Clip',
  filmed: 'filmed',
  sameBits: 'The others get as many bits as facewire takes',
  othersBits: 'The others get',
  kbps: (rate: string) => `${rate} kbit/s`,
  pictures: (count: number) => `${count} pictures/s`,
  counted: 'Counted are the bytes of each codec, without packet headers.',
  link: 'Link',
  links: { none: 'no network', gprs: 'GPRS: 300 ms, jitter', satellite: 'satellite: 300 ms', lossy: '5 % of packets lost' },
  missing: 'not in this browser',
  rates: 'Bits a second in the last minute',
  fullScreen: 'Full screen',
  stop: 'Stop',
};

export type DemoTexts = typeof demo;
