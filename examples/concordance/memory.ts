/**
 * What the index asks of its memory, and the law that makes it movable.
 *
 * An accessor either does its work or throws the memory's page-fault sentinel, having changed nothing. The index never
 * catches it: the handler that called the index leaves by it, the kernel fetches the page, and the same step is run
 * again. So every operation on the memory is written in two parts:
 *
 *   1. it reads what it needs and *claims* every page that it will write: here it may fault, and nothing has changed;
 *   2. it writes: here it cannot fault, because no page is taken away while a step runs.
 *
 * A step is a row of such operations, and how far the row has come is recorded in the memory by the operations
 * themselves. A step that is run again therefore goes on where it was, whether or not the caller's own state survived.
 */

/** Bytes of a page: no operation needs more than a handful of them at once. */
export const PAGE_SIZE = 4096;

/** Thrown when a page is not resident, or not writable yet. Not an error: nothing is wrong. */
export const PageFault: { readonly kind: 'page-fault' } = Object.freeze({ kind: 'page-fault' as const });

/** Memory by address, little-endian. Any of these may throw a page fault instead; 32-bit addresses are aligned. */
export interface TaskMemory {
  getU8(address: number): number;
  getU32(address: number): number;
  setU8(address: number, value: number): void;
  setU32(address: number, value: number): void;
  /** Copies bytes into the memory. */
  copyIn(address: number, bytes: Uint8Array): void;
  /** A copy of the bytes of the memory. */
  copyOut(address: number, length: number): Uint8Array;
}

/** Makes the page of an aligned address resident and writable, or faults: writes what is there. */
export const claim = (memory: TaskMemory, address: number): void => {
  memory.setU32(address, memory.getU32(address));
};

/** Memory that is always resident. Untouched bytes are zero. */
export class ArrayMemory implements TaskMemory {
  #bytes: Uint8Array;
  #view: DataView;
  #size = 0;

  constructor(size = 0) {
    this.#bytes = new Uint8Array(Math.max(size, PAGE_SIZE));
    this.#view = new DataView(this.#bytes.buffer);
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds zero bytes at the end. */
  grow(bytes: number): void {
    this.#size += bytes;
    if (this.#size <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#size, this.#bytes.length * 2));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }

  getU8(address: number): number {
    return this.#view.getUint8(address);
  }

  getU32(address: number): number {
    return this.#view.getUint32(address, true);
  }

  setU8(address: number, value: number): void {
    this.#view.setUint8(address, value);
  }

  setU32(address: number, value: number): void {
    this.#view.setUint32(address, value, true);
  }

  copyIn(address: number, bytes: Uint8Array): void {
    this.#check(address, bytes.length);
    this.#bytes.set(bytes, address);
  }

  copyOut(address: number, length: number): Uint8Array {
    this.#check(address, length);
    return this.#bytes.slice(address, address + length);
  }

  #check(address: number, length: number): void {
    if (address < 0 || address + length > this.#size) throw new RangeError(`no memory at ${address}+${length}`);
  }
}
