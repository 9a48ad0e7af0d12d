/**
 * Bytes that cannot change: what a body carries instead of an array that its sender could still write to. They are
 * copied once, when made; afterwards everybody shares them. A slice is a view. Indices count from the start and are
 * never negative.
 */

const door: { view(bytes: Bytes): Uint8Array } = { view: () => new Uint8Array() };

const hexDigits = '0123456789abcdef';

/** Immutable bytes. There is no way from here to the array beneath. */
export class Bytes {
  static {
    door.view = (bytes) => bytes.#octets;
    Object.freeze(door);
  }

  readonly #octets: Uint8Array;
  #words: DataView | null = null;

  private constructor(octets: Uint8Array) {
    this.#octets = octets;
    Object.freeze(this);
  }

  /** A copy of `octets`, which stay the caller's. */
  static from(octets: Uint8Array | readonly number[]): Bytes {
    return new Bytes(new Uint8Array(octets));
  }

  /**
   * Takes `octets` without copying. Only for code that made the array and gives it away: nobody may write to it again.
   */
  static adopt(octets: Uint8Array): Bytes {
    return new Bytes(octets);
  }

  /** True for every Bytes, whoever asks; a look-alike is none. */
  static is(value: object): value is Bytes {
    return #octets in value;
  }

  get length(): number {
    return this.#octets.length;
  }

  /** The byte at `index`. Outside it throws a RangeError, as all reads do. */
  at(index: number): number {
    const octet = this.#octets[index];
    if (octet === undefined) throw outside(index, 1, this.length);
    return octet;
  }

  /** The unsigned 32-bit number at `offset`, little-endian. */
  u32(offset: number): number {
    return this.#reader(offset, 4).getUint32(offset, true);
  }

  /** The 64-bit floating point number at `offset`, little-endian. */
  f64(offset: number): number {
    return this.#reader(offset, 8).getFloat64(offset, true);
  }

  /** The bytes from `start` to before `end`, sharing storage with these. */
  slice(start: number, end: number = this.length): Bytes {
    const last = this.length;
    if (!(Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end && end <= last)) {
      throw outside(start, end - start, last);
    }
    return new Bytes(this.#octets.subarray(start, end));
  }

  /** Copies all bytes to `offset` of `target`, which must have room. */
  copyTo(target: Uint8Array, offset = 0): void {
    target.set(this.#octets, offset);
  }

  /** A copy that is the caller's own. */
  toUint8Array(): Uint8Array {
    return new Uint8Array(this.#octets);
  }

  equals(other: Bytes): boolean {
    const mine = this.#octets;
    const theirs = other.#octets;
    if (mine.length !== theirs.length) return false;
    for (let i = 0; i < mine.length; i += 1) if (mine[i] !== theirs[i]) return false;
    return true;
  }

  /** Two lower-case digits for each byte. */
  toHex(): string {
    let text = '';
    for (const octet of this.#octets) text += hexDigits.charAt(octet >> 4) + hexDigits.charAt(octet & 15);
    return text;
  }

  *[Symbol.iterator](): Generator<number, void, undefined> {
    yield* this.#octets;
  }

  #reader(offset: number, size: number): DataView {
    const octets = this.#octets;
    if (!(Number.isInteger(offset) && offset >= 0 && offset + size <= octets.length)) {
      throw outside(offset, size, octets.length);
    }
    this.#words ??= new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
    return this.#words;
  }
}

const outside = (offset: number, size: number, length: number): RangeError =>
  new RangeError(`${size} bytes at ${offset} are not within ${length}`);

/** The array beneath, unprotected. For the codec and the kernel, which read it at once and never write to it. */
export const viewOfBytes = (bytes: Bytes): Uint8Array => door.view(bytes);
