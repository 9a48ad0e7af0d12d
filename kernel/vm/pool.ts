/**
 * The page frames of one kernel: counted, refused at the limit, taken back from who can do without. Also the epoch: a
 * number that rises whenever a page that somebody may have translated an address to moves, changes hands or loses a
 * permission.
 */
import { invariant } from '../../ports/invariant.ts';
import { Backing } from './default-pager.ts';
import { CACHED_OBJECTS_MAX } from './page.ts';

/** How hard the kernel looks. */
export type Which =
  | 'idle' // pages that nobody has used since they were last looked at
  | 'any' // used ones too; one that somebody has just waited for is passed over once, lest he wait for it for ever
  | 'all'; // whatever there is

/** Somebody who has pages that can be fetched again. */
export interface Evictable {
  /** Gives up to `pages` frames back; answers how many. */
  evict(pages: number, which?: Which): number;
}

/** An object without a user, kept because it may be used again. */
export interface Cached {
  /** It has been kept long enough: gives everything back. Takes itself out of the cache first. */
  expire(): void;
}

/** Called when the pool is full and nothing evictable is left; may free frames of its own choice. */
export type ShortageHook = (pages: number) => void;

/** Frames freed at once when the pool is full, so that not every fault has to search. */
const EVICT_BATCH = 16;

/** The frames of one kernel. */
export class PagePool {
  /** Frames that may be resident at once. Lowered, it keeps frames from being taken; none is taken away for it. */
  limit: number;
  /** Who keeps the pages of anonymous memory that have no frame. */
  readonly backing: Backing = new Backing();
  readonly #hook: ShortageHook | null;
  #resident = 0;
  #epoch = 1;
  #lastObject = 0;
  readonly #evictables: Set<Evictable> = new Set();
  readonly #cached: Set<Cached> = new Set();

  constructor(limit: number, hook: ShortageHook | null = null) {
    this.limit = limit;
    this.#hook = hook;
  }

  /** Frames in use. */
  get resident(): number {
    return this.#resident;
  }

  /** Frames that can be taken without evicting anything. */
  get free(): number {
    return this.limit - this.#resident;
  }

  /** Translations made under another epoch are stale. Hot path. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Makes every translation stale. */
  bump(): void {
    this.#epoch += 1;
  }

  /** A number for a new object, never used before in this kernel. */
  nextObjectId(): number {
    this.#lastObject += 1;
    return this.#lastObject;
  }

  /** Takes a frame. False: the kernel has none left, and could not make one. */
  take(): boolean {
    if (!this.hasRoom(1)) return false;
    this.#resident += 1;
    return true;
  }

  /** True if so many frames can be taken, perhaps after some were evicted. */
  hasRoom(pages: number): boolean {
    if (this.#resident + pages <= this.limit) return true;
    if (pages > this.limit) return false;
    this.#reclaim(this.#resident + pages - this.limit);
    return this.#resident + pages <= this.limit;
  }

  /** Gives frames back. */
  give(pages: number): void {
    this.#resident -= pages;
    invariant(this.#resident >= 0, 'frames are given back once');
  }

  /** From now on the pool may take pages back from `evictable`. */
  addEvictable(evictable: Evictable): void {
    this.#evictables.add(evictable);
  }

  /** The opposite of `addEvictable`. */
  removeEvictable(evictable: Evictable): void {
    this.#evictables.delete(evictable);
  }

  /** Keeps an object without a user; the oldest goes when there are too many. */
  keep(cached: Cached): void {
    this.#cached.add(cached);
    if (this.#cached.size <= CACHED_OBJECTS_MAX) return;
    for (const oldest of this.#cached) {
      oldest.expire();
      return;
    }
  }

  /** The object is used again, or gone. */
  forget(cached: Cached): void {
    this.#cached.delete(cached);
  }

  #reclaim(pages: number): void {
    const goal = this.#resident - Math.max(pages, Math.min(EVICT_BATCH, this.#resident >> 3));
    for (const cached of this.#cached) {
      if (this.#resident <= goal) return;
      cached.expire();
    }
    this.#evict(goal, 'idle');
    // What is in use goes only if it must.
    if (this.#resident > this.limit - pages) this.#evict(this.limit - pages, 'any');
    if (this.#resident > this.limit - pages) this.#hook?.(pages);
  }

  /** Asks one after the other until `goal` is reached. Whoever was asked goes to the end of the line. */
  #evict(goal: number, which: Which): void {
    let left = this.#evictables.size;
    for (const evictable of this.#evictables) {
      if (left === 0 || this.#resident <= goal) return;
      left -= 1;
      this.#evictables.delete(evictable);
      this.#evictables.add(evictable);
      evictable.evict(this.#resident - goal, which);
    }
  }
}
