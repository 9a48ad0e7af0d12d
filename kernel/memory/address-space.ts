/**
 * A task's memory: its address map, the copy-on-write of what it shows, and the accessors of its program. What can be
 * settled at once (zero pages, copies) is; for a page that somebody else must supply the accessor throws a `Fault`.
 */
import type { Body } from '../../ports/body.ts';
import { Bytes, viewOfBytes } from '../../ports/bytes.ts';
import type { KernFailure } from '../../ports/kern-return.ts';
import type { MemoryCopy, Port } from '../../ports/port.ts';
import type { CopyImage, MemoryImage } from '../interface/image.ts';
import type { Fault } from '../program.ts';
import { MapCopy, type Piece } from './copy.ts';
import { findPage } from './found-page.ts';
import { MemoryObject, PAGE_SIZE, type PagePool, type Pager, type PageWaiter } from './object.ts';
import { copyOf, type ObjectPlan, planOf, type RegionPlan } from './plan.ts';
import { PROT_ALL, PROT_READ, PROT_WRITE, pageCeil, pageFloor, type Region, Regions } from './regions.ts';

/** Regions of one task. */
const REGIONS_MAX = 65536;

/** What an address space is given by its kernel. */
export interface MemoryParts {
  readonly pool: PagePool;
  readonly nextId: () => number;
  /** Makes a pager of a send right to its port, which it owns from now on. */
  readonly pagerOf: (port: Port, object: MemoryObject) => Pager;
}

/** What came of a fault. */
export type FaultOutcome = 'resident' | 'waiting' | KernFailure;

/** The memory of one task. */
export class AddressSpace {
  readonly regions: Regions = new Regions(REGIONS_MAX);
  readonly parts: MemoryParts;
  /** Bytes mapped, and the most that may be. */
  bytes = 0;
  limit: number = 2 ** 40;
  limitMax: number = 2 ** 40;
  /** Objects of a description, by its numbers: of a husk, or of a task that has just come in. */
  #described: Map<number, MemoryObject> = new Map();
  // The last translation. Hot path.
  #page = -1;
  #epoch = -1;
  #isWritable = false;
  #slab: Uint8Array = new Uint8Array(0);
  #words: Uint32Array = new Uint32Array(0);
  #base = 0;
  readonly #floats = new DataView(new ArrayBuffer(8));

  constructor(parts: MemoryParts) {
    this.parts = parts;
  }

  newObject(pages: number): MemoryObject {
    return new MemoryObject(this.parts.nextId(), pages, this.parts.pool);
  }

  // --- The accessors of programs ---

  getU8(address: number): number {
    // Two steps: finding the place may change the slab.
    const at = this.#at(address, false);
    return this.#slab[at] ?? 0;
  }

  setU8(address: number, value: number): void {
    const at = this.#at(address, true);
    this.#slab[at] = value;
  }

  getU32(address: number): number {
    if ((address & 3) === 0) {
      const at = this.#at(address, false);
      return this.#words[at >>> 2] ?? 0;
    }
    let value = 0;
    for (let i = 3; i >= 0; i -= 1) value = value * 256 + this.getU8(address + i);
    return value;
  }

  setU32(address: number, value: number): void {
    if ((address & 3) === 0) {
      const at = this.#at(address, true);
      this.#words[at >>> 2] = value;
      return;
    }
    this.#at(address + 3, true);
    for (let i = 0; i < 4; i += 1) this.setU8(address + i, (value >>> (i * 8)) & 255);
  }

  getF64(address: number): number {
    for (let i = 0; i < 8; i += 1) this.#floats.setUint8(i, this.getU8(address + i));
    return this.#floats.getFloat64(0, true);
  }

  setF64(address: number, value: number): void {
    this.#at(address + 7, true);
    this.#floats.setFloat64(0, value, true);
    for (let i = 0; i < 8; i += 1) this.setU8(address + i, this.#floats.getUint8(i));
  }

  read(address: number, target: Uint8Array): void {
    for (let done = 0; done < target.length; ) {
      const at = this.#at(address + done, false);
      const count = Math.min(target.length - done, PAGE_SIZE - ((address + done) % PAGE_SIZE));
      target.set(this.#slab.subarray(at, at + count), done);
      done += count;
    }
  }

  write(address: number, bytes: Uint8Array): void {
    for (let at = pageFloor(address); at < address + bytes.length; at += PAGE_SIZE) this.#at(at, true);
    for (let done = 0; done < bytes.length; ) {
      const at = this.#at(address + done, true);
      const count = Math.min(bytes.length - done, PAGE_SIZE - ((address + done) % PAGE_SIZE));
      this.#slab.set(bytes.subarray(done, done + count), at);
      done += count;
    }
  }

  /** The place of an address in the current slab. Throws a `Fault` if the page is not to be had at once. Hot path. */
  #at(address: number, isWrite: boolean): number {
    const page = Math.floor(address / PAGE_SIZE);
    if (page !== this.#page || this.#epoch !== this.regions.epoch || (isWrite && !this.#isWritable)) {
      const outcome = this.#translate(address, page, isWrite);
      if (outcome !== 'resident') throw fault(address, isWrite);
    }
    return this.#base + (address - page * PAGE_SIZE);
  }

  #translate(address: number, page: number, isWrite: boolean): FaultOutcome {
    const outcome = this.resolve(address, isWrite, null);
    if (outcome !== 'resident') return outcome;
    const region = this.regions.at(address);
    const found = region === null ? null : findPage(region.object, region.page + page - region.start / PAGE_SIZE);
    if (region === null || found === null || found.kind !== 'frame') return 'KERN_INVALID_ADDRESS';
    this.#page = page;
    this.#epoch = this.regions.epoch;
    this.#slab = found.object.slab(found.frame);
    this.#words = found.object.words(found.frame);
    this.#base = found.object.offset(found.frame);
    this.#isWritable = !region.needsCopy && found.object === region.object && (region.protection & PROT_WRITE) !== 0;
    return 'resident';
  }

