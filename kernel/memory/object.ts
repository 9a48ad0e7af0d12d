/**
 * A memory object: pages that regions of any number of tasks show. Frames are places in slabs that belong to the
 * object, found by arithmetic; a page that is not here comes from the object's pager, else from the object that it
 * shadows (copy-on-write), else it is zero.
 */
import { invariant } from '../../ports/invariant.ts';

/** Bytes of a page: the unit of protection, faults and transfer. */
export const PAGE_SIZE = 4096;
/** Frames in one slab: 1 MiB. */
const SLAB_FRAMES = 256;

/** Frames of one kernel: counted, and refused at the limit. */
export class PagePool {
  readonly limit: number;
  resident = 0;

  constructor(limit: number) {
    this.limit = limit;
  }
}

/** Who supplies the pages that an object does not have. */
export interface Pager {
  /** Asks for `count` pages from `page` on. Called once for each page until it is answered. */
  request(object: MemoryObject, page: number, count: number): void;
  /** Nobody uses the object any more. */
  terminate(object: MemoryObject): void;
}

/** Told when a page that was asked for has been decided about. */
export interface PageWaiter {
  pageReady(): void;
}

/** The pager of an object, and what is known of it. */
export type Backing =
  | { readonly kind: 'zero' } // absent pages are zero, or the shadowed object's
  | { readonly kind: 'pager'; readonly pager: Pager } // absent pages are asked for
  | { readonly kind: 'failed'; readonly reason: 'KERN_MEMORY_ERROR' | 'KERN_MEMORY_FAILURE' }; // absent pages are gone

/** Where the page stands in the object's table. */
const ABSENT = 0;
/** The pager has said that it has no such page: it is the shadowed object's, or zero. */
const EMPTY = -1;
/** The pager has said that the page cannot be had. */
const ERROR = -2;

/** Pages, where they lie, and where the others come from. */
export class MemoryObject {
  readonly id: number;
  readonly pool: PagePool;
  /** The object that this one shadows, and where its page 0 is in it. */
  shadow: { readonly object: MemoryObject; readonly page: number } | null = null;
  backing: Backing = { kind: 'zero' };
  /** Regions, copies and shadows that refer to the object. */
  references = 0;
  /** Pages asked for at once. */
  cluster = 1;
  resident = 0;
  #pages: number;
  #table: Int32Array;
  readonly #slabs: Uint8Array[] = [];
  readonly #words: Uint32Array[] = [];
  readonly #free: number[] = [];
  #frames = 0;
  #waiters: Map<number, PageWaiter[]> | null = null;

  constructor(id: number, pages: number, pool: PagePool) {
    this.id = id;
    this.#pages = pages;
    this.pool = pool;
    this.#table = new Int32Array(Math.min(pages, 64));
  }

  get pages(): number {
    return this.#pages;
  }

