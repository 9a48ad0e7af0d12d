/** Getting at one page of an object: through its shadows for reading, into a frame of its own for writing. */
import type { KernFailure } from '../../ports/kern-return.ts';
import { DIRTY, EMPTY, ERROR, FRESH, LOCK_MASK, LOCK_SHIFT, MODIFIED, PAGED, USED } from './frames.ts';
import type { MemoryObject, PageSource } from './object.ts';
import { PROT_READ, PROT_WRITE } from './page.ts';
import { PageWait } from './wait.ts';

/**
 * Where the content of a page is: a page that is here, of the object or of one that it shadows; or nowhere, and so
 * zero.
 */
export type Place =
  | { readonly kind: 'frame'; readonly object: MemoryObject; readonly page: number }
  | { readonly kind: 'zero' };

/** A place, or who must be waited for, or why there will be none. */
export type Obtained = Place | PageWait | KernFailure;

const ZERO: Place = { kind: 'zero' };
/** An answer may come while it is asked for; a pager that answers and gives nothing is not asked for ever. */
const TRIES = 8;

/** True for what must be waited for. */
export const isWait = (obtained: unknown): obtained is PageWait => obtained instanceof PageWait;

/** Finds the content of a page for the given accesses. */
export const findPage = (top: MemoryObject, page: number, need: number): Obtained => {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const found = findOnce(top, page, need);
    if (!isWait(found) || !found.isOver) return found;
  }
  return 'KERN_RESOURCE_SHORTAGE';
};

const findOnce = (top: MemoryObject, page: number, need: number): Obtained => {
  let object = top;
  let at = page;
  let access = need;
  for (;;) {
    const { frames, source } = object;
    const flags = frames.flags(at);
    if (frames.has(at)) {
      const locked = (flags & LOCK_MASK) >> LOCK_SHIFT;
      if ((locked & access) !== 0 && source !== null) return source.unlock(at, access);
      if ((flags & (USED | FRESH)) !== USED) frames.setFlags(at, (flags | USED) & ~FRESH);
      return { kind: 'frame', object, page: at };
    }
    if ((flags & ERROR) !== 0) return 'KERN_MEMORY_ERROR';
    if (source !== null && mayHave(source, flags)) return source.want(at, access);
    const { shadow } = object;
    if (shadow === null) return ZERO;
    at += shadow.page;
    object = shadow.object;
    access = PROT_READ;
  }
};

/** True if the source must be asked for a page that is not here. What the default pager has is known. */
const mayHave = (source: PageSource, flags: number): boolean =>
  source.role === 'internal' ? (flags & PAGED) !== 0 : (flags & EMPTY) === 0;

/**
 * The content that an object itself has for a page, whatever it shadows: bytes for use at once, `none`, or who must be
 * waited for. For who carries objects page by page.
 */
export const ownPage = (object: MemoryObject, page: number): Uint8Array | 'none' | PageWait | KernFailure => {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const bytes = object.view(page);
    if (bytes !== null) return bytes;
    const { source } = object;
    const flags = object.frames.flags(page);
    if ((flags & ERROR) !== 0) return 'KERN_MEMORY_ERROR';
    if (source === null || !mayHave(source, flags)) return 'none';
    const wait = source.want(page, PROT_READ);
    if (!isWait(wait) || !wait.isOver) return wait;
  }
  return 'KERN_RESOURCE_SHORTAGE';
};

/** The page is about to be written in `top` itself, with its old content or (`overwrite`) without. */
export const obtainForWrite = (top: MemoryObject, page: number, content: 'keep' | 'overwrite'): Obtained => {
  if (content === 'overwrite' && top.copy === null && !top.isNamed && !top.frames.has(page)) {
    if (!top.frames.add(page, 'zero', DIRTY | MODIFIED | USED)) return 'KERN_RESOURCE_SHORTAGE';
    top.pool.bump();
    return { kind: 'frame', object: top, page };
  }
  for (let tries = 0; tries < TRIES; tries += 1) {
    // Room comes first: making it later could evict what has been found.
    if (!top.pool.hasRoom(framesFor(top, page))) return 'KERN_RESOURCE_SHORTAGE';
    const found = findPage(top, page, PROT_READ | PROT_WRITE);
    if (typeof found === 'string' || isWait(found)) return found;
    // A pager that answered at once may have used it up.
    if (framesFor(top, page) > top.pool.free) continue;
    if (top.copy !== null) {
      const pushed = push(top, top.copy, page, found);
      if (pushed !== 'done') return pushed;
    }
    return own(top, page, found);
  }
  return 'KERN_RESOURCE_SHORTAGE';
};

/** Frames that are taken by writing to a page. */
const framesFor = (top: MemoryObject, page: number): number =>
  Number(!top.frames.has(page)) + Number(top.copy !== null && lacks(top.copy, page));

/** The page gets a frame in `top`, if it has none, and counts as written. */
const own = (top: MemoryObject, page: number, found: Place): Obtained => {
  const { frames } = top;
  if (found.kind === 'frame' && found.object === top) {
    const flags = frames.flags(page);
    if ((flags & (DIRTY | MODIFIED)) !== (DIRTY | MODIFIED)) frames.setFlags(page, flags | DIRTY | MODIFIED);
    return found;
  }
  if (!frames.add(page, contentOf(found), DIRTY | MODIFIED | USED)) return 'KERN_RESOURCE_SHORTAGE';
  if (top.references > 1) top.pool.bump();
  return { kind: 'frame', object: top, page };
};

/** True if a snapshot covers a page of its original and has no content of its own for it. */
const lacks = (copy: MemoryObject, page: number): boolean => {
  const at = page - (copy.shadow?.page ?? 0);
  if (at < 0 || at >= copy.pages || copy.frames.has(at)) return false;
  return copy.source?.role !== 'internal' || (copy.frames.flags(at) & PAGED) === 0;
};

/** The snapshot of `top` gets the old content of the page, unless it has it. */
const push = (top: MemoryObject, copy: MemoryObject, page: number, old: Place): 'done' | PageWait | KernFailure => {
  if (!lacks(copy, page)) return 'done';
  const at = page - (copy.shadow?.page ?? 0);
  if (!copy.isInternal && copy.source !== null && (copy.frames.flags(at) & (EMPTY | ERROR)) === 0) {
    const wait = copy.source.want(at, PROT_READ);
    if (!isWait(wait) || !wait.isOver) return wait;
    return push(top, copy, page, old);
  }
  if (!copy.frames.add(at, contentOf(old), DIRTY | MODIFIED)) return 'KERN_RESOURCE_SHORTAGE';
  top.pool.bump();
  return 'done';
};

const contentOf = (place: Place): Uint8Array | 'zero' =>
  place.kind === 'zero' ? 'zero' : (place.object.view(place.page) ?? 'zero');

/** The bytes of a place, for use at once; null for zeros. */
export const bytesAt = (place: Place): Uint8Array | null =>
  place.kind === 'zero' ? null : place.object.view(place.page);
