/**
 * The kernel's end of the memory-object protocol (mach-ipc 2.21): what a pager may say about its object, and what it is
 * told.
 *
 *   initial ──ready──▶ ready ──destroy──▶ failed (KERN_MEMORY_FAILURE; the pages are gone)
 *      └────destroy────────┘ ──pager dies─▶ failed (KERN_MEMORY_ERROR; resident pages stay)
 *
 * Whoever waits is told last, when everything is settled.
 */

import { invariant } from '../../ports/invariant.ts';
import type { KernFailure, KernReturn } from '../../ports/kern-return.ts';
import { BUSY, EMPTY, ERROR, LOCK_MASK, LOCK_SHIFT, PRECIOUS, USED } from './frames.ts';
import { MemoryObject, type PageSource, type SourceRole } from './object.ts';
import { CLUSTER_MAX, type CopyStrategy, isCopyStrategy, isExtent, PAGE, PROT_ALL } from './page.ts';
import { isShouldReturn, type Pager, returnPages, type ShouldReturn } from './pager.ts';
import type { Cached, Evictable, PagePool, Which } from './pool.ts';
import { dispose, enroll, release, shorten } from './shadow.ts';
import { pageOfData, type SupplyData, sizeOfData } from './supply-data.ts';
import { pickVictims } from './victims.ts';
import { PageRequests, PageWait } from './wait.ts';

/** What the object is made with. */
export interface PagedOptions {
  readonly role?: SourceRole;
  /** Pages to ask for at once, at most 16. */
  readonly cluster?: number;
}

/** What came of a supply that was not refused. */
export interface Supplied {
  readonly result: 'KERN_SUCCESS' | 'KERN_MEMORY_PRESENT' | 'KERN_RESOURCE_SHORTAGE';
  /** Where it stopped; the end of the data after success. */
  readonly errorOffset: number;
}

/** `lock` that leaves the prohibitions as they are. */
export const LOCK_NO_CHANGE = -1;

type State =
  | { readonly kind: 'initial' }
  | { readonly kind: 'ready'; readonly mayCache: boolean; readonly strategy: CopyStrategy }
  | { readonly kind: 'failed'; readonly code: 'KERN_MEMORY_FAILURE' | 'KERN_MEMORY_ERROR' };

/** A new object, not yet referred to, whose pages `pager` has. The pager gets its `init`. */
export const createPagedObject = (pool: PagePool, pages: number, pager: Pager, options?: PagedOptions): PagerControl =>
  pageObject(new MemoryObject(pool, pages), pager, options);

/** An object gets a pager: what it does not have is asked for from now on. The pager gets its `init`. */
export const pageObject = (object: MemoryObject, pager: Pager, options?: PagedOptions): PagerControl => {
  invariant(object.source === null, 'an object has one pager');
  const control = new PagerControl(object, pager, options?.role ?? 'named', options?.cluster ?? 1);
  object.source = control;
  object.pool.addEvictable(control);
  pager.init(object);
  return control;
};

/** The control of an object, or null if it has no pager. */
export const controlOf = (object: MemoryObject): PagerControl | null =>
  object.source instanceof PagerControl ? object.source : null;

/** What the kernel knows of a pager, for one object. */
export class PagerControl implements PageSource, Evictable, Cached {
  readonly object: MemoryObject;
  readonly role: SourceRole;
  readonly #pager: Pager;
  #cluster: number;
  #state: State = { kind: 'initial' };
  #isTerminated = false;
  /** Nobody refers to the object, but the pager lets it be kept. */
  #isKept = false;
  readonly #requests: PageRequests = new PageRequests();
  readonly #unlocks: PageRequests = new PageRequests();
  #ready: PageWait | null = null;
  /** Where the next eviction begins. */
  #hand = 0;

  constructor(object: MemoryObject, pager: Pager, role: SourceRole, cluster: number) {
    this.object = object;
    this.role = role;
    this.#pager = pager;
    this.#cluster = Math.max(1, Math.min(CLUSTER_MAX, cluster));
  }

  /** `initial`, `ready` or `failed`. */
  get state(): State['kind'] {
    return this.#state.kind;
  }