  /**
   * Makes the page of an address accessible if that can be done now. With a `waiter` an absent page is asked for, and
   * the waiter is told when to look again.
   */
  resolve(address: number, isWrite: boolean, waiter: PageWaiter | null): FaultOutcome {
    const region = this.regions.at(address);
    if (region === null) return 'KERN_INVALID_ADDRESS';
    const needed = isWrite ? PROT_WRITE : PROT_READ;
    if ((region.protection & needed) === 0) return 'KERN_PROTECTION_FAILURE';
    if (isWrite && region.needsCopy) this.#shadow(region);
    const page = region.page + (pageFloor(address) - region.start) / PAGE_SIZE;
    const found = findPage(region.object, page);
    if (found.kind === 'failed') return found.reason;
    if (found.kind === 'ask') {
      if (waiter !== null) found.object.ask(found.page, waiter);
      return 'waiting';
    }
    if (found.kind === 'frame' && (found.object === region.object || !isWrite)) return 'resident';
    const bytes = found.kind === 'frame' ? found.object.view(found.page) : null;
    if (!region.object.fill(page, bytes)) return 'KERN_RESOURCE_SHORTAGE';
    this.regions.epoch += 1;
    return 'resident';
  }

  /** The region gets an object of its own in front of the one that it shares. */
  #shadow(region: Region): void {
    const below = region.object;
    const own = this.newObject((region.end - region.start) / PAGE_SIZE);
    own.shadow = { object: below, page: region.page };
    own.references = 1;
    region.object = own;
    region.page = 0;
    region.needsCopy = false;
    this.regions.epoch += 1;
  }

  // --- Messages ---

  /** (Memory) A snapshot of a range for a message. */
  take(address: number, size: number, deallocate: boolean): MapCopy | KernFailure {
    const start = pageFloor(address);
    const end = pageCeil(address + size);
    const refused = this.regions.covers(start, end, PROT_READ);
    if (refused !== null) return refused;
    const pieces: Piece[] = [];
    for (const region of this.regions.between(start, end)) {
      const piece = this.#snapshot(region);
      if (typeof piece === 'string') return piece;
      pieces.push(piece);
    }
    const copy = new MapCopy(size, address - start, pieces);
    if (deallocate) this.unmap(start, end);
    return copy;
  }

  #snapshot(region: Region): Piece | KernFailure {
    const pages = (region.end - region.start) / PAGE_SIZE;
    if (!region.isShared) {
      region.needsCopy = true;
      return { object: region.object, page: region.page, pages };
    }
    // Others write into the object as it is: what they will change is copied now.
    const copy = this.newObject(pages);
    for (let page = 0; page < pages; page += 1) {
      const found = findPage(region.object, region.page + page);
      if (found.kind === 'ask') return 'KERN_MEMORY_ERROR';
      const bytes = found.kind === 'frame' ? found.object.view(found.page) : null;
      if (bytes !== null && !copy.fill(page, bytes)) return 'KERN_RESOURCE_SHORTAGE';
    }
    return { object: copy, page: 0, pages };
  }

  /** (Memory) Maps a snapshot somewhere; the copy is used up. */
  map(copy: MemoryCopy): number | KernFailure {
    if (!(copy instanceof MapCopy)) return 'KERN_INVALID_ARGUMENT';
    const size = copy.pages * PAGE_SIZE;
    const base = this.bytes + size > this.limit ? 'KERN_NO_SPACE' : this.regions.findFree(size);
    if (typeof base === 'string') {
      copy.release();
      return base;
    }
    const { inset } = copy;
    this.place(base, copy.give());
    return base + inset;
  }

  /** Shows pieces from an address on; their references become the regions'. */
  place(base: number, pieces: readonly Piece[]): void {
    let at = base;
    for (const { object, page, pages } of pieces) {
      const end = at + pages * PAGE_SIZE;
      this.insert({ ...fresh(at, end, object), page, needsCopy: true });
      object.references -= 1;
      at = end;
    }
  }

  insert(region: Region): void {
    this.regions.insert(region);
    this.bytes += region.end - region.start;
  }

  unmap(start: number, end: number): void {
    const regions = this.regions.between(start, end);
    for (const region of regions) this.bytes -= region.end - region.start;
    this.regions.remove(regions);
  }

  /** (Memory) The task is gone. */
  destroy(): void {
    this.unmap(0, Number.MAX_SAFE_INTEGER);
    this.#described.clear();
  }

  /** Gives a new task what its parent passes on. */
  inherit(parent: AddressSpace): void {
    for (const region of parent.regions.list) {
      if (region.inheritance === 2) continue;
      if (region.inheritance === 0) {
        if (region.needsCopy) parent.#shadow(region);
        region.isShared = true;
        this.insert({ ...region });
        continue;
      }
      const piece = parent.#snapshot(region);
      if (typeof piece !== 'string')
        this.insert({ ...region, object: piece.object, page: piece.page, needsCopy: true, isShared: false });
    }
    parent.regions.epoch += 1;
  }

  // --- Moving ---

  /** Regions and objects as data, and snapshots in flight that go with the task. O(regions). */
  describe(copies: readonly MapCopy[] = []): MemoryImage {
    this.#described = new Map();
    const objects: ObjectPlan[] = [];
    for (const { object } of this.regions.list) this.#describeObject(object, objects);
    for (const { pieces } of copies) for (const { object } of pieces) this.#describeObject(object, objects);
    const regions = this.regions.list.map(
      ({ object, isShared: _shared, ...region }): RegionPlan => ({ ...region, object: object.id }),
    );
    return { objects, regions, copies: copies.map(planOf) };
  }

  #describeObject(object: MemoryObject, objects: ObjectPlan[]): void {
    if (this.#described.has(object.id)) return;
    this.#described.set(object.id, object);
    const { shadow } = object;
    if (shadow !== null) this.#describeObject(shadow.object, objects);
    objects.push({
      id: object.id,
      pages: object.pages,
      resident: object.resident,
      shadow: shadow?.object.id ?? -1,
      shadowPage: shadow?.page ?? 0,
    });
  }

  /** Totals over what the regions show. */
  figures(): Record<string, number> {
    const seen = new Set<MemoryObject>();
    for (const region of this.regions.list) {
      for (let object: MemoryObject | null = region.object; object !== null; object = object.shadow?.object ?? null)
        seen.add(object);
    }
    let pages = 0;
    let awaited = 0;
    for (const object of seen) {
      pages += object.resident;
      if (object.backing.kind === 'pager') awaited += 1;
    }
    return { pages, bytes: this.bytes, regions: this.regions.list.length, awaited };
  }

  readObject(id: number, page: number, count: number): { page: number; bytes: Bytes }[] {
    const object = this.#described.get(id);
    const pages: { page: number; bytes: Bytes }[] = [];
    if (object === undefined) return pages;
    for (let at = page; at < page + count; at += 1) {
      const view = object.view(at);
      if (view !== null) pages.push({ page: at, bytes: Bytes.from(view) });
    }
    return pages;
  }

  residentPages(id: number): Uint8Array {
    return this.#described.get(id)?.bitmap() ?? new Uint8Array(0);
  }

  /** Makes what a description tells of. `pager` answers the right of an object that is paged. */
  restore(image: MemoryImage, pager: (index: number) => Port | null): void {
    const plans = image.objects as readonly ObjectPlan[];
    for (const plan of plans) {
      const object = this.newObject(plan.pages);
      this.#described.set(plan.id, object);
      const below = this.#described.get(plan.shadow);
      if (below !== undefined) {
        object.shadow = { object: below, page: plan.shadowPage };
        below.references += 1;
      }
      const port = plan.pager === undefined || plan.pager < 0 ? null : pager(plan.pager);
      const supplier = port === null ? null : this.parts.pagerOf(port, object);
      // A pager that is dead already has said so: the pages are lost.
      if (supplier !== null && object.backing.kind === 'zero') object.backing = { kind: 'pager', pager: supplier };
    }
    for (const { object: id, ...region } of image.regions as readonly RegionPlan[]) {
      const object = this.#described.get(id);
      if (object !== undefined) this.insert({ ...region, object, isShared: false });
    }
  }

  /** A snapshot of what has been restored. */
  restoreCopy(image: CopyImage): MapCopy {
    return copyOf(image, this.#described);
  }

  supplyObject(id: number, pages: readonly { readonly page: number; readonly bytes: Body }[]): void {
    const object = this.#described.get(id);
    if (object === undefined) return;
    for (const { page, bytes } of pages) {
      if (bytes instanceof Bytes && bytes.length === PAGE_SIZE) object.supply(page, viewOfBytes(bytes));
    }
  }
}

/** A region with the protection that new memory has. */
export const fresh = (start: number, end: number, object: MemoryObject): Region => ({
  start,
  end,
  object,
  page: 0,
  protection: PROT_READ | PROT_WRITE,
  max: PROT_ALL,
  inheritance: 1,
  needsCopy: false,
  isShared: false,
});

const fault = (address: number, isWrite: boolean): Fault => ({
  fault: 'page',
  address,
  access: isWrite ? 'write' : 'read',
});
