import type { DemoTexts } from './english';

/** 比較のページが表示する文、日本語。 */
export const demo: DemoTexts = {
  title: 'facewire と通常の動画を並べて',
  lead: '1台のカメラ、どのコーデックにも同じビット数、すべてこの端末の中で。',
  useCamera: 'カメラを使う',
  useClip: '付属の映像を使う',
  noCamera: '使えるカメラがありません。付属の映像ならカメラなしで動きます。',
  clipNote: '付属の映像は facewire 自身が肖像写真から描いたものです。公平な比較になるのはカメラだけです。',
  starting: '顔の追跡とネットワークを読み込み中…',
  source: 'カメラ',
  clip: '映像',
  filmed: '撮影',
  sameBits: 'ほかのコーデックにも facewire と同じビット数を与える',
  othersBits: 'ほかのコーデックのビット数',
  kbps: (rate) => `${rate} kbit/s`,
  pictures: (count) => `毎秒 ${count} 枚`,
  counted: '数えるのは各コーデックのバイト数で、パケットのヘッダーは含みません。',
  link: '回線',
  links: { none: 'ネットワークなし', gprs: 'GPRS：300 ミリ秒、揺らぎあり', satellite: '衛星：300 ミリ秒', lossy: 'パケットの5%を損失' },
  missing: 'このブラウザーにはありません',
  rates: '直近1分の毎秒ビット数',
  fullScreen: '全画面',
  stop: '停止',
};
