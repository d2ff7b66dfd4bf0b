import { element } from './dom';
import { squareGrid } from './layout';

const GAP_PX = 12;

/** Lays square tiles out as large as they fit; says how to invite while there are none. */
export class TileGrid {
  readonly node: HTMLElement;
  private readonly list = element('ul', { className: 'tiles', 'aria-label': 'Participants' });
  private readonly empty: HTMLElement;
  private readonly observer = new ResizeObserver(() => this.layOut());

  /** @param link the address that brings others here. */
  constructor(readonly link: string) {
    this.empty = element(
      'div',
      { className: 'alone', hidden: true },
      element('p', {}, 'Nobody else is here yet. Send them this link:'),
      element('code', {}, link),
    );
    this.node = element('div', { className: 'grid' }, this.list, this.empty);
    this.observer.observe(this.node);
  }

  /** Shows exactly these tiles; those already shown stay in place. */
  show(tiles: readonly HTMLLIElement[]): void {
    for (const child of [...this.list.children]) {
      if (!tiles.some((tile) => tile === child)) child.remove();
    }
    for (const tile of tiles) {
      if (tile.parentElement !== this.list) this.list.append(tile);
    }
    this.empty.hidden = tiles.length > 0;
    this.layOut();
  }

  close(): void {
    this.observer.disconnect();
  }

  private layOut(): void {
    const { clientWidth, clientHeight } = this.node;
    const { side, columns } = squareGrid(clientWidth, clientHeight, this.list.children.length, GAP_PX);
    this.list.style.gap = `${GAP_PX}px`;
    this.list.style.gridTemplateColumns = `repeat(${columns}, ${side}px)`;
    this.list.style.gridAutoRows = `${side}px`;
  }
}
