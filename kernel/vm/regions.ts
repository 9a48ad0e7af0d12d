/**
 * The regions of an address map: sorted, page aligned, not overlapping; each shows pages of one object. Two regions
 * that touch and do not differ are one, so that a map is as large as it is varied.
 */
import type { KernFailure } from '../../ports/kern-return.ts';
import type { MemoryObject } from './object.ts';
import { ANYWHERE_START, type Inheritance, MAP_END, PAGE } from './page.ts';
import type { PagePool } from './pool.ts';
import { reference, release, type Shows } from './shadow.ts';

/** A range of addresses and what it shows. Holds one reference to its object. */
export interface Region extends Shows {
  start: number;
  end: number;
  protection: number;
  max: number;
  inheritance: Inheritance;
}

/** Pages of a region. */
export const pagesOf = (region: Region): number => (region.end - region.start) / PAGE;

/** The page of the region's object at an address in it. */
export const objectPage = (region: Region, address: number): number => region.page + (address - region.start) / PAGE;

/** Somebody who keeps translations of single pages. */
export interface TranslationCache {
  /** What the page translates to has changed for this map alone. */
  forget(page: number): void;
}

/** The regions of one map. */
export class Regions {
  readonly pool: PagePool;
  /** Regions that there may be. */
  readonly limit: number;
  /** Lowest and (one past) highest address. */
  readonly min: number;
  readonly end: number;
  cache: TranslationCache | null = null;
  readonly #list: Region[] = [];
  #last: Region | null = null;
  #bytes = 0;
  #inaccessible = 0;

  constructor(pool: PagePool, limit: number, min: number, end: number) {
    this.pool = pool;
    this.limit = limit;
    this.min = min;
    this.end = end;
  }

  /** The regions, in order of address. */
  get list(): readonly Region[] {
    return this.#list;
  }

  /** Bytes mapped. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes mapped that may be made accessible: what counts against a size limit. */
  get counted(): number {
    return this.#bytes - this.#inaccessible;
  }

  /** Index of the first region that ends above an address. */
  indexAbove(address: number): number {
    let low = 0;
    let high = this.#list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#list[middle]?.end ?? 0) > address) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** The region that an address lies in. */
  at(address: number): Region | null {
    const last = this.#last;
    if (last !== null && address >= last.start && address < last.end) return last;
    const region = this.#list[this.indexAbove(address)];
    if (region === undefined || region.start > address) return null;
    this.#last = region;
    return region;
  }

  /** The regions that overlap a range. */
  overlapping(start: number, end: number): Region[] {
    const found: Region[] = [];
    for (let index = this.indexAbove(start); index < this.#list.length; index += 1) {
      const region = this.#list[index];
      if (region === undefined || region.start >= end) break;
      found.push(region);
    }
    return found;
  }

  /** Why a range may not be used so: the first hole, or the first region without this protection; else null. */
  check(
    start: number,
    end: number,
    protection: number,
    bound: 'protection' | 'max' = 'protection',
  ): KernFailure | null {
    for (let at = start; at < end; ) {
      const region = this.at(at);
      if (region === null) return 'KERN_INVALID_ADDRESS';
      if ((region[bound] & protection) !== protection) return 'KERN_PROTECTION_FAILURE';
      at = region.end;
    }
    return null;
  }

  /** The lowest free range of `size` bytes at or above `hint`; the last page of the space is never part of one. */
  findFree(size: number, hint: number = Math.max(this.min, ANYWHERE_START)): number | KernFailure {
    let from = hint;
    for (let index = this.indexAbove(hint); index < this.#list.length; index += 1) {
      const region = this.#list[index];
      if (region === undefined || region.start - from >= size) break;
      from = Math.max(from, region.end);
    }
    return from + size <= Math.min(this.end, MAP_END) - PAGE ? from : 'KERN_NO_SPACE';
  }

  /** True if nothing is mapped between two addresses. */
  isFree(start: number, end: number): boolean {
    const region = this.#list[this.indexAbove(start)];
    return region === undefined || region.start >= end;
  }

  /** True if so many more regions may come into being. */
  hasRoom(more: number): boolean {
    return this.#list.length + more <= this.limit;
  }

  /** Adds a region where nothing is; its reference to the object is the caller's, handed over. */
  insert(region: Region): void {
    this.#list.splice(this.indexAbove(region.start), 0, region);
    this.#count(region, 1);
  }

  /** A region gets longer at its end, where nothing is. */
  extend(region: Region, size: number): void {
    this.#count(region, -1);
    region.end += size;
    this.#count(region, 1);
  }

  /** Cuts regions so that none crosses `start` or `end`, and answers those between. Call `join` when done. */
  cut(start: number, end: number): Region[] {
    this.#cutAt(start);
    this.#cutAt(end);
    return this.overlapping(start, end);
  }

  /** Changes how much a region may be used. */
  limitTo(region: Region, max: number, protection: number): void {
    this.#count(region, -1);
    region.max = max;
    region.protection = protection;
    this.#count(region, 1);
  }

  /** Makes regions within or around a range one again, where they do not differ. */
  join(start: number, end: number): void {
    let index = Math.max(1, this.indexAbove(start));
    this.#last = null;
    while (index < this.#list.length) {
      const lower = this.#list[index - 1];
      const upper = this.#list[index];
      if (lower === undefined || upper === undefined || lower.end > end) return;
      if (!isContinued(lower, upper)) {
        index += 1;
        continue;
      }
      lower.end = upper.end;
      this.#list.splice(index, 1);
      release(upper.object);
    }
  }

  /** Unmaps a range; holes are no matter. Objects go only when the regions are out of the list. */
  remove(start: number, end: number): void {
    const gone = this.cut(start, end);
    if (gone.length === 0) return;
    this.#list.splice(this.indexAbove(start), gone.length);
    this.#last = null;
    this.pool.bump();
    for (const region of gone) {
      this.#count(region, -1);
      dropPages(region);
    }
    for (const { object } of gone) release(object);
  }

  /** What was at a page of this map has changed for it alone. */
  forget(page: number): void {
    this.cache?.forget(page);
  }

  #count(region: Region, sign: 1 | -1): void {
    const size = (region.end - region.start) * sign;
    this.#bytes += size;
    if (region.max === 0) this.#inaccessible += size;
  }

  #cutAt(address: number): void {
    const index = this.indexAbove(address);
    const region = this.#list[index];
    if (region === undefined || region.start >= address) return;
    const upper: Region = { ...region, start: address, page: objectPage(region, address) };
    reference(region.object);
    region.end = address;
    this.#last = null;
    this.#list.splice(index + 1, 0, upper);
  }
}

const isContinued = (lower: Region, upper: Region): boolean =>
  lower.end === upper.start &&
  lower.object === upper.object &&
  objectPage(lower, lower.end) === upper.page &&
  lower.protection === upper.protection &&
  lower.max === upper.max &&
  lower.inheritance === upper.inheritance &&
  lower.needsCopy === upper.needsCopy;

/** A region goes whose object stays, for other regions: the pages that only it showed need not stay. */
const dropPages = (region: Region): void => {
  const { object, page } = region;
  if (!isPrivate(object) || object.references === 1) return;
  object.frames.discard(page, page + pagesOf(region));
};

/** True for anonymous memory of which no copy is around: a page of it is shown by one region at most. */
const isPrivate = (object: MemoryObject): boolean =>
  object.isInternal && !object.isCopied && !object.isShared && object.copy === null && object.shadowers.size === 0;
