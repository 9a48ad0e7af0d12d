/**
 * The address map of a task, and what `vm_*` calls do to it (mach-ipc 2.21). A call is refused whole, or happens
 * whole.
 */
import type { KernFailure, KernReturn } from '../../ports/kern-return.ts';
import { Access } from './access.ts';
import { awaitedForCopy, copyIn, copyObject, copyRegion, overwrite, writeBytes } from './copying.ts';
import { type Blocked, isBlocked } from './fault.ts';
import type { MapCopy, Piece } from './map-copy.ts';
import { MemoryObject } from './object.ts';
import { isWait } from './obtain.ts';
import { type Inheritance, MAP_END, MAP_START, PAGE, PROT_ALL, PROT_DEFAULT, pageCeil, pageFloor } from './page.ts';
import type { PagePool } from './pool.ts';
import { type Region, Regions } from './regions.ts';
import { privatise, reference } from './shadow.ts';

/** What a map may grow to, and where it lies. */
export interface MapLimits {
  readonly regions: number;
  /** Bytes that may be mapped now, and the most to which that may be raised without privilege. */
  readonly current: number;
  readonly max: number;
  readonly start: number;
  readonly end: number;
}

/** Limits of an ordinary task. */
export const DEFAULT_LIMITS: MapLimits = {
  regions: 65536,
  current: MAP_END,
  max: MAP_END,
  start: MAP_START,
  end: MAP_END,
};

/** Where something is to be mapped: at an address, or wherever there is room. */
export type Where = number | 'anywhere';

/** What is to be mapped, and how. */
export interface MapRequest {
  readonly size: number;
  readonly where: Where;
  /** Null: fresh memory. */
  readonly object: MemoryObject | null;
  /** Where in the object the mapping begins, in bytes. */
  readonly offset: number;
  /** `copy`: a private snapshot. */
  readonly share: 'share' | 'copy';
  readonly protection: number;
  readonly max: number;
  readonly inheritance: Inheritance | number;
}

/** One region, as `vm_region` tells of it. */
export interface RegionReport {
  readonly address: number;
  readonly size: number;
  readonly protection: number;
  readonly max: number;
  readonly inheritance: Inheritance;
  readonly shared: boolean;
  /** Number of the object, and where in it the region begins. */
  readonly object: number;
  readonly offset: number;
}

const INHERITANCES: readonly Inheritance[] = ['SHARE', 'COPY', 'NONE'];

const inheritanceOf = (value: Inheritance | number): Inheritance | null =>
  typeof value === 'number' ? (INHERITANCES[value] ?? null) : INHERITANCES.includes(value) ? value : null;

const isProtection = (bits: number): boolean => Number.isInteger(bits) && bits >= 0 && bits <= PROT_ALL;

const isNumber = (value: number): boolean => Number.isFinite(value) && value >= 0;

/** Which addresses show what, and how they may be used. */
export class AddressMap {
  readonly pool: PagePool;
  readonly regions: Regions;
  readonly #limits: MapLimits;
  #current: number;
  #max: number;
  #access: Access | null = null;

  constructor(pool: PagePool, limits: MapLimits = DEFAULT_LIMITS) {
    this.pool = pool;
    this.#limits = limits;
    this.#current = limits.current;
    this.#max = limits.max;
    this.regions = new Regions(pool, limits.regions, limits.start, limits.end);
  }

  /** How the programs of the task read and write. */
  get access(): Access {
    this.#access ??= new Access(this);
    return this.#access;
  }

  /** `vm_allocate`: fresh memory; answers its address. */
  allocate(size: number, where: Where = 'anywhere'): number | KernFailure {
    if (!isNumber(size)) return 'KERN_INVALID_ARGUMENT';
    if (size === 0) return 0;
    const at = this.#place(pageCeil(size), where, PROT_ALL);
    if (typeof at === 'string') return at;
    const grown = this.#growInto(at, pageCeil(size));
    if (grown) return at;
    const object = reference(new MemoryObject(this.pool, pageCeil(size) / PAGE));
    this.#enter(at, { object, page: 0, pages: object.pages }, false);
    return at;
  }

