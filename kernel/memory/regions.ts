/** The address map of a task: which addresses show what of which object, and how they may be used. */
import type { KernFailure } from '../../ports/kern-return.ts';
import { type MemoryObject, PAGE_SIZE } from './object.ts';

/** READ 1, WRITE 2, EXECUTE 4. */
export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const PROT_ALL = 7;

/** A range of addresses. Page aligned; `page` is the page of the object at `start`. */
export interface Region {
  start: number;
  end: number;
  object: MemoryObject;
  page: number;
  protection: number;
  max: number;
  inheritance: 0 | 1 | 2;
  /** The object is shown by somebody else as well: a write first makes a shadow. */
  needsCopy: boolean;
  /** Mapped by name: an object that others may map too. */
  isShared: boolean;
}

/** First and last address that can be mapped. The last page of the space never is. */
export const MAP_START = 0x10000;
export const MAP_END: number = 2 ** 40;

/** Rounds down to pages. */
export const pageFloor = (address: number): number => address - (address % PAGE_SIZE);
/** Rounds up to pages. */
export const pageCeil = (address: number): number => pageFloor(address + PAGE_SIZE - 1);

/** Regions in order of address, not overlapping. */
export class Regions {
  readonly list: Region[] = [];
  /** Rises with every change, so that cached translations can be told stale. */
  epoch = 0;
  readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Index of the first region that ends above an address. */
  indexAbove(address: number): number {
    let low = 0;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.list[middle]?.end ?? 0) > address) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** The region that an address lies in. */
  at(address: number): Region | null {
    const region = this.list[this.indexAbove(address)];
    return region !== undefined && region.start <= address ? region : null;
  }

  /** Lowest free range of `size` bytes. */
  findFree(size: number): number | KernFailure {
    let from = MAP_START;
    for (const region of this.list) {
      if (region.start - from >= size) return from;
      if (region.end > from) from = region.end;
    }
    return from + size <= MAP_END - PAGE_SIZE ? from : 'KERN_NO_SPACE';
  }

  /** True if nothing is mapped between two addresses. */
  isFree(start: number, end: number): boolean {
    const region = this.list[this.indexAbove(start)];
    return region === undefined || region.start >= end;
  }

  /** True if every address of a range is mapped, with at least this protection. */
  covers(start: number, end: number, protection = 0): KernFailure | null {
    for (let at = start; at < end; ) {
      const region = this.at(at);
      if (region === null) return 'KERN_INVALID_ADDRESS';
      if ((region.protection & protection) !== protection) return 'KERN_PROTECTION_FAILURE';
      at = region.end;
    }
    return null;
  }

  insert(region: Region): void {
    this.epoch += 1;
    region.object.references += 1;
    this.list.splice(this.indexAbove(region.start), 0, region);
  }

  /** Cuts regions so that none crosses `start` or `end`, and answers those between. */
  between(start: number, end: number): Region[] {
    this.epoch += 1;
    this.#cut(start);
    this.#cut(end);
    const first = this.indexAbove(start);
    const found: Region[] = [];
    for (let i = first; i < this.list.length; i += 1) {
      const region = this.list[i];
      if (region === undefined || region.start >= end) break;
      found.push(region);
    }
    return found;
  }

  #cut(address: number): void {
    const index = this.indexAbove(address);
    const region = this.list[index];
    if (region === undefined || region.start >= address) return;
    const upper: Region = { ...region, start: address, page: region.page + (address - region.start) / PAGE_SIZE };
    region.end = address;
    region.object.references += 1;
    this.list.splice(index + 1, 0, upper);
  }

  remove(regions: readonly Region[]): void {
    if (regions.length === 0) return;
    this.epoch += 1;
    const first = regions[0];
    if (first === undefined) return;
    this.list.splice(this.list.indexOf(first), regions.length);
    for (const region of regions) region.object.release();
  }
}
