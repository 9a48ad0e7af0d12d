/**
 * How programs read and write their memory. Numbers are little-endian and may lie at any address.
 *
 * Number accessors are the hot path. The page read last and the page written last are in registers: what goes on there
 * costs a comparison of addresses and one of epochs. A small table remembers where other pages are. What cannot be had
 * at once is thrown, as a `PageFault`: the kernel settles it and runs the program's step again. Everything else answers
 * the `PageFault`.
 */
import type { KernFailure } from '../../ports/kern-return.ts';
import { type Blocked, resolvePage } from './fault.ts';
import { isWait } from './obtain.ts';
import { type AccessKind, PAGE, PROT_READ, pageOf } from './page.ts';
import type { PagePool } from './pool.ts';
import type { Regions, TranslationCache } from './regions.ts';
import { type Range, Window, type WindowMode } from './window.ts';

/** Pages that one map remembers. */
const ENTRIES = 256;
const MASK: number = ENTRIES - 1;
/** Times that a range is gone through until all of it is there at once. */
const TOUCH_TRIES = 8;
/** No page, not even that of a wrong address, is equal to it. */
const NONE: number = Number.NaN;
const IN_PAGE: number = PAGE - 1;
const NO_VIEW = new DataView(new ArrayBuffer(0));
const ZEROS = new DataView(new ArrayBuffer(PAGE));

/** An access that could not be made: who must be waited for, or the code of the exception. */
export class PageFault {
  readonly #brand = true;
  readonly fault = 'page';
  readonly address: number;
  readonly access: AccessKind;
  readonly outcome: Blocked | { readonly failed: KernFailure; readonly subcode: number };

  constructor(address: number, access: AccessKind, outcome: PageFault['outcome']) {
    this.address = address;
    this.access = access;
    this.outcome = outcome;
  }

  /** What programs throw comes by here: unlike `instanceof`, this asks nothing of the value, which may be a proxy. */
  static is(value: unknown): value is PageFault {
    return typeof value === 'object' && value !== null && #brand in value && value.#brand;
  }
}

/** True for a result that is a fault. */
export const isFault = (result: unknown): result is PageFault => PageFault.is(result);

/** What an access needs of its map. */
export interface Accessible {
  readonly pool: PagePool;
  readonly regions: Regions;
}

/** Reads and writes one map. */
export class Access implements TranslationCache {
  readonly #map: Accessible;
  readonly #pool: PagePool;
  #epoch = 0;
  readonly #reads: Float64Array = new Float64Array(ENTRIES).fill(NONE);
  readonly #writes: Float64Array = new Float64Array(ENTRIES).fill(NONE);
  readonly #views: DataView[] = Array.from({ length: ENTRIES }, () => NO_VIEW);
  readonly #bases: Int32Array = new Int32Array(ENTRIES);
  /** First address of the page read last, and where it is; the same of the page written last. */
  #readStart: number = NONE;
  #readView: DataView = NO_VIEW;
  #readBase = 0;
  #writeStart: number = NONE;
  #writeView: DataView = NO_VIEW;
  #writeBase = 0;
  readonly #scratch: DataView = new DataView(new ArrayBuffer(8));

  constructor(map: Accessible) {
    this.#map = map;
    this.#pool = map.pool;
    map.regions.cache = this;
  }

  /** Part of `TranslationCache`. */
  forget(page: number): void {
    const entry = page & MASK;
    this.#reads[entry] = NONE;
    this.#writes[entry] = NONE;
    this.#readStart = NONE;
    this.#writeStart = NONE;
  }

