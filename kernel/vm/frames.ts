/**
 * The pages of one memory object: a table from page to slot, and the slots themselves. A slot is a place in a slab,
 * found by arithmetic; slabs are the pieces that the object's one growable buffer grows by. The table has two levels,
 * so that a page far out in a large object costs no more than one nearby.
 *
 *   page ──table──▶ slot = slab × 256 + index ──▶ (slab.bytes, index × 4096)
 */
import { invariant } from '../../ports/invariant.ts';
import { PAGE } from './page.ts';
import type { PagePool } from './pool.ts';

/** Written since it came from the pager (or since the pager was last told). */
export const DIRTY = 1;
/** The pager keeps no copy: clean or not, it must be returned. */
export const PRECIOUS = 2;
/** Written since the last `takeModified`: what a move in rounds must send again. */
export const MODIFIED = 4;
/** The pager has no such page: it is the shadowed object's, or zero. */
export const EMPTY = 8;
/** The pager could not give the page. */
export const ERROR = 16;
/** The pager has been asked for the page. */
export const BUSY = 32;
/** (Anonymous memory) The default pager has the page; unless it is here and DIRTY, as it is. */
export const PAGED = 64;
/** Touched since frames were last short. */
export const USED = 128;
/** Came because somebody waits for it, and has not been touched yet. */
export const FRESH = 2048;
/** Prohibited accesses are kept as protection bits from here on. */
export const LOCK_SHIFT = 8;
/** All prohibitions. */
export const LOCK_MASK: number = 7 << LOCK_SHIFT;

const SLAB_FRAMES = 256;
/** Frames of an object's first slab; it grows fourfold until it is a whole one. */
const FIRST_FRAMES = 1;
const PART_BITS = 10;
const PART_PAGES: number = 1 << PART_BITS;
const PART_FIRST = 16;

/** One megabyte of frames, or less for a small object. */
export class Slab {
  bytes: Uint8Array;
  view: DataView;
  used = 0;
  /** Frames from here on were never used, and so are zero. */
  next = 0;
  readonly free: number[] = [];

  constructor(frames: number) {
    this.bytes = new Uint8Array(frames * PAGE);
    this.view = new DataView(this.bytes.buffer);
  }

  /** The same frames, and room for more. */
  widen(): void {
    const wider = new Uint8Array(Math.min(this.bytes.length * 4, SLAB_FRAMES * PAGE));
    wider.set(this.bytes);
    this.bytes = wider;
    this.view = new DataView(wider.buffer);
  }

  get isFull(): boolean {
    return this.used === SLAB_FRAMES;
  }
}

/** Consecutive entries of the table. */
class Part {
  slots: Int32Array = new Int32Array(PART_FIRST);
  flags: Uint16Array = new Uint16Array(PART_FIRST);

  reach(index: number): void {
    if (index < this.slots.length) return;
    let length = this.slots.length;
    while (length <= index) length *= 2;
    const slots = new Int32Array(length);
    slots.set(this.slots);
    const flags = new Uint16Array(length);
    flags.set(this.flags);
    this.slots = slots;
    this.flags = flags;
  }
}

/** What a new page holds at first. */
export type PageContent = Uint8Array | 'zero';

/** The pages of one object. */
export class Frames {
  readonly #pool: PagePool;
  readonly #parts: (Part | undefined)[] = [];
  readonly #slabs: (Slab | null)[] = [];
  /** Slabs that may have room. */
  readonly #room: number[] = [];
  #resident = 0;
  /** Where page 0 of the object stands in the table: not 0 only after pages were inherited from a shadowed object. */
  #base = 0;

  constructor(pool: PagePool) {
    this.#pool = pool;
  }

  /** Pages that are here. */
  get resident(): number {
    return this.#resident;
  }

  /** The slot of a page, -1 if the page is not here. */
  slot(page: number): number {
    const at = page + this.#base;
    const slot = this.#parts[at >>> PART_BITS]?.slots[at & (PART_PAGES - 1)];
    return slot === undefined ? -1 : slot - 1;
  }

