/** Building elements without a framework. */

type Child = Node | string | null;

/**
 * Makes an element. Properties are set as properties; those with a dash (`aria-label`, `data-state`) as attributes.
 */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]> | Record<`${string}-${string}`, string> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes('-')) node.setAttribute(name, String(value));
    else Reflect.set(node, name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

const SVG = 'http://www.w3.org/2000/svg';

/** Outlines on a 24 × 24 grid, drawn with a stroke. */
const ICONS = {
  microphone: 'M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3ZM5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21',
  'microphone-off': 'M15 9.5V6a3 3 0 0 0-5.8-1M9 9v2a3 3 0 0 0 4.5 2.6M5.5 11a6.5 6.5 0 0 0 10 5.5M18.5 11a6.5 6.5 0 0 1-.5 2.5M12 17.5V21M4 3l16 18',
  camera: 'M3 7.5A1.5 1.5 0 0 1 4.5 6h9A1.5 1.5 0 0 1 15 7.5v9a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 3 16.5ZM15 10.5l6-3.5v10l-6-3.5',
  'camera-off': 'M9 6h4.5A1.5 1.5 0 0 1 15 7.5V12M15 16.5a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 3 16.5v-9A1.5 1.5 0 0 1 4.5 6M15 10.5l6-3.5v10l-3-1.7M3 3l18 18',
  link: 'M10 14a4 4 0 0 0 5.7 0l3.6-3.6a4 4 0 0 0-5.7-5.7L12 6.3M14 10a4 4 0 0 0-5.7 0l-3.6 3.6a4 4 0 0 0 5.7 5.7L12 17.7',
  leave: 'M3.5 14.5c-.8-4 3.5-6.5 8.5-6.5s9.300 2.500 8.500 6.500c-.3 1-1 1-2 .8l-2.500-.6c-.8-.2-1-.8-1-1.600v-1.300a12 12 0 0 0-6 0v1.300c0 .8-.2 1.400-1 1.600l-2.500.6c-1 .2-1.700.2-2-.8Z',
} as const;

export type IconName = keyof typeof ICONS;

/** A decorative icon; give its button a text or an `aria-label`. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}