  /** The object gets larger; what it gets is absent. */
  grow(pages: number): void {
    if (pages > this.#pages) this.#pages = pages;
  }

  /** The frame of a page, from 0 on; -1 if the page is not here. Hot path. */
  frameOf(page: number): number {
    const entry = page < this.#table.length ? (this.#table[page] ?? ABSENT) : ABSENT;
    return entry > 0 ? entry - 1 : -1;
  }

  /** True if it is settled that the object itself has no such page. */
  isEmpty(page: number): boolean {
    if (this.backing.kind === 'zero') return this.frameOf(page) < 0;
    return (this.#table[page] ?? ABSENT) === EMPTY;
  }

  /** True if the page cannot be had any more. */
  hasFailed(page: number): boolean {
    return (this.#table[page] ?? ABSENT) === ERROR || (this.backing.kind === 'failed' && this.frameOf(page) < 0);
  }

  /** The slab that a frame lies in, as bytes, and as words. */
  slab(frame: number): Uint8Array {
    const slab = this.#slabs[(frame / SLAB_FRAMES) | 0];
    invariant(slab !== undefined, 'a frame lies in a slab');
    return slab;
  }

  words(frame: number): Uint32Array {
    const words = this.#words[(frame / SLAB_FRAMES) | 0];
    invariant(words !== undefined, 'a frame lies in a slab');
    return words;
  }

  /** Where a frame begins in its slab. */
  offset(frame: number): number {
    return (frame % SLAB_FRAMES) * PAGE_SIZE;
  }

  /** The bytes of a page that is here. For reading at once, not for keeping. */
  view(page: number): Uint8Array | null {
    const frame = this.frameOf(page);
    if (frame < 0) return null;
    const at = this.offset(frame);
    return this.slab(frame).subarray(at, at + PAGE_SIZE);
  }

  /** Makes a page of zeros, or of `bytes`. False if the kernel has no frame left. */
  fill(page: number, bytes: Uint8Array | null): boolean {
    invariant(this.frameOf(page) < 0, 'a page is filled once');
    if (this.pool.resident >= this.pool.limit) return false;
    const reused = this.#free.pop();
    const frame = reused ?? this.#newFrame();
    const at = this.offset(frame);
    const slab = this.slab(frame);
    if (bytes !== null) slab.set(bytes, at);
    else if (reused !== undefined) slab.fill(0, at, at + PAGE_SIZE);
    this.#entry(page, frame + 1);
    this.resident += 1;
    this.pool.resident += 1;
    return true;
  }

  #newFrame(): number {
    if (this.#frames === this.#slabs.length * SLAB_FRAMES) {
      const rest = Math.max(1, Math.min(SLAB_FRAMES, this.#frames === 0 ? this.#pages : SLAB_FRAMES));
      const slab = new Uint8Array(
        this.#frames === 0 && rest < SLAB_FRAMES ? rest * PAGE_SIZE : SLAB_FRAMES * PAGE_SIZE,
      );
      this.#slabs.push(slab);
      this.#words.push(new Uint32Array(slab.buffer));
    }
    const first = this.#slabs[0];
    if (
      this.#frames > 0 &&
      this.#slabs.length === 1 &&
      first !== undefined &&
      first.length < (this.#frames + 1) * PAGE_SIZE
    ) {
      this.#widen(first);
    }
    this.#frames += 1;
    return this.#frames - 1;
  }

  /** The first slab of a small object was cut to its size; the object has grown. */
  #widen(first: Uint8Array): void {
    const whole = new Uint8Array(SLAB_FRAMES * PAGE_SIZE);
    whole.set(first);
    this.#slabs[0] = whole;
    this.#words[0] = new Uint32Array(whole.buffer);
  }

  #entry(page: number, value: number): void {
    if (page >= this.#table.length) {
      const grown = new Int32Array(Math.max(page + 1, this.#table.length * 2));
      grown.set(this.#table);
      this.#table = grown;
    }
    this.#table[page] = value;
  }

  /** Throws a page away. */
  drop(page: number): void {
    const frame = this.frameOf(page);
    if (frame < 0) return;
    this.#table[page] = ABSENT;
    this.#free.push(frame);
    this.resident -= 1;
    this.pool.resident -= 1;
  }

  /** Asks the pager for a page, unless it has been asked; `waiter` is told when the answer is there. */
  ask(page: number, waiter: PageWaiter): void {
    if (this.backing.kind !== 'pager') return;
    this.#waiters ??= new Map();
    const waiting = this.#waiters.get(page);
    if (waiting !== undefined) {
      waiting.push(waiter);
      return;
    }
    let count = 1;
    this.#waiters.set(page, [waiter]);
    while (count < this.cluster && page + count < this.#pages && this.#isOpen(page + count)) {
      this.#waiters.set(page + count, []);
      count += 1;
    }
    this.backing.pager.request(this, page, count);
  }

  #isOpen(page: number): boolean {
    return (this.#table[page] ?? ABSENT) === ABSENT && this.#waiters?.has(page) !== true;
  }

  /** The pager gives a page. One that is here already stays as it is: false. */
  supply(page: number, bytes: Uint8Array): boolean {
    const isNew = this.frameOf(page) < 0 && this.fill(page, bytes);
    this.#answered(page);
    return isNew;
  }

  /** The pager has no such page. */
  unavailable(page: number): void {
    if (this.frameOf(page) < 0) this.#entry(page, EMPTY);
    this.#answered(page);
  }

  /** The pager cannot give the page. */
  error(page: number): void {
    if (this.frameOf(page) < 0) this.#entry(page, ERROR);
    this.#answered(page);
  }

  /**
   * Nothing will be asked of the pager any more: absent pages are what `backing` says. Everybody who waits looks
   * again.
   */
  back(backing: Backing): void {
    this.backing = backing;
    const waiters = this.#waiters;
    this.#waiters = null;
    if (waiters !== null) for (const waiting of waiters.values()) for (const waiter of waiting) waiter.pageReady();
  }

  #answered(page: number): void {
    const waiting = this.#waiters?.get(page);
    if (waiting === undefined) return;
    this.#waiters?.delete(page);
    for (const waiter of waiting) waiter.pageReady();
  }

  /** One reference less; the last one gives frames, shadow and pager up. */
  release(): void {
    this.references -= 1;
    if (this.references > 0) return;
    this.pool.resident -= this.resident;
    this.resident = 0;
    this.#table = new Int32Array(0);
    this.#slabs.length = 0;
    this.#words.length = 0;
    this.shadow?.object.release();
    this.shadow = null;
    if (this.backing.kind === 'pager') this.backing.pager.terminate(this);
    this.back({ kind: 'zero' });
  }

  /** One bit for each page: set if it is here. */
  bitmap(): Uint8Array {
    const bits = new Uint8Array(Math.ceil(this.#pages / 8));
    for (let page = 0; page < this.#table.length; page += 1) {
      if ((this.#table[page] ?? ABSENT) > 0) bits[page >> 3] = (bits[page >> 3] ?? 0) | (1 << (page & 7));
    }
    return bits;
  }
}
