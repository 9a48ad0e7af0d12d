/** Pieces that V8 keeps in its own heap; they cost no allocation outside. */
const SMALL = 64;

/**
 * Hands out arrays that are pieces of larger ones: an array of its own costs one to three microseconds beyond 64 bytes.
 * A piece is never handed out twice; one that is kept keeps its slab, so pieces larger than an eighth get their own.
 */
export class Slab {
  readonly #size: number;
  #rest: Uint8Array = new Uint8Array();

  constructor(size = 32_768) {
    this.#size = size;
  }

  /** `size` bytes, all zero, the caller's own. */
  take(size: number): Uint8Array {
    if (size <= SMALL || size > this.#size >> 3) return new Uint8Array(size);
    if (this.#rest.length < size) this.#rest = new Uint8Array(this.#size);
    const piece = this.#rest.subarray(0, size);
    this.#rest = this.#rest.subarray(size);
    return piece;
  }

  /** A copy of `octets`. */
  copy(octets: Uint8Array): Uint8Array {
    const piece = this.take(octets.length);
    piece.set(octets);
    return piece;
  }
}