  /** The byte at an address. */
  getU8(address: number): number {
    const at = address & IN_PAGE;
    if (address - at !== this.#readStart || this.#epoch !== this.#pool.epoch) this.#turnToRead(address);
    return this.#readView.getUint8(this.#readBase + at);
  }

  /** The 32-bit unsigned number at an address. */
  getU32(address: number): number {
    const at = address & IN_PAGE;
    if (at > PAGE - 4) return this.#gather(address, 4).getUint32(0, true);
    if (address - at !== this.#readStart || this.#epoch !== this.#pool.epoch) this.#turnToRead(address);
    return this.#readView.getUint32(this.#readBase + at, true);
  }

  /** The 32-bit signed number at an address. */
  getI32(address: number): number {
    return this.getU32(address) | 0;
  }

  /** The 64-bit floating point number at an address. */
  getF64(address: number): number {
    const at = address & IN_PAGE;
    if (at > PAGE - 8) return this.#gather(address, 8).getFloat64(0, true);
    if (address - at !== this.#readStart || this.#epoch !== this.#pool.epoch) this.#turnToRead(address);
    return this.#readView.getFloat64(this.#readBase + at, true);
  }

  /** Sets the byte at an address. */
  setU8(address: number, value: number): void {
    const at = address & IN_PAGE;
    if (address - at !== this.#writeStart || this.#epoch !== this.#pool.epoch) this.#turnToWrite(address);
    this.#writeView.setUint8(this.#writeBase + at, value);
  }

  /** Sets the 32-bit number at an address. */
  setU32(address: number, value: number): void {
    const at = address & IN_PAGE;
    if (at > PAGE - 4) {
      this.#scratch.setUint32(0, value, true);
      this.#scatter(address, 4);
      return;
    }
    if (address - at !== this.#writeStart || this.#epoch !== this.#pool.epoch) this.#turnToWrite(address);
    this.#writeView.setUint32(this.#writeBase + at, value, true);
  }

  /** Sets the 64-bit floating point number at an address. */
  setF64(address: number, value: number): void {
    const at = address & IN_PAGE;
    if (at > PAGE - 8) {
      this.#scratch.setFloat64(0, value, true);
      this.#scatter(address, 8);
      return;
    }
    if (address - at !== this.#writeStart || this.#epoch !== this.#pool.epoch) this.#turnToWrite(address);
    this.#writeView.setFloat64(this.#writeBase + at, value, true);
  }

  /** Fills `target` from an address on; throws, and may have filled part of it. */
  read(address: number, target: Uint8Array): void {
    const fault = this.#each(address, target.length, 'read', (bytes, done) => target.set(bytes, done));
    if (fault !== null) throw fault;
  }

  /** Writes bytes from an address on, all or none; throws. */
  write(address: number, bytes: Uint8Array): void {
    const fault = this.writeBytes(address, bytes);
    if (fault !== null) throw fault;
  }

  /** A copy of a range. */
  readBytes(address: number, length: number): Uint8Array | PageFault {
    const fault = this.touch(address, length, 'read');
    if (fault !== null) return fault;
    const target = new Uint8Array(length);
    return this.#each(address, length, 'read', (bytes, done) => target.set(bytes, done)) ?? target;
  }

  /** Writes a range, all of it or nothing. */
  writeBytes(address: number, bytes: Uint8Array): PageFault | null {
    return (
      this.touch(address, bytes.length, 'write') ??
      this.#each(address, bytes.length, 'write', (segment, done) =>
        segment.set(bytes.subarray(done, done + segment.length)),
      )
    );
  }

  /** Makes a range usable, as a program's own access would. */
  touch(address: number, length: number, access: AccessKind): PageFault | null {
    const isOnePage = pageOf(address) === pageOf(address + Math.max(1, length) - 1);
    for (let tries = 0; tries < TOUCH_TRIES; tries += 1) {
      const { epoch } = this.#pool;
      const fault = this.#touchOnce(address, length, access);
      // Getting at the last page may have cost the first its frame.
      if (fault !== null || isOnePage || this.#pool.epoch === epoch) return fault;
    }
    return new PageFault(address, access, { failed: 'KERN_RESOURCE_SHORTAGE', subcode: address });
  }

  #touchOnce(address: number, length: number, access: AccessKind): PageFault | null {
    const end = address + length;
    for (let at = address; at < end; at = (pageOf(at) + 1) * PAGE) {
      const found = resolvePage(this.#map.regions, pageOf(at), access);
      if (isWait(found)) return new PageFault(at, access, { wait: found });
      if (typeof found === 'string') return new PageFault(at, access, { failed: found, subcode: at });
    }
    return null;
  }

  /** Translations made under another number are stale. */
  get epoch(): number {
    return this.#pool.epoch;
  }

  /**
   * Opens a range: it is made usable, for writing private and counted as written from now on. Throws a `PageFault` if
   * it cannot be had at once.
   */
  window(range: Range, mode: WindowMode): Window {
    return new Window(this, range, mode);
  }

  /** Shows a range page by page. The bytes are for use at once. */
  #each(address: number, length: number, access: 'read' | 'write', visit: Visit): PageFault | null {
    for (let done = 0; done < length; ) {
      const at = address + done;
      const page = pageOf(at);
      const entry = access === 'read' ? this.#find(page, this.#reads) : this.#find(page, this.#writes);
      const fault = entry < 0 ? this.#translate(page, at, access) : null;
      if (fault !== null) return fault;
      const offset = at - page * PAGE;
      const count = Math.min(PAGE - offset, length - done);
      const view = this.#views[page & MASK] ?? NO_VIEW;
      const start = view.byteOffset + (this.#bases[page & MASK] ?? 0) + offset;
      // Nobody gets hold of the zeros that all share.
      visit(view === ZEROS ? new Uint8Array(count) : new Uint8Array(view.buffer, start, count), done);
      done += count;
    }
    return null;
  }

  /** The page of an address is the one that is read from now on. */
  #turnToRead(address: number): void {
    const page = pageOf(address);
    const entry = page & MASK;
    if (this.#reads[entry] !== page || this.#epoch !== this.#pool.epoch) {
      const fault = this.#translate(page, address, 'read');
      if (fault !== null) throw fault;
    }
    this.#readStart = page * PAGE;
    this.#readView = this.#views[entry] ?? NO_VIEW;
    this.#readBase = this.#bases[entry] ?? 0;
  }

  /** The page of an address is the one that is written from now on. */
  #turnToWrite(address: number): void {
    const page = pageOf(address);
    const entry = page & MASK;
    if (this.#writes[entry] !== page || this.#epoch !== this.#pool.epoch) {
      const fault = this.#translate(page, address, 'write');
      if (fault !== null) throw fault;
    }
    this.#writeStart = page * PAGE;
    this.#writeView = this.#views[entry] ?? NO_VIEW;
    this.#writeBase = this.#bases[entry] ?? 0;
  }

  #find(page: number, tags: Float64Array): number {
    const entry = page & MASK;
    return tags[entry] === page && this.#epoch === this.#pool.epoch ? entry : -1;
  }

  /** Resolves a page and remembers where it is. */
  #translate(page: number, address: number, access: 'read' | 'write'): PageFault | null {
    const found = resolvePage(this.#map.regions, page, access);
    if (isWait(found)) return new PageFault(address, access, { wait: found });
    if (typeof found === 'string') return new PageFault(address, access, { failed: found, subcode: address });
    if (this.#epoch !== this.#pool.epoch) {
      this.#reads.fill(NONE);
      this.#writes.fill(NONE);
      this.#readStart = NONE;
      this.#writeStart = NONE;
      this.#epoch = this.#pool.epoch;
    }
    const entry = page & MASK;
    if (found.kind === 'zero') {
      this.#views[entry] = ZEROS;
      this.#bases[entry] = 0;
    } else {
      const { frames } = found.object;
      const slot = frames.slot(found.page);
      this.#views[entry] = frames.slab(slot).view;
      this.#bases[entry] = frames.offset(slot);
    }
    if (access === 'read') {
      this.#reads[entry] = page;
      if (this.#writes[entry] !== page) this.#writes[entry] = NONE;
    } else {
      const region = this.#map.regions.at(address);
      this.#reads[entry] = region !== null && (region.protection & PROT_READ) !== 0 ? page : NONE;
      this.#writes[entry] = page;
    }
    return null;
  }

  #gather(address: number, count: number): DataView {
    for (let i = 0; i < count; i += 1) this.#scratch.setUint8(i, this.getU8(address + i));
    return this.#scratch;
  }

  #scatter(address: number, count: number): void {
    const fault = this.touch(address, count, 'write');
    if (fault !== null) throw fault;
    for (let i = 0; i < count; i += 1) this.setU8(address + i, this.#scratch.getUint8(i));
  }
}

type Visit = (bytes: Uint8Array, offset: number) => void;
