/** Moving bytes between maps and the world: snapshots of ranges, and writing into ranges. */
import type { KernFailure, KernReturn } from '../../ports/kern-return.ts';
import { type Blocked, resolvePage } from './fault.ts';
import { MapCopy, type Piece } from './map-copy.ts';
import { MemoryObject } from './object.ts';
import { bytesAt, findPage, isWait } from './obtain.ts';
import { PAGE, PROT_READ, PROT_WRITE, pageCeil, pageFloor, pageOf } from './page.ts';
import { objectPage, type Region, type Regions } from './regions.ts';
import { reference, release, snapshotOf } from './shadow.ts';
import type { PageWait } from './wait.ts';

/** Times that room is made for one write. */
const ROOM_TRIES = 8;

/** How an object can be copied; a wait if its pager must be heard first. */
const copyMethod = (object: MemoryObject): 'symmetric' | 'delayed' | 'told' | 'eager' | PageWait => {
  if (object.source === null || !object.isNamed) return object.isShared ? 'delayed' : 'symmetric';
  const strategy = object.source.strategy();
  if (isWait(strategy)) return strategy;
  if (strategy === 'NONE') return 'eager';
  return strategy === 'CALL' ? 'told' : 'delayed';
};

/** A snapshot of an object whose pager wants to know of it. */
const tellOfCopy = (object: MemoryObject, page: number, pages: number): Piece => {
  const snapshot = snapshotOf(object, 'new');
  object.source?.copied(snapshot, page, pages);
  return { object: snapshot, page, pages };
};

/** The pages of a region between two addresses, to be mapped with `needsCopy`; with a reference. */
export const copyRegion = (region: Region, start: number, end: number): Piece | PageWait | KernFailure => {
  const { object } = region;
  const page = objectPage(region, start);
  const pages = (end - start) / PAGE;
  const method = copyMethod(object);
  switch (method) {
    case 'symmetric':
      if (!region.needsCopy) object.pool.bump();
      region.needsCopy = true;
      object.isCopied = true;
      return { object: reference(object), page, pages };
    case 'delayed':
      return { object: snapshotOf(object), page, pages };
    case 'told':
      return tellOfCopy(object, page, pages);
    case 'eager':
      return copyEagerly(object, page, pages);
    default:
      return method;
  }
};

/** The pages of an object that is not mapped, as `copyRegion`. */
export const copyObject = (object: MemoryObject, page: number, pages: number): Piece | PageWait | KernFailure => {
  const method = copyMethod(object);
  if (isWait(method)) return method;
  if (method === 'told') return tellOfCopy(object, page, pages);
  return method === 'eager' ? copyEagerly(object, page, pages) : { object: snapshotOf(object), page, pages };
};

const copyEagerly = (object: MemoryObject, first: number, pages: number): Piece | PageWait | KernFailure => {
  const { pool } = object;
  if (pages * 2 > pool.limit || !pool.hasRoom(pages)) return 'KERN_RESOURCE_SHORTAGE';
  const copy = reference(new MemoryObject(pool, pages));
  for (let page = 0; page < pages; page += 1) {
    const found = findPage(object, first + page, PROT_READ);
    if (!isWait(found) && typeof found !== 'string') {
      const bytes = bytesAt(found);
      if (bytes === null || copy.frames.add(page, bytes, 0)) continue;
    }
    release(copy);
    return isWait(found) || typeof found === 'string' ? found : 'KERN_RESOURCE_SHORTAGE';
  }
  return { object: copy, page: 0, pages };
};

/** Whom a snapshot of a range would have to wait for now; null if nobody. Asks for what is not there. */
export const awaitedForCopy = (regions: Regions, start: number, end: number): PageWait | null => {
  for (const region of regions.overlapping(start, end)) {
    const method = copyMethod(region.object);
    if (isWait(method)) return method;
    if (method !== 'eager') continue;
    const first = objectPage(region, Math.max(start, region.start));
    const last = objectPage(region, Math.min(end, region.end));
    for (let page = first; page < last; page += 1) {
      const found = findPage(region.object, page, PROT_READ);
      if (isWait(found)) return found;
    }
  }
  return null;
};

/**
 * A snapshot of a range, which must be readable: O(regions). With `deallocate` the pages that it touches are unmapped.
 */
export const copyIn = (
  regions: Regions,
  address: number,
  size: number,
  fate: 'keep' | 'deallocate',
): MapCopy | KernFailure | Blocked => {
  if (size === 0) return MapCopy.fromPieces(regions.pool, [], 0, 0);
  const start = pageFloor(address);
  const end = pageCeil(address + size);
  const refused = regions.check(start, end, PROT_READ);
  if (refused !== null) return refused;
  const pieces: Piece[] = [];
  for (const region of regions.overlapping(start, end)) {
    const piece = copyRegion(region, Math.max(start, region.start), Math.min(end, region.end));
    if (isWait(piece) || typeof piece === 'string') {
      for (const { object } of pieces) release(object);
      return isWait(piece) ? { wait: piece } : piece;
    }
    append(pieces, piece);
  }
  if (fate === 'deallocate') regions.remove(start, end);
  return MapCopy.fromPieces(regions.pool, pieces, address - start, size);
};

/** Adds a piece; if it continues the last one, they become one. */
const append = (pieces: Piece[], piece: Piece): void => {
  const last = pieces.at(-1);
  if (last !== undefined && last.object === piece.object && last.page + last.pages === piece.page) {
    pieces[pieces.length - 1] = { ...last, pages: last.pages + piece.pages };
    release(piece.object);
  } else pieces.push(piece);
};

