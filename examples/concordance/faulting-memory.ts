import { type ArrayMemory, PAGE_SIZE, PageFault, type TaskMemory } from './memory.ts';

type Access = 'read' | 'write';

const ABSENT = 0;
const READABLE = 1; // resident, but the first write to it faults once more: copy-on-write
const WRITABLE = 2;

/** How unkind a `FaultingMemory` is. */
export interface FaultingOptions {
  /** Numbers in [0, 1): decides what is evicted. */
  readonly random: () => number;
  /** The share of the serviced faults that cost some other page its residence. */
  readonly evictionShare: number;
}

/**
 * A memory that behaves like a task's memory after a move: a page is absent until the fault that asked for it was
 * serviced; serviced for reading, it faults again when written. Pages leave only while a fault is serviced or by
 * `move`.
 */
export class FaultingMemory implements TaskMemory {
  readonly #memory: ArrayMemory;
  readonly #options: FaultingOptions;
  readonly #pages = new Map<number, typeof READABLE | typeof WRITABLE>();
  #fault: { readonly page: number; readonly access: Access } | undefined;
  #faults = 0;
  #changes = 0;

  constructor(memory: ArrayMemory, options: FaultingOptions) {
    this.#memory = memory;
    this.#options = options;
  }

  /** How many faults were serviced. */
  get faults(): number {
    return this.#faults;
  }

  /** How many writes changed what was there: a claim does not. */
  get changes(): number {
    return this.#changes;
  }

  /** Brings in the page that the last fault asked for, and may evict another. */
  service(): void {
    if (this.#fault === undefined) throw new Error('no fault is waiting');
    const { page, access } = this.#fault;
    this.#fault = undefined;
    this.#faults += 1;
    if (this.#options.random() < this.#options.evictionShare) this.#evictOne();
    this.#pages.set(page, access === 'write' ? WRITABLE : READABLE);
  }

  /** The task was moved: every page is elsewhere. */
  move(): void {
    this.#pages.clear();
    this.#fault = undefined;
  }

  /** Adds memory at the end, not resident. */
  grow(bytes: number): void {
    this.#memory.grow(bytes);
  }

  getU8(address: number): number {
    this.#need(address, 1, 'read');
    return this.#memory.getU8(address);
  }

  getU32(address: number): number {
    this.#need(address, 4, 'read');
    return this.#memory.getU32(address);
  }

  setU8(address: number, value: number): void {
    this.#need(address, 1, 'write');
    if (this.#memory.getU8(address) !== value) this.#changes += 1;
    this.#memory.setU8(address, value);
  }

  setU32(address: number, value: number): void {
    this.#need(address, 4, 'write');
    if (this.#memory.getU32(address) !== value) this.#changes += 1;
    this.#memory.setU32(address, value);
  }

  copyIn(address: number, bytes: Uint8Array): void {
    this.#need(address, bytes.length, 'write');
    this.#changes += 1;
    this.#memory.copyIn(address, bytes);
  }

  copyOut(address: number, length: number): Uint8Array {
    this.#need(address, length, 'read');
    return this.#memory.copyOut(address, length);
  }

  #need(address: number, length: number, access: Access): void {
    if (address < 0 || address + length > this.#memory.size) throw new RangeError(`no memory at ${address}`);
    const needed = access === 'write' ? WRITABLE : READABLE;
    const last = Math.floor((address + Math.max(length, 1) - 1) / PAGE_SIZE);
    for (let page = Math.floor(address / PAGE_SIZE); page <= last; page += 1) {
      if ((this.#pages.get(page) ?? ABSENT) >= needed) continue;
      this.#fault = { page, access };
      throw PageFault;
    }
  }

  #evictOne(): void {
    const resident = [...this.#pages.keys()];
    const victim = resident[Math.floor(this.#options.random() * resident.length)];
    if (victim !== undefined) this.#pages.delete(victim);
  }
}
