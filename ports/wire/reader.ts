import { WireError } from './error.ts';

/** What a string shorter than this is read by: code unit for code unit. Longer ones go in pieces. */
const SHORT_TEXT = 24;
const PIECE = 4096;

/**
 * Reads what `Writer` wrote, or what a stranger claims to have written: each length is checked before it is believed.
 */
export class Reader {
  readonly #octets: Uint8Array;
  /** Made when first needed. */
  #view: DataView | null = null;
  #at: number;
  readonly #end: number;

  constructor(octets: Uint8Array, start = 0, end: number = octets.length) {
    this.#octets = octets;
    this.#at = start;
    this.#end = Math.min(end, octets.length);
  }

  /** The offset of the next byte. */
  get at(): number {
    return this.#at;
  }

  /** Bytes not yet read. */
  get left(): number {
    return this.#end - this.#at;
  }

  /** Refuses what is being read. */
  fail(why: string): never {
    throw new WireError(this.#at, why);
  }

  /** Refuses anything that follows. */
  finish(): void {
    if (this.#at !== this.#end) this.fail('more bytes than the value has');
  }

  u8(): number {
    if (this.#at >= this.#end) this.fail('ends too early');
    return this.#octets[this.#at++] as number;
  }

  u16(): number {
    const at = this.#advance(2);
    return (this.#octets[at] as number) | ((this.#octets[at + 1] as number) << 8);
  }

  u32(): number {
    const at = this.#advance(4);
    return this.#u32(at);
  }

  u53(): number {
    const at = this.#advance(8);
    const high = this.#u32(at + 4);
    if (high >= 0x20_0000) this.fail('a number of more than 53 bits');
    return high * 0x1_0000_0000 + this.#u32(at);
  }

  f64(): number {
    const at = this.#advance(8);
    this.#view ??= new DataView(this.#octets.buffer, this.#octets.byteOffset, this.#octets.byteLength);
    return this.#view.getFloat64(at, true);
  }

  varint(): number {
    const first = this.u8();
    if (first < 128) return first;
    let value = first & 127;
    let scale = 128;
    for (;;) {
      const octet = this.u8();
      value += (octet & 127) * scale;
      if (value > Number.MAX_SAFE_INTEGER) this.fail('a number of more than 53 bits');
      if (octet < 128) return octet === 0 ? this.fail('a number longer than it need be') : value;
      scale *= 128;
    }
  }

  /** How many things of at least `size` bytes each follow: never more than there is room for. */
  count(size: number): number {
    const count = this.varint();
    if (count * size > this.left) this.fail('counts more than there is');
    return count;
  }

  /** The next `size` bytes, shared with what is read. */
  raw(size: number): Uint8Array {
    const at = this.#advance(size);
    return this.#octets.subarray(at, at + size);
  }

  /** Bytes after their number, shared with what is read. */
  bytes(): Uint8Array {
    return this.raw(this.varint());
  }

  str(): string {
    const form = this.varint();
    const length = Math.floor(form / 2);
    return form % 2 === 0 ? this.narrow(length) : this.wide(length);
  }

  /** `length` code units of one byte each. */
  narrow(length: number): string {
    const at = this.#advance(length);
    let text = '';
    if (length <= SHORT_TEXT) {
      for (let i = at; i < at + length; i += 1) text += String.fromCharCode(this.#octets[i] as number);
      return text;
    }
    for (let i = at; i < at + length; i += PIECE) {
      text += String.fromCharCode.apply(null, this.#octets.subarray(i, Math.min(i + PIECE, at + length)) as never);
    }
    return text;
  }

  /** `length` code units of two bytes each. */
  wide(length: number): string {
    const at = this.#advance(length * 2);
    const units: number[] = [];
    let text = '';
    for (let i = 0; i < length; i += 1) {
      units.push((this.#octets[at + 2 * i] as number) | ((this.#octets[at + 2 * i + 1] as number) << 8));
      if (units.length === PIECE) text += String.fromCharCode(...units.splice(0));
    }
    return text + String.fromCharCode(...units);
  }

  #u32(at: number): number {
    const octets = this.#octets;
    const high = ((octets[at + 2] as number) << 16) | ((octets[at + 3] as number) << 24);
    return ((octets[at] as number) | ((octets[at + 1] as number) << 8) | high) >>> 0;
  }

  #advance(size: number): number {
    const at = this.#at;
    if (size > this.#end - at) this.fail('ends too early');
    this.#at = at + size;
    return at;
  }
}
