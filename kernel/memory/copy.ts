/**
 * Out-of-line memory in flight: a snapshot of a range, in pieces of objects. Copy-on-write: no byte is copied to make
 * it.
 */
import type { MemoryCopy } from '../../ports/port.ts';
import { type MemoryObject, PAGE_SIZE } from './object.ts';

/** Pages of one object, from `page` on. */
export interface Piece {
  readonly object: MemoryObject;
  readonly page: number;
  readonly pages: number;
}

/** A snapshot. It holds a reference to each object until it is mapped or released. */
export class MapCopy implements MemoryCopy {
  readonly size: number;
  /** Where the data begins in the first page. */
  readonly inset: number;
  #pieces: readonly Piece[];

  constructor(size: number, inset: number, pieces: readonly Piece[]) {
    this.size = size;
    this.inset = inset;
    this.#pieces = pieces;
    for (const { object } of pieces) object.references += 1;
  }

  get pieces(): readonly Piece[] {
    return this.#pieces;
  }

  get pages(): number {
    return Math.ceil((this.inset + this.size) / PAGE_SIZE);
  }

  /** Hands the pieces over, with the references to their objects. The copy is used up. */
  give(): readonly Piece[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }

  release(): void {
    for (const { object } of this.give()) object.release();
  }
}
