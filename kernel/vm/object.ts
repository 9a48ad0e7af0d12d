/**
 * A memory object: pages that regions of any number of tasks show. A page that is not here comes from the object's
 * source (its pager), else from the object it shadows, else it is zero.
 *
 * Two ways of copying without copying:
 *   symmetric  the object belongs to regions that nobody shares: original and copy both refer to it, and who writes
 *              first puts a shadow of its own in front.    copy ─▶ object ◀─shadows─ shadow ◀─ region
 *   delayed    the object is shared, or named by a port: writers go on writing into it. The copy is a snapshot that
 *              shadows it; a page is pushed into the snapshot before it is written.
 *                                                          object.copy ─▶ snapshot ─shadows─▶ object
 *
 * Whatever is shadowed never changes in the window through which it is shadowed, unless its old pages are pushed first.
 */
import type { KernFailure } from '../../ports/kern-return.ts';
import { Frames, MODIFIED, PAGED } from './frames.ts';
import type { CopyStrategy } from './page.ts';
import type { Evictable, PagePool, Which } from './pool.ts';
import type { PageWait } from './wait.ts';

/** Whose pages an object has. */
export type SourceRole =
  | 'named' // a pager's: the object is known by a port, and dirty pages are returned
  | 'moved' // anonymous memory whose pages are still at another kernel
  | 'internal'; // anonymous memory, some of whose pages the default pager has

/** Who supplies the pages that an object does not have. */
export interface PageSource {
  readonly role: SourceRole;
  /** The page is absent: it is asked for, or has been; or it cannot be had. */
  want(page: number, access: number): PageWait | KernFailure;
  /** The page is here, but may not be accessed so. */
  unlock(page: number, access: number): PageWait | KernFailure;
  /** How the object may be copied; a wait if that is not known yet. */
  strategy(): CopyStrategy | PageWait;
  /** (Strategy CALL) Pages have been copied into a snapshot that nobody has written to. */
  copied(snapshot: MemoryObject, page: number, pages: number): void;
  /** Nobody refers to the object any more. */
  unreferenced(): 'kept' | 'gone';
  /** A kept object is referred to again. */
  revive(): void;
}

/** How pages of an anonymous object leave their frames and come back; its source as soon as one has left. */
export interface Internal extends PageSource, Evictable {
  /** No answer of the pager is awaited. */
  readonly isIdle: boolean;
  /** As `evict`, within a range. */
  evictRange(first: number, end: number, limit?: number, which?: Which): number;
  /** Another object has taken the pages over, from page `page` of this one on: the pager is that one's now. */
  rehome(object: MemoryObject, page: number): void;
  /** Nobody wants the pages any more. */
  end(): void;
}

/** The object behind an object: absent pages are its pages, shifted. */
export interface Shadow {
  readonly object: MemoryObject;
  /** The page of `object` that is page 0 here. */
  readonly page: number;
}

/** Pages, and where the others come from. Changed by `shadow.ts`, `fault.ts` and `control.ts` only. */
export class MemoryObject {
  readonly id: number;
  readonly pool: PagePool;
  source: PageSource | null = null;
  /** The way out for pages of anonymous memory; null while nobody refers to the object. */
  internal: Internal | null = null;
  shadow: Shadow | null = null;
  /** The snapshot that gets the old content of a page that is about to be written. */
  copy: MemoryObject | null = null;
  /** Regions, copies in flight and shadows that refer to the object. */
  references = 0;
  /** Objects that shadow this one. */
  readonly shadowers: Set<MemoryObject> = new Set();
  /** Regions show the object together and must see each other's writes. */
  isShared = false;
  /** A symmetric copy was made: other references may show the pages of a region that goes. */
  isCopied = false;
  /** Made by a delayed copy and never written by a region. */
  isSnapshot = false;
  #pages: number;
  #frames: Frames;

  constructor(pool: PagePool, pages: number) {
    this.id = pool.nextObjectId();
    this.pool = pool;
    this.#pages = pages;
    this.#frames = new Frames(pool);
  }

  /** The pages that are here. */
  get frames(): Frames {
    return this.#frames;
  }

  /** Each gets the other's frames. */
  exchangeFrames(other: MemoryObject): void {
    const mine = this.#frames;
    this.#frames = other.#frames;
    other.#frames = mine;
  }

  /** Size in pages. */
  get pages(): number {
    return this.#pages;
  }

  /** True for the object of a pager that a port names. */
  get isNamed(): boolean {
    return this.source !== null && this.source.role === 'named';
  }

  /** True for anonymous memory that is wholly this kernel's, paged out or not. */
  get isInternal(): boolean {
    return this.source === null || this.source.role === 'internal';
  }

  /** True if the default pager has pages of the object. */
  get isPagedOut(): boolean {
    if (this.source?.role !== 'internal') return false;
    let found = false;
    this.frames.forEachFlagged(0, this.#pages, PAGED, () => {
      found = true;
      return false;
    });
    return found;
  }

  /** True if the object has no page of its own, here or at the default pager. */
  get isBlank(): boolean {
    return this.frames.resident === 0 && !this.isPagedOut;
  }

  /** The object gets larger; what it gets is absent. */
  grow(pages: number): void {
    if (pages > this.#pages) this.#pages = pages;
  }

  /** The bytes of a page that is here, else null; O(1). For use at once, not for keeping. */
  view(page: number): Uint8Array | null {
    return this.frames.view(page);
  }

  /** Visits resident pages in order: what digests and copies are made of. The views are for use at once. */
  forEachPage(visit: (page: number, bytes: Uint8Array) => void): void {
    this.frames.forEach((page) => {
      const bytes = this.frames.view(page);
      if (bytes !== null) visit(page, bytes);
      return true;
    });
  }

  /** One bit for each page, lowest first: set if the page is here. */
  residentPages(): Uint8Array {
    const bits = new Uint8Array(Math.ceil(this.#pages / 8));
    this.frames.forEachIn(0, this.#pages, (page) => {
      bits[page >>> 3] = (bits[page >>> 3] ?? 0) | (1 << (page & 7));
      return true;
    });
    return bits;
  }

  /**
   * One bit for each page that has content of the object's own, here or at the default pager: what a move must bring
   * over. `ownPage` in `obtain.ts` gets at it.
   */
  ownPages(): Uint8Array {
    const bits = this.residentPages();
    if (this.source?.role !== 'internal') return bits;
    this.frames.forEachFlagged(0, this.#pages, PAGED, (page) => {
      bits[page >>> 3] = (bits[page >>> 3] ?? 0) | (1 << (page & 7));
      return true;
    });
    return bits;
  }

  /** How many these are: O(1) for an object of which nothing has been paged out. */
  get ownCount(): number {
    let count = this.frames.resident;
    if (this.source?.role !== 'internal') return count;
    this.frames.forEachFlagged(0, this.#pages, PAGED, (page) => {
      if (!this.frames.has(page)) count += 1;
      return true;
    });
    return count;
  }

  /**
   * The pages written since the last call, in order, paged out or not. A page that is then written again is told again.
   */
  takeModified(): number[] {
    const pages: number[] = [];
    this.frames.forEachFlagged(0, this.#pages, MODIFIED, (page, flags) => {
      pages.push(page);
      this.frames.setFlags(page, flags & ~MODIFIED);
      return true;
    });
    if (pages.length > 0) this.pool.bump();
    return pages;
  }
}
