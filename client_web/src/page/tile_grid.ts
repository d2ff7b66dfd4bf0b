import { element } from './dom';
import { squareGrid } from './layout';

const GAP_PX = 12;

/** Lays square tiles out as large as they fit; says how to invite while there are none. */
export class TileGrid {
  readonly node: HTMLElement;
  private readonly tiles = element('div', { className: 'tiles', role: 'group', 'aria-label': 'Participants' });
  private readonly empty: HTMLElement;
  private readonly observer = new ResizeObserver(() => this.layOut());

  /** @param link the address that brings others here. */
  constructor(readonly link: string) {
    this.tiles.style.gap = `${GAP_PX}px`;
    this.empty = element(
      'div',
      { className: 'alone', hidden: true },
      element('p', {}, 'Nobody else is here yet. Send them this link:'),
      element('code', {}, link),
    );
    this.node = element('div', { className: 'grid' }, this.tiles, this.empty);
    this.observer.observe(this.node);
  }

  /** Shows exactly these, in this order; what is shown already is not moved unless the order changed. */
  show(tiles: readonly HTMLElement[]): void {
    for (const child of [...this.tiles.children]) {
      if (!tiles.some((tile) => tile === child)) child.remove();
    }
    tiles.forEach((tile, index) => {
      const there = this.tiles.children[index] ?? null;
      if (there !== tile) this.tiles.insertBefore(tile, there);
    });
    this.empty.hidden = tiles.length > 0;
    this.layOut();
  }

  close(): void {
    this.observer.disconnect();
  }

  private layOut(): void {
    const { clientWidth, clientHeight } = this.node;
    const { side, columns } = squareGrid(clientWidth, clientHeight, this.tiles.children.length, GAP_PX);
    this.tiles.style.width = `${columns * (side + GAP_PX) - GAP_PX}px`;
    this.tiles.style.setProperty('--side', `${side}px`);
  }
}
