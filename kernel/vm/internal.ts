/**
 * Anonymous memory that can be paged out (Mach's internal objects). Until the first of its pages has to go the object
 * has no pager; then it gets one from the default pager, and from then on this is its source.
 *
 *   page here ──evicted──▶ PAGED, its bytes on the way to the pager ──touched──▶ asked for ──supplied──▶ page here
 *       ▲                     └─ overwritten whole or unmapped: the pager's copy is of no use any more
 *       └── written: DIRTY; the pager's copy is old, and the page is returned again when it goes
 *
 * What keeps old content from coming back although messages cross: data is taken only for a page that was asked for
 * and is still PAGED; a page is asked for once at a time; and while an answer is awaited for a page it does not go out.
 */
import { invariant } from '../../ports/invariant.ts';
import type { KernFailure, KernReturn } from '../../ports/kern-return.ts';
import type { DefaultPager, PagedMemory } from './default-pager.ts';
import { DIRTY, ERROR, FRESH, MODIFIED, PAGED, USED } from './frames.ts';
import type { Internal, MemoryObject } from './object.ts';
import { type CopyStrategy, PAGE } from './page.ts';
import type { Which } from './pool.ts';
import { pickVictims } from './victims.ts';
import { PageRequests, type PageWait } from './wait.ts';

/** Pages asked for at once: they were evicted together, and are likely to be used together. */
const READ_AHEAD = 8;
/** Pages in one message to the default pager: 64 KiB, which a body holds. */
const RUN_MAX = 16;

/** Pages that go out in one message. */
interface Run {
  readonly first: number;
  readonly bytes: Uint8Array;
  /** The pager has none of them yet. */
  readonly isFirst: boolean;
}

/** One anonymous object, as far as paging is concerned. */
export class InternalMemory implements Internal, PagedMemory {
  readonly role = 'internal';
  readonly id: number;
  readonly #settled: (object: MemoryObject) => void;
  readonly #requests: PageRequests = new PageRequests();
  #object: MemoryObject;
  #pager: DefaultPager | null = null;
  /** The page of the pager's object that is page 0 here: not 0 after a chain of shadows was shortened. */
  #base = 0;
  #hand = 0;
  #laundry = 0;
  #isDead = false;
  #isOver = false;

  /** `settled` is called when no answer is awaited any more, so that chains can be shortened. */
  constructor(object: MemoryObject, settled: (object: MemoryObject) => void) {
    this.#object = object;
    this.#settled = settled;
    this.id = object.id;
    object.internal = this;
    object.pool.addEvictable(this);
  }

  /** Pages that the pager owes an answer for. */
  get outstanding(): number {
    return this.#requests.size;
  }

  get isIdle(): boolean {
    return this.#requests.size === 0;
  }

  // --- Out ---