  /** `vm_deallocate`. Holes are no matter. */
  deallocate(address: number, size: number): KernReturn {
    if (!isNumber(size) || !isNumber(address)) return 'KERN_INVALID_ARGUMENT';
    if (size === 0) return 'KERN_SUCCESS';
    if (!this.#canRemove(address, size)) return 'KERN_RESOURCE_SHORTAGE';
    this.regions.remove(pageFloor(address), pageCeil(address + size));
    return 'KERN_SUCCESS';
  }

  /** `vm_protect`. A maximum that was lowered is never raised again. */
  protect(address: number, size: number, protection: number, bound: 'current' | 'maximum'): KernReturn {
    if (!isProtection(protection) || !isNumber(address) || !isNumber(size)) return 'KERN_INVALID_ARGUMENT';
    if (size === 0) return 'KERN_SUCCESS';
    const start = pageFloor(address);
    const end = pageCeil(address + size);
    const refused = this.regions.check(start, end, protection, 'max');
    if (refused !== null) return refused;
    if (!this.#canCut(address, size)) return 'KERN_RESOURCE_SHORTAGE';
    for (const region of this.regions.cut(start, end)) {
      if (bound === 'current') region.protection = protection;
      else this.regions.limitTo(region, protection, region.protection & protection);
    }
    this.regions.join(start, end);
    this.pool.bump();
    return 'KERN_SUCCESS';
  }

  /** `vm_inherit`: what children get of a range. Holes are no matter. */
  inherit(address: number, size: number, value: Inheritance | number): KernReturn {
    const inheritance = inheritanceOf(value);
    if (inheritance === null || !isNumber(address) || !isNumber(size)) return 'KERN_INVALID_ARGUMENT';
    if (size === 0) return 'KERN_SUCCESS';
    if (!this.#canCut(address, size)) return 'KERN_RESOURCE_SHORTAGE';
    const start = pageFloor(address);
    const end = pageCeil(address + size);
    for (const region of this.regions.cut(start, end)) region.inheritance = inheritance;
    this.regions.join(start, end);
    return 'KERN_SUCCESS';
  }

  /** `vm_region`: the first region at or above an address. */
  region(address: number): RegionReport | KernFailure {
    const region = this.regions.list[this.regions.indexAbove(address)];
    if (region === undefined) return 'KERN_NO_SPACE';
    return {
      address: region.start,
      size: region.end - region.start,
      protection: region.protection,
      max: region.max,
      inheritance: region.inheritance,
      shared: region.object.isShared,
      object: region.object.id,
      offset: region.page * PAGE,
    };
  }

  /** `vm_map`. Only a copy of an object whose pager must be heard first can block. */
  map(request: MapRequest): number | KernFailure | Blocked {
    const inheritance = inheritanceOf(request.inheritance);
    const { size, where, object, offset, max } = request;
    if (size === 0 || !isNumber(size) || inheritance === null) return 'KERN_INVALID_ARGUMENT';
    if (!isProtection(request.protection) || !isProtection(max)) return 'KERN_INVALID_ARGUMENT';
    if (!isNumber(offset) || offset % PAGE !== 0 || offset + size >= MAP_END) return 'KERN_INVALID_ARGUMENT';
    const length = pageCeil(size);
    const at = this.#place(length, where, max);
    if (typeof at === 'string') return at;
    const pages = length / PAGE;
    const shown = this.#shown(object, offset / PAGE, pages, request.share);
    if (typeof shown === 'string' || isBlocked(shown)) return shown;
    const needsCopy = object !== null && request.share === 'copy';
    this.#enter(at, shown, needsCopy, { protection: request.protection & max, max, inheritance });
    return at;
  }

  /** What a mapping shows, with a reference. */
  #shown(
    object: MemoryObject | null,
    page: number,
    pages: number,
    share: 'share' | 'copy',
  ): Piece | KernFailure | Blocked {
    if (object === null) return { object: reference(new MemoryObject(this.pool, pages)), page: 0, pages };
    object.grow(page + pages);
    if (share === 'share') {
      if (object.isInternal) object.isShared = true;
      return { object: reference(object), page, pages };
    }
    const copied = copyObject(object, page, pages);
    return isWait(copied) ? { wait: copied } : copied;
  }

  /** `vm_read`, and out-of-line memory of a message: a snapshot. O(regions). */
  read(address: number, size: number, fate: 'keep' | 'deallocate' = 'keep'): MapCopy | KernFailure | Blocked {
    if (!isNumber(address) || !isNumber(size)) return 'KERN_INVALID_ARGUMENT';
    if (fate === 'deallocate' && !this.#canRemove(address, size)) return 'KERN_RESOURCE_SHORTAGE';
    return copyIn(this.regions, address, size, fate);
  }

  /** What a `read` of the range would be blocked by; null if by nothing. Nothing is copied. */
  blocked(address: number, size: number): Blocked | null {
    if (!isNumber(address) || !isNumber(size)) return null;
    const wait = awaitedForCopy(this.regions, pageFloor(address), pageCeil(address + size));
    return wait === null ? null : { wait };
  }

  /** `vm_write`. The copy stays the caller's. */
  write(address: number, data: Uint8Array | MapCopy): KernReturn | Blocked {
    if (!isNumber(address)) return 'KERN_INVALID_ARGUMENT';
    return data instanceof Uint8Array
      ? writeBytes(this.regions, address, data)
      : overwrite(this.regions, address, data);
  }

  /** `vm_copy`: as if read, then written. */
  copy(from: number, size: number, to: number): KernReturn | Blocked {
    const data = this.read(from, size);
    if (typeof data === 'string' || isBlocked(data)) return data;
    const written = this.write(to, data);
    data.release();
    return written;
  }

  /** The map of a child: each region shared, copied or left out, as its inheritance says. */
  fork(): AddressMap | KernFailure | Blocked {
    const limits = { ...this.#limits, current: this.#current, max: this.#max };
    const child = new AddressMap(this.pool, limits);
    for (const region of this.regions.list) {
      if (region.inheritance === 'SHARE') child.regions.insert(this.#share(region));
      if (region.inheritance !== 'COPY') continue;
      const copied = copyRegion(region, region.start, region.end);
      if (isWait(copied) || typeof copied === 'string') {
        child.destroy();
        return isWait(copied) ? { wait: copied } : copied;
      }
      child.regions.insert({ ...region, object: copied.object, page: copied.page, needsCopy: true });
    }
    return child;
  }

  #share(region: Region): Region {
    privatise(region, (region.end - region.start) / PAGE);
    if (!region.object.isNamed) region.object.isShared = true;
    reference(region.object);
    return { ...region };
  }

  /** `vm_set_size_limit`. Only the privileged raise the maximum. */
  setSizeLimit(current: number, max: number, who: 'user' | 'privileged'): KernReturn {
    if (!isNumber(current) || !isNumber(max) || current > max) return 'KERN_INVALID_ARGUMENT';
    if (max > this.#max && who === 'user') return 'KERN_NO_ACCESS';
    this.#current = current;
    this.#max = max;
    return 'KERN_SUCCESS';
  }

  /** `vm_get_size_limit`. */
  get sizeLimit(): { readonly current: number; readonly max: number } {
    return { current: this.#current, max: this.#max };
  }

  /** Maps what a `MapCopy` holds: ordinary private memory. */
  enterPieces(pieces: readonly Piece[], pages: number): number | KernFailure {
    if (!this.regions.hasRoom(pieces.length)) return 'KERN_RESOURCE_SHORTAGE';
    const start = this.#place(pages * PAGE, 'anywhere', PROT_ALL);
    if (typeof start === 'string') return start;
    let at = start;
    for (const piece of pieces) {
      this.#enter(at, piece, true);
      at += piece.pages * PAGE;
    }
    return start;
  }

  /** The task is gone: everything is unmapped. */
  destroy(): void {
    this.regions.remove(0, MAP_END);
  }

  /** An address for `size` bytes, or why there is none. */
  #place(size: number, where: Where, max: number): number | KernFailure {
    const { regions } = this;
    if (!regions.hasRoom(1)) return 'KERN_RESOURCE_SHORTAGE';
    if (where === 'anywhere') {
      const at = regions.findFree(size);
      if (typeof at === 'string') return at;
      return this.#isWithinLimit(size, max) ? at : 'KERN_NO_SPACE';
    }
    const at = pageFloor(where);
    if (!(at >= regions.min && at + size <= regions.end)) return 'KERN_INVALID_ADDRESS';
    if (!regions.isFree(at, at + size)) return 'KERN_NO_SPACE';
    return this.#isWithinLimit(size, max) ? at : 'KERN_NO_SPACE';
  }

  #isWithinLimit(size: number, max: number): boolean {
    return max === 0 || this.regions.counted + size <= this.#current;
  }

  /** True if there may be as many regions as cutting a range makes. */
  #canCut(address: number, size: number): boolean {
    if (this.regions.hasRoom(2)) return true;
    const cuts = [pageFloor(address), pageCeil(address + size)].filter((at) => (this.regions.at(at)?.start ?? at) < at);
    return this.regions.hasRoom(cuts.length);
  }

  /** The same for unmapping: only a hole in the middle of a region makes one more. */
  #canRemove(address: number, size: number): boolean {
    if (this.regions.hasRoom(1)) return true;
    const region = this.regions.at(pageFloor(address));
    return region === null || region.start === pageFloor(address) || region.end <= address + size;
  }

  #enter(at: number, { object, page, pages }: Piece, needsCopy: boolean, how: Usage = ORDINARY): void {
    this.regions.insert({ start: at, end: at + pages * PAGE, object, page, needsCopy, ...how });
  }

  /** Fresh memory right behind ordinary memory of the same kind makes that longer. */
  #growInto(at: number, size: number): boolean {
    const region = this.regions.at(at - 1);
    if (region === null || region.end !== at || region.needsCopy) return false;
    const { object } = region;
    const isOrdinary =
      region.protection === ORDINARY.protection &&
      region.max === ORDINARY.max &&
      region.inheritance === ORDINARY.inheritance;
    const isAlone = object.references === 1 && object.isInternal && object.shadow === null && object.copy === null;
    if (!isOrdinary || !isAlone || object.isShared) return false;
    const first = region.page + (region.end - region.start) / PAGE;
    object.frames.discard(first, first + size / PAGE);
    object.grow(first + size / PAGE);
    this.regions.extend(region, size);
    return true;
  }
}

interface Usage {
  readonly protection: number;
  readonly max: number;
  readonly inheritance: Inheritance;
}

const ORDINARY: Usage = { protection: PROT_DEFAULT, max: PROT_ALL, inheritance: 'COPY' };
