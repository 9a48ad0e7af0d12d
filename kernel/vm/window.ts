/**
 * A window: a range of memory that was made usable when it was opened, so that a program can work on it without a
 * fault in between. Its bytes are reached through accessors, or inside a synchronous callback that is shown a copy; an
 * array over task memory never gets out.
 */
/** Where a window lies, in bytes. */
export interface Range {
  readonly address: number;
  readonly size: number;
}

/** What a window needs of the memory that it lies in. */
export interface WindowMemory {
  readonly epoch: number;
  /** Makes a range usable; answers the fault if that cannot be done now. */
  touch(address: number, length: number, access: WindowMode): object | null;
  getU8(address: number): number;
  getU32(address: number): number;
  getI32(address: number): number;
  getF64(address: number): number;
  setU8(address: number, value: number): void;
  setU32(address: number, value: number): void;
  setF64(address: number, value: number): void;
  read(address: number, target: Uint8Array): void;
  write(address: number, bytes: Uint8Array): void;
}

/** What a window is opened for. */
export type WindowMode = 'read' | 'write';

/**
 * A range of memory that was opened. Offsets are in bytes from its start; outside it an accessor throws a `RangeError`.
 * When something has happened since (a call that changed the map, a page that went) the window is opened again by its
 * next use, which may throw a `PageFault`, before anything is read or written.
 */
export class Window {
  readonly address: number;
  readonly size: number;
  readonly mode: WindowMode;
  readonly #memory: WindowMemory;
  #epoch: number;

  /** Opens the range, or throws a `PageFault`. */
  constructor(memory: WindowMemory, { address, size }: Range, mode: WindowMode) {
    this.#memory = memory;
    this.address = address;
    this.size = size;
    this.mode = mode;
    this.#epoch = this.#open();
  }

  /** True if nothing has happened since the window was opened that could make its use fault. */
  get isFresh(): boolean {
    return this.#epoch === this.#memory.epoch;
  }

  #open(): number {
    const fault = this.#memory.touch(this.address, this.size, this.mode);
    if (fault !== null) throw fault;
    return this.#memory.epoch;
  }

  /** The address of `count` bytes within the window, which is open then. */
  #at(offset: number, count: number): number {
    if (!(offset >= 0 && offset + count <= this.size)) {
      throw new RangeError(`${count} bytes at ${offset} are not within a window of ${this.size}`);
    }
    if (this.#epoch !== this.#memory.epoch) this.#epoch = this.#open();
    return this.address + offset;
  }

  #writable(offset: number, count: number): number {
    if (this.mode === 'read') throw new TypeError('the window was opened for reading');
    return this.#at(offset, count);
  }

  getU8(offset: number): number {
    return this.#memory.getU8(this.#at(offset, 1));
  }

  getU32(offset: number): number {
    return this.#memory.getU32(this.#at(offset, 4));
  }

  getI32(offset: number): number {
    return this.#memory.getI32(this.#at(offset, 4));
  }

  getF64(offset: number): number {
    return this.#memory.getF64(this.#at(offset, 8));
  }

  setU8(offset: number, value: number): void {
    this.#memory.setU8(this.#writable(offset, 1), value);
  }

  setU32(offset: number, value: number): void {
    this.#memory.setU32(this.#writable(offset, 4), value);
  }

  setF64(offset: number, value: number): void {
    this.#memory.setF64(this.#writable(offset, 8), value);
  }

  /** Copies bytes out of the window into `target`, from `offset` on. */
  read(offset: number, target: Uint8Array): void {
    this.#memory.read(this.#at(offset, target.length), target);
  }

  /** Copies bytes into the window. */
  write(offset: number, bytes: Uint8Array): void {
    this.#memory.write(this.#writable(offset, bytes.length), bytes);
  }

  /**
   * Shows the whole range as one array, for as long as `visit` runs. In a window for writing what is in the array when
   * `visit` returns is the range's new content; if it throws, nothing has changed. The array is a copy: whoever keeps
   * it has no hold on the memory.
   */
  bytes<T>(visit: (bytes: Uint8Array) => T): T {
    const bytes = new Uint8Array(this.size);
    this.read(0, bytes);
    const result = visit(bytes);
    if (this.mode === 'write') this.write(0, bytes);
    return result;
  }
}
