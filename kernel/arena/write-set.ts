/** What a handler has written and not yet committed: copies of pages, beside the memory. Reads see them first. */

/** The part of `sys.vm` that is used. Each accessor may throw a page fault, and has then changed nothing. */
export interface ArenaMemory {
  getU8(address: number): number;
  getU32(address: number): number;
  getF64(address: number): number;
  setU8(address: number, value: number): void;
  read(address: number, target: Uint8Array): void;
  write(address: number, bytes: Uint8Array): void;
}

const PAGE = 4096;

interface Page {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Pages written. Numbers lie at multiples of their size, and so in one page. */
export class WriteSet {
  readonly #memory: ArenaMemory;
  readonly #pages: Map<number, Page> = new Map();
  #isOpen = true;

  constructor(memory: ArenaMemory) {
    this.#memory = memory;
  }

  getU8(address: number): number {
    const page = this.#written(address);
    return page === undefined ? this.#memory.getU8(address) : page.view.getUint8(address % PAGE);
  }

  getU32(address: number): number {
    const page = this.#written(address);
    return page === undefined ? this.#memory.getU32(address) : page.view.getUint32(address % PAGE, true);
  }

  getF64(address: number): number {
    const page = this.#written(address);
    return page === undefined ? this.#memory.getF64(address) : page.view.getFloat64(address % PAGE, true);
  }

  setU8(address: number, value: number): void {
    this.#writable(address).view.setUint8(address % PAGE, value);
  }

  setU32(address: number, value: number): void {
    this.#writable(address).view.setUint32(address % PAGE, value, true);
  }

  setF64(address: number, value: number): void {
    this.#writable(address).view.setFloat64(address % PAGE, value, true);
  }

  /** A copy of bytes, across pages. */
  read(address: number, length: number): Uint8Array {
    const target = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const at = (address + done) % PAGE;
      const part = target.subarray(done, Math.min(length, done + PAGE - at));
      const page = this.#written(address + done);
      if (page === undefined) this.#memory.read(address + done, part);
      else part.set(page.bytes.subarray(at, at + part.length));
      done += part.length;
    }
    return target;
  }

  /** Bytes, across pages. */
  write(address: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const at = (address + done) % PAGE;
      const part = bytes.subarray(done, done + PAGE - at);
      this.#writable(address + done).bytes.set(part, at);
      done += part.length;
    }
  }

  /** Zeros. */
  fill(address: number, length: number): void {
    for (let done = 0; done < length; ) {
      const at = (address + done) % PAGE;
      const count = Math.min(length - done, PAGE - at);
      this.#writable(address + done).bytes.fill(0, at, at + count);
      done += count;
    }
  }

  /**
   * Writes everything. First every page is claimed, twice: the second time all are there at once, unless the kernel has
   * fewer frames than the handler has pages. From then on nothing faults.
   */
  commit(): void {
    this.#open();
    for (let pass = 0; pass < 2; pass += 1) {
      for (const page of this.#pages.keys()) this.#memory.setU8(page * PAGE, this.#memory.getU8(page * PAGE));
    }
    this.#isOpen = false;
    for (const [page, { bytes }] of this.#pages) this.#memory.write(page * PAGE, bytes);
  }

  #open(): void {
    if (!this.#isOpen) throw new TypeError('the arena has been committed: open it again in the next handler');
  }

  #written(address: number): Page | undefined {
    this.#open();
    return this.#pages.get(Math.floor(address / PAGE));
  }

  #writable(address: number): Page {
    const known = this.#written(address);
    if (known !== undefined) return known;
    const number = Math.floor(address / PAGE);
    const bytes = new Uint8Array(PAGE);
    this.#memory.read(number * PAGE, bytes);
    const page = { bytes, view: new DataView(bytes.buffer) };
    this.#pages.set(number, page);
    return page;
  }
}
