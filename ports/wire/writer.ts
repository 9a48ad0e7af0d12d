/**
 * Appends to one growing array. Numbers are little-endian. Everything written here `Reader` reads back by the same
 * name.
 */
export class Writer {
  #octets: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 256) {
    this.#octets = new Uint8Array(capacity);
    this.#view = new DataView(this.#octets.buffer);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Makes room for `size` more bytes, so that nothing has to grow meanwhile. */
  reserve(size: number): void {
    const needed = this.#length + size;
    if (needed <= this.#octets.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#octets.length * 2));
    larger.set(this.#octets.subarray(0, this.#length));
    this.#octets = larger;
    this.#view = new DataView(larger.buffer);
  }

  u8(value: number): void {
    this.reserve(1);
    this.#octets[this.#length] = value;
    this.#length += 1;
  }

  u16(value: number): void {
    this.reserve(2);
    this.#view.setUint16(this.#length, value, true);
    this.#length += 2;
  }

  u32(value: number): void {
    this.reserve(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  /** A whole number below 2^53, in eight bytes. */
  u53(value: number): void {
    this.reserve(8);
    this.#view.setUint32(this.#length, value % 0x1_0000_0000, true);
    this.#view.setUint32(this.#length + 4, Math.floor(value / 0x1_0000_0000), true);
    this.#length += 8;
  }

  /** Every NaN is written as the same NaN. */
  f64(value: number): void {
    this.reserve(8);
    this.#view.setFloat64(this.#length, Number.isNaN(value) ? Number.NaN : value, true);
    this.#length += 8;
  }

  /** A whole number below 2^53, seven bits to the byte, low bits first, as few bytes as possible. */
  varint(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest > 0x7fff_ffff) {
      this.#octets[this.#length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      this.#octets[this.#length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#octets[this.#length++] = rest;
  }

  /** Bytes without their number. */
  raw(octets: Uint8Array): void {
    this.reserve(octets.length);
    this.#octets.set(octets, this.#length);
    this.#length += octets.length;
  }

  /** Bytes after their number. */
  bytes(octets: Uint8Array): void {
    this.varint(octets.length);
    this.raw(octets);
  }

  /** A string after its form: length × 2, plus 1 if a code unit needs two bytes. */
  str(text: string): void {
    const isWide = !isNarrow(text);
    this.varint(text.length * 2 + (isWide ? 1 : 0));
    if (isWide) this.wide(text);
    else this.narrow(text);
  }

  /** Code units below 256, a byte each, without their number. */
  narrow(text: string): void {
    this.reserve(text.length);
    const octets = this.#octets;
    let at = this.#length;
    for (let i = 0; i < text.length; i += 1) octets[at++] = text.charCodeAt(i);
    this.#length = at;
  }

  /** Code units of any kind, two bytes each, without their number. */
  wide(text: string): void {
    this.reserve(text.length * 2);
    for (let i = 0; i < text.length; i += 1) this.#view.setUint16(this.#length + 2 * i, text.charCodeAt(i), true);
    this.#length += text.length * 2;
  }

  /** What has been written, shared: valid until the next write or reset. */
  written(): Uint8Array {
    return this.#octets.subarray(0, this.#length);
  }

  /** What has been written, as an array of its own. */
  copy(): Uint8Array {
    return this.#octets.slice(0, this.#length);
  }

  /** Begins anew in the same storage. */
  reset(): void {
    this.#length = 0;
  }
}

/** True if every code unit fits one byte. */
export const isNarrow = (text: string): boolean => {
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) > 255) return false;
  return true;
};