  /** What the pager has said of the object; null before it was ready. */
  get attributes(): { readonly mayCache: boolean; readonly strategy: CopyStrategy } | null {
    return this.#state.kind === 'ready' ? this.#state : null;
  }

  /** Pages that the pager owes an answer for. */
  get outstanding(): number {
    return this.#requests.size;
  }

  // --- What the kernel wants of the pager ---

  want(page: number, access: number): PageWait | KernFailure {
    const waiting = this.#requests.get(page);
    if (waiting !== undefined) return waiting;
    if (this.#state.kind === 'failed') return this.#state.code;
    if (!this.object.pool.hasRoom(1)) return 'KERN_RESOURCE_SHORTAGE';
    const wait = this.#requests.open(page, access);
    if (this.#state.kind === 'ready') this.#ask(wait);
    return wait;
  }

  unlock(page: number, access: number): PageWait | KernFailure {
    if (this.#state.kind === 'failed') return this.#state.code;
    const waiting = this.#unlocks.get(page);
    if (waiting !== undefined && (waiting.access & access) === access) return waiting;
    const wait = waiting ?? this.#unlocks.open(page, access);
    wait.access |= access;
    this.#pager.dataUnlock(this.object, page * PAGE, PAGE, wait.access);
    return wait;
  }

  strategy(): CopyStrategy | PageWait {
    switch (this.#state.kind) {
      case 'initial':
        this.#ready ??= new PageWait(-1, 0);
        return this.#ready;
      case 'ready':
        return this.#state.strategy;
      case 'failed':
        return 'DELAY'; // whoever reads the copy learns that the pages are gone
    }
  }

  copied(snapshot: MemoryObject, page: number, pages: number): void {
    this.#pager.copy?.(this.object, page * PAGE, pages * PAGE, snapshot);
  }

  /** Asks for the page of a wait, and for those after it that nobody has asked for yet. */
  #ask(wait: PageWait): void {
    const { frames, pages } = this.object;
    const first = wait.page;
    let count = 0;
    do {
      const page = first + count;
      const each = count === 0 ? wait : (this.#requests.get(page) ?? this.#requests.open(page, wait.access));
      each.isSent = true;
      frames.setFlags(page, frames.flags(page) | BUSY);
      count += 1;
    } while (count < this.#cluster && first + count < pages && this.#isOpen(first + count));
    this.#pager.dataRequest(this.object, first * PAGE, count * PAGE, wait.access);
  }

  #isOpen(page: number): boolean {
    const { frames } = this.object;
    return !frames.has(page) && (frames.flags(page) & (BUSY | EMPTY | ERROR)) === 0;
  }

  // --- What the pager says ---

  /** The pager is ready: what was held back is asked for now. Said again, it is `changeAttributes`. */
  ready(mayCache: boolean, strategy: CopyStrategy, cluster: number = this.#cluster): KernReturn {
    if (!isCopyStrategy(strategy)) return 'KERN_INVALID_ARGUMENT';
    if (this.#state.kind === 'failed') return 'KERN_INVALID_ARGUMENT';
    this.#cluster = Math.max(1, Math.min(CLUSTER_MAX, cluster));
    this.#state = { kind: 'ready', mayCache, strategy };
    for (const wait of this.#requests.all()) if (!wait.isSent) this.#ask(wait);
    this.#ready?.finish();
    this.#ready = null;
    if (!mayCache && this.#isKept) this.expire();
    return 'KERN_SUCCESS';
  }

  /** Another caching or copy strategy. */
  changeAttributes(mayCache: boolean, strategy: CopyStrategy): KernReturn {
    return this.ready(mayCache, strategy);
  }

  /** Data, asked for or not. It stops at a page that is here already. `data` stays the caller's. */
  supply(offset: number, data: SupplyData, lock: number, isPrecious: boolean): Supplied | KernFailure {
    const size = sizeOfData(data);
    if (!isExtent(offset, size) || size === 0 || (lock & ~PROT_ALL) !== 0) return 'KERN_INVALID_ARGUMENT';
    if (this.#state.kind === 'failed') return 'KERN_INVALID_ARGUMENT';
    const flags = (isPrecious ? PRECIOUS : 0) | (lock << LOCK_SHIFT);
    const first = offset / PAGE;
    const count = size / PAGE;
    this.object.grow(first + count);
    let result: Supplied['result'] = 'KERN_SUCCESS';
    let done = 0;
    while (done < count && result === 'KERN_SUCCESS') {
      result = this.#place(first + done, pageOfData(data, done), flags);
      if (this.role === 'moved' && result === 'KERN_MEMORY_PRESENT') result = 'KERN_SUCCESS'; // asked for and pushed
      if (result === 'KERN_SUCCESS') done += 1;
    }
    for (let page = first; page < first + done; page += 1) this.#requests.close(page);
    if (result !== 'KERN_SUCCESS') this.#answered(first + done);
    return { result, errorOffset: offset + done * PAGE };
  }

  /** One page, for who moves many: as `supply`, but the answer is only its result. */
  supplyPage(page: number, bytes: Uint8Array): Supplied['result'] {
    this.object.grow(page + 1);
    const result = this.#place(page, bytes, 0);
    this.#answered(page);
    return result;
  }

  #place(page: number, bytes: Uint8Array | null, flags: number): Supplied['result'] {
    const { frames, pool } = this.object;
    if (frames.has(page)) return 'KERN_MEMORY_PRESENT';
    const before = frames.flags(page);
    if (!frames.add(page, bytes ?? 'zero', flags | USED)) return 'KERN_RESOURCE_SHORTAGE';
    if ((before & EMPTY) !== 0) pool.bump();
    return 'KERN_SUCCESS';
  }

  /** The request for a page is over. */
  #answered(page: number): void {
    const { frames } = this.object;
    const flags = frames.flags(page);
    if ((flags & BUSY) !== 0) frames.setFlags(page, flags & ~BUSY);
    this.#requests.close(page);
  }

  /** The pager has no such pages. Only what was asked for is answered so. */
  unavailable(offset: number, size: number): KernReturn {
    return this.#decide(offset, size, EMPTY);
  }

  /** The pager cannot give the pages: accesses fail, until they are supplied after all or flushed. */
  error(offset: number, size: number): KernReturn {
    return this.#decide(offset, size, ERROR);
  }

  #decide(offset: number, size: number, flag: number): KernReturn {
    if (!isExtent(offset, size)) return 'KERN_INVALID_ARGUMENT';
    const { frames } = this.object;
    const pages = this.#requests.pages(offset / PAGE, (offset + size) / PAGE);
    for (const page of pages) if (!frames.has(page)) frames.setFlags(page, (frames.flags(page) & ~BUSY) | flag);
    for (const page of pages) this.#requests.close(page);
    return 'KERN_SUCCESS';
  }

  /**
   * (Moved objects) The pages whose bit is not set do not exist at the source: they are the shadowed object's, or
   * zero.
   */
  settle(bitmap: Uint8Array): void {
    const { frames, pages } = this.object;
    for (let page = 0; page < pages; page += 1) {
      if (((bitmap[page >>> 3] ?? 0) & (1 << (page & 7))) !== 0 || frames.has(page)) continue;
      frames.setFlags(page, (frames.flags(page) & ~BUSY) | EMPTY);
      this.#requests.close(page);
    }
  }

  /** (Moved objects) Every page has been supplied. What is absent is zero, and the pager is needed no more. */
  complete(): void {
    this.object.source = null;
    enroll(this.object);
    this.object.pool.removeEvictable(this);
    this.#terminate();
    this.#closeAll();
    shorten(this.object);
    for (const top of [...this.object.shadowers]) shorten(top);
  }

  /**
   * For each page, in this order: access is restricted (`lock`, or LOCK_NO_CHANGE), data is returned, the page is
   * flushed. When it answers, everything has been returned: `lock_completed` may be sent.
   */
  lockRequest(offset: number, size: number, shouldReturn: ShouldReturn, flush: boolean, lock: number): KernReturn {
    const isLock = lock === LOCK_NO_CHANGE || (lock & ~PROT_ALL) === 0;
    if (!isExtent(offset, size) || !isLock || !isShouldReturn(shouldReturn)) return 'KERN_INVALID_ARGUMENT';
    const first = offset / PAGE;
    const end = Math.min(this.object.pages, (offset + size) / PAGE);
    const { frames, pool } = this.object;
    pool.bump();
    if (lock !== LOCK_NO_CHANGE) {
      frames.forEachIn(first, end, (page, flags) => {
        frames.setFlags(page, (flags & ~LOCK_MASK) | (lock << LOCK_SHIFT));
        return true;
      });
    }
    if (shouldReturn !== 'NONE')
      returnPages(this.object, this.#pager, { first, end, which: shouldReturn, isKept: !flush });
    if (flush) this.#flush(first, end);
    for (const page of this.#unlocks.pages(first, end)) this.#unlocks.close(page);
    return 'KERN_SUCCESS';
  }

  #flush(first: number, end: number): void {
    const { frames } = this.object;
    frames.forEachIn(first, end, (page) => {
      frames.drop(page);
      return true;
    });
    frames.clearFlags(first, end, EMPTY | ERROR);
  }

  #returnAll(first: number, end: number): void {
    returnPages(this.object, this.#pager, { first, end, which: 'ALL', isKept: false });
  }

  // --- The end ---

  /** The pager gives the object up: its pages are gone, and every access fails. */
  destroy(): KernReturn {
    if (this.#state.kind === 'failed') return 'KERN_INVALID_ARGUMENT';
    this.#state = { kind: 'failed', code: 'KERN_MEMORY_FAILURE' };
    this.object.frames.clear();
    this.object.pool.bump();
    this.#terminate();
    this.#closeAll();
    if (this.#isKept) this.expire();
    return 'KERN_SUCCESS';
  }

  /** The pager's port is dead: what is here stays usable, the rest cannot be had any more. */
  pagerDied(): void {
    if (this.#state.kind === 'failed') return;
    this.#state = { kind: 'failed', code: 'KERN_MEMORY_ERROR' };
    this.#isTerminated = true;
    this.object.pool.removeEvictable(this);
    this.#closeAll();
    if (this.#isKept) this.expire();
  }

  unreferenced(): 'kept' | 'gone' {
    if (this.#state.kind === 'ready' && this.#state.mayCache && this.role === 'named') {
      this.#isKept = true;
      this.object.pool.keep(this);
      return 'kept';
    }
    this.#end();
    return 'gone';
  }

  revive(): void {
    this.#isKept = false;
    this.object.pool.forget(this);
  }

  expire(): void {
    this.#isKept = false;
    this.object.pool.forget(this);
    this.#end();
    const below = dispose(this.object);
    if (below !== null) release(below);
  }

  /** Returns what the pager would lose, and says goodbye. */
  #end(): void {
    const { object } = this;
    object.pool.removeEvictable(this);
    const isTemporary = this.role === 'moved' || this.attributes?.strategy === 'TEMPORARY';
    if (!isTemporary && this.#state.kind !== 'failed') this.#returnAll(0, object.pages);
    this.#terminate();
    this.#closeAll();
  }

  #terminate(): void {
    if (this.#isTerminated) return;
    this.#isTerminated = true;
    this.#pager.terminate(this.object);
  }

  #closeAll(): void {
    const { frames } = this.object;
    for (const { page } of this.#requests.all()) frames.setFlags(page, frames.flags(page) & ~BUSY);
    this.#requests.closeAll();
    this.#unlocks.closeAll();
    this.#ready?.finish();
    this.#ready = null;
  }

  /**
   * Gives frames up: clean pages are dropped, others returned first. Moved pages stay: nobody else may have them any
   * more.
   */
  evict(pages: number, which: Which = 'any'): number {
    const hand = this.#hand;
    const count = this.evictRange(hand, this.object.pages, pages, which);
    return count < pages ? count + this.evictRange(0, hand, pages - count, which) : count;
  }

  /** As `evict`, within a range. */
  evictRange(first: number, end: number, limit: number = Number.POSITIVE_INFINITY, which: Which = 'all'): number {
    if (this.#state.kind !== 'ready' || this.role === 'moved') return 0;
    const { frames, pool } = this.object;
    const victims = pickVictims(frames, { first, end, limit, which }, () => true);
    if (victims.length === 0) return 0;
    pool.bump();
    this.#hand = (victims.at(-1) ?? 0) + 1;
    this.#returnAll(victims[0] ?? 0, this.#hand);
    for (const page of victims) frames.drop(page);
    return victims.length;
  }
}