/** Writes bytes into a range: all of them or none. Pages that are wholly replaced are not fetched. */
export const writeBytes = (regions: Regions, address: number, bytes: Uint8Array): KernReturn | Blocked => {
  if (bytes.length === 0) return 'KERN_SUCCESS';
  const refused = regions.check(pageFloor(address), pageCeil(address + bytes.length), PROT_WRITE);
  if (refused !== null) return refused;
  const first = pageOf(address);
  const last = pageOf(address + bytes.length - 1);
  const { pool } = regions;
  if (!makeRoom(regions, address, bytes.length)) {
    return pool.backing.wait === null ? 'KERN_RESOURCE_SHORTAGE' : { wait: pool.backing.wait };
  }
  for (let page = first; page <= last; page += 1) {
    if (isWhole(page, address, bytes.length) && isReplaceable(regions, page)) continue;
    const found = resolvePage(regions, page, 'write');
    if (isWait(found)) return { wait: found };
    if (typeof found === 'string') return found;
  }
  for (let page = first; page <= last; page += 1) {
    const found = resolvePage(regions, page, 'write', isWhole(page, address, bytes.length) ? 'overwrite' : 'keep');
    if (isWait(found)) return { wait: found };
    if (typeof found === 'string') return found;
    const from = Math.max(address, page * PAGE);
    const to = Math.min(address + bytes.length, (page + 1) * PAGE);
    bytesAt(found)?.set(bytes.subarray(from - address, to - address), from - page * PAGE);
  }
  return 'KERN_SUCCESS';
};

/** Room for what a write takes, as counted when room has been made: that may have evicted pages of the range itself. */
const makeRoom = (regions: Regions, address: number, length: number): boolean => {
  const { pool } = regions;
  for (let tries = 0; tries < ROOM_TRIES; tries += 1) {
    const frames = framesFor(regions, address, length);
    if (frames <= pool.free) return true;
    if (!pool.hasRoom(frames)) return false;
  }
  return false;
};

const isWhole = (page: number, address: number, length: number): boolean =>
  page * PAGE >= address && (page + 1) * PAGE <= address + length;

/** True if a page can be replaced without its old content being known. */
const isReplaceable = (regions: Regions, page: number): boolean => {
  const region = regions.at(page * PAGE);
  return region !== null && !region.object.isNamed && region.object.copy === null;
};

/** At most so many frames are taken by writing to a range. */
const framesFor = (regions: Regions, address: number, length: number): number => {
  const from = pageFloor(address);
  const to = pageCeil(address + length);
  let count = 0;
  for (const region of regions.overlapping(from, to)) {
    const { object, needsCopy } = region;
    const start = Math.max(region.start, from);
    const end = Math.min(region.end, to);
    // A page of a snapshot for each; and a page from behind for those at the edges, whose old content matters.
    count += ((end - start) / PAGE) * (object.copy === null ? 1 : 2);
    if (needsCopy || object.shadow !== null) {
      for (const page of new Set([pageOf(start), pageOf(end - 1)])) {
        if (!isWhole(page, address, length) && !object.frames.has(objectPage(region, page * PAGE))) count += 1;
      }
    }
    if (needsCopy) continue;
    object.frames.forEachIn(objectPage(region, start), objectPage(region, end), () => {
      count -= 1;
      return true;
    });
  }
  return count;
};

/**
 * Writes a copy over a range, which may be where it was taken from. By reference where pages match, else byte by byte.
 */
export const overwrite = (regions: Regions, address: number, copy: MapCopy): KernReturn | Blocked => {
  if (copy.size === 0) return 'KERN_SUCCESS';
  const refused = regions.check(pageFloor(address), pageCeil(address + copy.size), PROT_WRITE);
  if (refused !== null) return refused;
  if (canReplace(regions, address, copy)) {
    replace(regions, address, copy);
    return 'KERN_SUCCESS';
  }
  const bytes = new Uint8Array(copy.size);
  const read = copy.readInto(bytes);
  if (isWait(read)) return { wait: read };
  return read === 'KERN_SUCCESS' ? writeBytes(regions, address, bytes) : read;
};

const canReplace = (regions: Regions, address: number, copy: MapCopy): boolean => {
  const { pieces } = copy;
  if (pieces === null || copy.offset !== 0 || address % PAGE !== 0 || copy.size % PAGE !== 0) return false;
  const parts = regions.overlapping(address, address + copy.size);
  if (!regions.hasRoom(parts.length + pieces.length + 2)) return false;
  return parts.every(({ object }) => !object.isNamed && !object.isShared);
};

const replace = (regions: Regions, address: number, copy: MapCopy): void => {
  const end = address + copy.size;
  const before = regions.cut(address, end).map((region) => ({ ...region }));
  const pieces = copy.pieces ?? [];
  for (const { object } of pieces) reference(object).isCopied = true;
  regions.remove(address, end);
  let at = address;
  for (const { object, page, pages } of pieces) {
    const stop = at + pages * PAGE;
    for (const region of before) {
      const start = Math.max(at, region.start);
      const until = Math.min(stop, region.end);
      if (start >= until) continue;
      const shown = { object: reference(object), page: page + (start - at) / PAGE, needsCopy: true };
      regions.insert({ ...region, ...shown, start, end: until });
    }
    release(object);
    at = stop;
  }
  regions.join(address, end);
};