  evict(pages: number, which: Which = 'any'): number {
    const hand = Math.min(this.#hand, this.#object.pages);
    const count = this.evictRange(hand, this.#object.pages, pages, which);
    return count < pages ? count + this.evictRange(0, hand, pages - count, which) : count;
  }

  evictRange(first: number, end: number, limit: number = Number.POSITIVE_INFINITY, which: Which = 'all'): number {
    const { frames, pool, source } = this.#object;
    const pager = this.#pager ?? pool.backing.pager;
    if (pager === null || this.#isDead || this.#isOver || (source !== null && source !== this)) return 0;
    let room = pool.backing.room;
    const victims = pickVictims(frames, { first, end, limit, which }, (page, flags) => {
      if (this.#requests.get(page) !== undefined) return false;
      if (isSaved(flags)) return true;
      room -= 1;
      return room >= 0;
    });
    if (victims.length === 0) return 0;
    pool.bump();
    this.#hand = (victims.at(-1) ?? 0) + 1;
    this.#send(pager, this.#takeOut(victims));
    return victims.length;
  }

  /** Frees the frames of pages; answers the content of those that the pager does not have so. */
  #takeOut(victims: readonly number[]): Run[] {
    const { frames } = this.#object;
    const runs: Run[] = [];
    const unsaved = victims.filter((page) => !isSaved(frames.flags(page)));
    for (let at = 0; at < unsaved.length; ) {
      const first = unsaved[at] ?? 0;
      const isFirst = (frames.flags(first) & PAGED) === 0;
      let count = 1;
      while (
        count < RUN_MAX &&
        unsaved[at + count] === first + count &&
        ((frames.flags(first + count) & PAGED) === 0) === isFirst
      ) {
        count += 1;
      }
      const bytes = new Uint8Array(count * PAGE);
      for (let each = 0; each < count; each += 1) bytes.set(frames.view(first + each) ?? [], each * PAGE);
      runs.push({ first, bytes, isFirst });
      at += count;
    }
    for (const page of victims) {
      const kept = frames.flags(page) & MODIFIED;
      frames.drop(page);
      frames.setFlags(page, PAGED | kept);
    }
    return runs;
  }

  #send(pager: DefaultPager, runs: readonly Run[]): void {
    const { backing } = this.#object.pool;
    if (this.#pager === null) {
      this.#pager = pager;
      this.#object.source = this;
      pager.create(this, this.#object.pages * PAGE);
    }
    for (const { bytes } of runs) {
      this.#laundry += bytes.length / PAGE;
      backing.handOver(bytes.length / PAGE);
    }
    for (const { first, bytes, isFirst } of runs) {
      const offset = (first + this.#base) * PAGE;
      if (isFirst) pager.dataInitialize(this, offset, bytes);
      else pager.dataReturn(this, offset, bytes);
    }
  }

  // --- In ---

  want(page: number, access: number): PageWait | KernFailure {
    const waiting = this.#requests.get(page);
    if (waiting !== undefined) {
      waiting.isAhead = false;
      return waiting;
    }
    const { frames, pages, pool } = this.#object;
    if (this.#isDead || this.#pager === null) return 'KERN_MEMORY_ERROR';
    if (!pool.hasRoom(1)) return 'KERN_RESOURCE_SHORTAGE';
    const wait = this.#requests.open(page, access);
    const isWanted = (each: number): boolean =>
      each < pages && (frames.flags(each) & (PAGED | ERROR)) === PAGED && !frames.has(each);
    let count = 1;
    while (count < READ_AHEAD && count < pool.free && isWanted(page + count) && !this.#requests.get(page + count)) {
      this.#requests.open(page + count, access).isAhead = true;
      count += 1;
    }
    this.#pager.dataRequest(this, (page + this.#base) * PAGE, count * PAGE);
    return wait;
  }

  supply(offset: number, data: Uint8Array): KernReturn {
    if (offset % PAGE !== 0 || data.length % PAGE !== 0) return 'KERN_INVALID_ARGUMENT';
    const first = offset / PAGE - this.#base;
    const { frames } = this.#object;
    let result: KernReturn = 'KERN_SUCCESS';
    return this.#answer(first, first + data.length / PAGE, (page, flags) => {
      if (result !== 'KERN_SUCCESS') return result;
      const bytes = data.subarray((page - first) * PAGE, (page - first + 1) * PAGE);
      const isAhead = this.#requests.get(page)?.isAhead === true;
      const isPlaced = frames.add(page, bytes, PAGED | (isAhead ? 0 : USED | FRESH) | (flags & MODIFIED));
      if (!isPlaced) result = 'KERN_RESOURCE_SHORTAGE';
      return result;
    });
  }

  error(offset: number, length: number): KernReturn {
    if (offset % PAGE !== 0 || length % PAGE !== 0) return 'KERN_INVALID_ARGUMENT';
    const first = offset / PAGE - this.#base;
    const { frames } = this.#object;
    return this.#answer(first, first + length / PAGE, (page, flags) => {
      frames.setFlags(page, flags | ERROR);
      return 'KERN_SUCCESS';
    });
  }

  /** Decides about the pages of a range that are asked for and still wanted; then whoever waits is told. */
  #answer(first: number, end: number, decide: (page: number, flags: number) => KernReturn): KernReturn {
    if (this.#isOver) return 'KERN_INVALID_ARGUMENT';
    const { frames } = this.#object;
    let result: KernReturn = 'KERN_SUCCESS';
    const pages = this.#requests.pages(first, end);
    for (const page of pages) {
      const flags = frames.flags(page);
      if ((flags & PAGED) !== 0 && !frames.has(page)) result = decide(page, flags);
    }
    const waits = pages.map((page) => this.#requests.take(page));
    if (this.isIdle) this.#settled(this.#object);
    for (const wait of waits) wait?.finish();
    return result;
  }

  stored(length: number, room: 'room' | 'full'): KernReturn {
    const pages = length / PAGE;
    if (!Number.isInteger(pages) || pages < 0 || pages > this.#laundry) return 'KERN_INVALID_ARGUMENT';
    this.#laundry -= pages;
    this.#object.pool.backing.settle(pages, room);
    return 'KERN_SUCCESS';
  }

  // --- The end ---

  pagerDied(): void {
    if (this.#isDead || this.#isOver) return;
    this.#isDead = true;
    this.#laundryIsLost();
    this.#requests.closeAll();
    this.#settled(this.#object);
  }

  /** Pages under way count no more: nobody will say that they were stored. */
  #laundryIsLost(): void {
    const lost = this.#laundry;
    this.#laundry = 0;
    if (lost > 0) this.#object.pool.backing.settle(lost, 'room');
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { pool } = this.#object;
    pool.removeEvictable(this);
    if (this.#pager !== null && !this.#isDead) {
      this.#pager.terminate(this);
      pool.backing.retry();
    }
    this.#laundryIsLost();
    this.#requests.closeAll();
  }

  rehome(object: MemoryObject, page: number): void {
    invariant(this.isIdle, 'a pager changes its object while it owes nothing');
    this.#object = object;
    this.#base += page;
    this.#hand = 0;
    object.internal = this;
    object.source = this.#pager === null ? null : this;
  }

  // --- What a source is asked, and anonymous memory has no use for ---

  unlock(): KernFailure {
    return 'KERN_PROTECTION_FAILURE';
  }

  strategy(): CopyStrategy {
    return 'DELAY';
  }

  /** Nobody has asked to be told of copies. */
  copied(): void {}

  unreferenced(): 'gone' {
    return 'gone'; // `dispose` ends it
  }

  revive(): void {}
}

/** True if the pager has the page as it is. */
const isSaved = (flags: number): boolean => (flags & (PAGED | DIRTY)) === PAGED;
