import type { NodeId, PortId } from '../protocol.ts';

/** Where a port was when it left our records, or that it died. */
export type Tombstone = { readonly node: NodeId; readonly epoch: number } | 'dead';

/** What is known of ports that have no record any more. Bounded: the one not asked for longest is forgotten. */
export class Tombstones {
  readonly #stones: Map<PortId, Tombstone> = new Map();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  /** Ports of which the place is known. */
  get places(): number {
    let places = 0;
    for (const stone of this.#stones.values()) if (stone !== 'dead') places += 1;
    return places;
  }

  get(id: PortId): Tombstone | undefined {
    const stone = this.#stones.get(id);
    if (stone === undefined) return undefined;
    this.#stones.delete(id);
    this.#stones.set(id, stone);
    return stone;
  }

  put(id: PortId, stone: Tombstone): void {
    this.#stones.delete(id);
    this.#stones.set(id, stone);
    if (this.#stones.size <= this.#max) return;
    for (const oldest of this.#stones.keys()) {
      this.#stones.delete(oldest);
      return;
    }
  }

  delete(id: PortId): void {
    this.#stones.delete(id);
  }
}