  /** True if the page is here. */
  has(page: number): boolean {
    return this.slot(page) >= 0;
  }

  /** What is known of a page, here or not. */
  flags(page: number): number {
    const at = page + this.#base;
    return this.#parts[at >>> PART_BITS]?.flags[at & (PART_PAGES - 1)] ?? 0;
  }

  /** Replaces what is known of a page. */
  setFlags(page: number, flags: number): void {
    const at = page + this.#base;
    const index = at & (PART_PAGES - 1);
    const part = this.#part(at);
    part.reach(index);
    part.flags[index] = flags;
  }

  /** The slab of a slot. */
  slab(slot: number): Slab {
    const slab = this.#slabs[slot >>> 8];
    invariant(slab !== undefined && slab !== null, 'a slot lies in a slab');
    return slab;
  }

  /** Where a slot begins in its slab. */
  offset(slot: number): number {
    return (slot & 255) * PAGE;
  }

  /** The bytes of a page that is here, else null. For use at once, not for keeping. */
  view(page: number): Uint8Array | null {
    const slot = this.slot(page);
    if (slot < 0) return null;
    const at = this.offset(slot);
    return this.slab(slot).bytes.subarray(at, at + PAGE);
  }

  /** Makes a page, with these flags. False if the kernel has no frame left; then nothing has changed. */
  add(page: number, content: PageContent, flags: number): boolean {
    invariant(!this.has(page), 'a page is made once');
    if (!this.#pool.take()) return false;
    this.#place(page, content, flags);
    return true;
  }

  /** Throws a page and everything known of it away. */
  drop(page: number): void {
    if (this.#forget(page)) this.#pool.give(1);
  }

  /** Throws the pages of a range away, and all that is known of them, here or not. */
  discard(first: number, end: number): void {
    this.forEachIn(first, end, (page) => {
      this.drop(page);
      return true;
    });
    this.clearFlags(first, end, 0xffff);
  }

  /** Throws everything away. */
  clear(): void {
    this.#pool.give(this.#resident);
    this.#resident = 0;
    this.#parts.length = 0;
    this.#slabs.length = 0;
    this.#room.length = 0;
  }

  /** Takes a page over from other frames, together with its count; a page that stands here already gives way. */
  adopt(page: number, from: Frames, fromPage: number): void {
    const bytes = from.view(fromPage);
    invariant(bytes !== null, 'a page that is adopted is there');
    this.drop(page);
    this.#place(page, bytes, from.flags(fromPage));
    from.#forget(fromPage);
  }

  /** Page 0 is from now on what was page `pages`. Pages before it must be gone. */
  rebase(pages: number): void {
    this.#base += pages;
  }

  /**
   * Visits resident pages of a range in order, as long as `visit` does not answer false. It may drop the page it is
   * shown.
   */
  forEachIn(first: number, end: number, visit: (page: number, flags: number) => boolean | undefined): void {
    const last = end + this.#base;
    let at = first + this.#base;
    while (at < last && at >>> PART_BITS < this.#parts.length) {
      const part = this.#parts[at >>> PART_BITS];
      const start = at & ~(PART_PAGES - 1);
      const stop = part === undefined ? 0 : Math.min(last - start, part.slots.length);
      for (let index = at - start; index < stop; index += 1) {
        if ((part?.slots[index] ?? 0) === 0) continue;
        if (visit(start + index - this.#base, part?.flags[index] ?? 0) === false) return;
      }
      at = start + PART_PAGES;
    }
  }

  /** Visits the pages of a range that have one of the flags, here or not, in order; until `visit` answers false. */
  forEachFlagged(
    first: number,
    end: number,
    mask: number,
    visit: (page: number, flags: number) => boolean | undefined,
  ): void {
    const last = end + this.#base;
    for (let at = first + this.#base; at < last && at >>> PART_BITS < this.#parts.length; ) {
      const flags = this.#parts[at >>> PART_BITS]?.flags;
      const start = at & ~(PART_PAGES - 1);
      const stop = flags === undefined ? 0 : Math.min(last - start, flags.length);
      for (let index = at - start; index < stop; index += 1) {
        const each = flags?.[index] ?? 0;
        if ((each & mask) !== 0 && visit(start + index - this.#base, each) === false) return;
      }
      at = start + PART_PAGES;
    }
  }

  /** Takes flags off all pages of a range, here or not. */
  clearFlags(first: number, end: number, mask: number): void {
    const last = end + this.#base;
    for (let at = first + this.#base; at < last && at >>> PART_BITS < this.#parts.length; ) {
      const flags = this.#parts[at >>> PART_BITS]?.flags;
      const start = at & ~(PART_PAGES - 1);
      const stop = flags === undefined ? 0 : Math.min(last - start, flags.length);
      if (flags !== undefined) {
        for (let index = at - start; index < stop; index += 1) flags[index] = (flags[index] ?? 0) & ~mask;
      }
      at = start + PART_PAGES;
    }
  }

  /** Visits all resident pages in order. */
  forEach(visit: (page: number, flags: number) => boolean | undefined): void {
    this.forEachIn(-this.#base, this.#parts.length * PART_PAGES, visit);
  }

  #part(at: number): Part {
    const key = at >>> PART_BITS;
    let part = this.#parts[key];
    if (part === undefined) {
      part = new Part();
      this.#parts[key] = part;
    }
    return part;
  }

  /** Puts content into a free slot; the frame has been accounted for. */
  #place(page: number, content: PageContent, flags: number): void {
    const at = page + this.#base;
    const index = at & (PART_PAGES - 1);
    const part = this.#part(at);
    part.reach(index);
    part.slots[index] = this.#take(content) + 1;
    part.flags[index] = flags;
    this.#resident += 1;
  }

  #take(content: PageContent): number {
    const key = this.#roomySlab();
    const slab = this.slab(key << 8);
    const reused = slab.free.pop();
    const index = reused ?? slab.next;
    if (reused === undefined) {
      if ((slab.next + 1) * PAGE > slab.bytes.length) {
        slab.widen();
        this.#pool.bump();
      }
      slab.next += 1;
    }
    slab.used += 1;
    if (content !== 'zero') slab.bytes.set(content, index * PAGE);
    else if (reused !== undefined) slab.bytes.fill(0, index * PAGE, (index + 1) * PAGE);
    return (key << 8) | index;
  }

  #roomySlab(): number {
    for (;;) {
      const key = this.#room[this.#room.length - 1];
      if (key === undefined) break;
      const slab = this.#slabs[key];
      if (slab !== undefined && slab !== null && !slab.isFull) return key;
      this.#room.pop();
    }
    const gap = this.#slabs.indexOf(null);
    const key = gap < 0 ? this.#slabs.length : gap;
    this.#slabs[key] = new Slab(this.#resident === 0 ? FIRST_FRAMES : SLAB_FRAMES);
    this.#room.push(key);
    return key;
  }

  /** Empties an entry; true if a page was there. The frame remains accounted for. */
  #forget(page: number): boolean {
    const at = page + this.#base;
    const index = at & (PART_PAGES - 1);
    const part = this.#parts[at >>> PART_BITS];
    const entry = part?.slots[index];
    if (part === undefined || entry === undefined) return false;
    part.flags[index] = 0;
    if (entry === 0) return false;
    part.slots[index] = 0;
    this.#resident -= 1;
    const key = (entry - 1) >>> 8;
    const slab = this.slab(entry - 1);
    if (slab.isFull) this.#room.push(key);
    slab.used -= 1;
    slab.free.push((entry - 1) & 255);
    if (slab.used === 0) this.#slabs[key] = null;
    return true;
  }
}
