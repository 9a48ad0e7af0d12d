/**
 * Chains of shadows: how they are made, given up, and kept short.
 *
 * A chain is shortened whenever a link has only one user left, its shadow:  top ─▶ below ─▶ rest  becomes  top ─▶ rest,
 * and top has the pages of below that it had not replaced. An empty link with other users is stepped over.
 */
import { invariant } from '../../ports/invariant.ts';
import { PAGED } from './frames.ts';
import { InternalMemory } from './internal.ts';
import { MemoryObject } from './object.ts';

/** The object gets one reference more. */
export const reference = (object: MemoryObject): MemoryObject => {
  if (object.references === 0 && object.source !== null) object.source.revive();
  object.references += 1;
  enroll(object);
  return object;
};

/** From now on the pages of the object may go to the default pager, if it is anonymous. */
export const enroll = (object: MemoryObject): void => {
  if (object.references === 0 || object.source !== null || object.internal !== null) return;
  new InternalMemory(object, shortenAround);
};

/** Nothing is awaited for the object any more: it, and what shadows it, may be shortened. */
const shortenAround = (object: MemoryObject): void => {
  shorten(object);
  for (const top of [...object.shadowers]) shorten(top);
};

const setShadow = (object: MemoryObject, below: MemoryObject, page: number): void => {
  object.shadow = { object: below, page };
  below.shadowers.add(object);
};

/** (A map that arrives) The object shadows another, which gets a reference. */
export const putShadow = (object: MemoryObject, below: MemoryObject, page: number): void =>
  setShadow(object, reference(below), page);

/** One reference less. The last one gives up frames and what is shadowed, unless the pager lets the object be kept. */
export const release = (object: MemoryObject): void => {
  let each: MemoryObject | null = object;
  while (each !== null) {
    each.references -= 1;
    invariant(each.references >= 0, 'a reference is released once');
    if (each.references > 0) {
      if (each.references === 1) soleUser(each);
      return;
    }
    if (each.source !== null && each.source.unreferenced() === 'kept') return;
    each = dispose(each);
  }
};

/**
 * An object that nobody refers to gives up everything. Answers the object that it shadowed: that reference is the
 * caller's to release.
 */
export const dispose = (object: MemoryObject): MemoryObject | null => {
  invariant(object.shadowers.size === 0 && object.copy === null, 'an object that is shadowed is referred to');
  if (object.frames.resident > 0) object.pool.bump();
  object.internal?.end();
  object.internal = null;
  object.frames.clear();
  const below = object.shadow?.object ?? null;
  object.shadow = null;
  if (below !== null) {
    below.shadowers.delete(object);
    if (below.copy === object) below.copy = null;
  }
  return below;
};

/** A region or a copy is the only user: nothing is shared. A shadow is: the two become one. */
const soleUser = (object: MemoryObject): void => {
  object.isCopied = false;
  if (object.shadowers.size === 0) {
    if (!object.isNamed) object.isShared = false;
    return;
  }
  for (const top of object.shadowers) {
    shorten(top);
    return;
  }
};

/** A new object in front of `pages` pages of another, whose reference it takes over. */
export const shadowOf = (below: MemoryObject, page: number, pages: number): MemoryObject => {
  const top = reference(new MemoryObject(below.pool, pages));
  setShadow(top, below, page);
  return top;
};

/** What a region is, as far as its object is concerned. */
export interface Shows {
  object: MemoryObject;
  /** The page of the object at the start of the region. */
  page: number;
  /** Others may refer to the object as it is now: a write first makes a shadow. */
  needsCopy: boolean;
}

/** Gives a region, or a part of one, of `pages` pages an object that it may write to. */
export const privatise = (region: Shows, pages: number): void => {
  if (!region.needsCopy) return;
  const { object } = region;
  region.needsCopy = false;
  if (object.references === 1 && !object.isNamed) {
    object.isCopied = false;
    object.isSnapshot = false;
    return;
  }
  region.object = shadowOf(object, region.page, pages);
  region.page = 0;
  shorten(region.object);
};

/**
 * A snapshot of an object that others go on writing to, with one reference for the caller. O(1). One to which nothing
 * has been written since serves again, unless it must be a `new` one.
 */
export const snapshotOf = (object: MemoryObject, which: 'any' | 'new' = 'any'): MemoryObject => {
  const last = object.copy;
  const isReusable = which === 'any' && last?.isSnapshot && !last.isNamed && last.isBlank;
  if (isReusable && last.pages === object.pages) {
    last.isCopied = true;
    return reference(last);
  }
  const snapshot = new MemoryObject(object.pool, object.pages);
  snapshot.isSnapshot = true;
  if (last !== null) {
    // Later writes go to the new snapshot; what they replace, the earlier one sees through it.
    const { shadow } = last;
    invariant(shadow !== null && shadow.object === object, 'a snapshot shadows its original');
    object.shadowers.delete(last);
    setShadow(last, reference(snapshot), shadow.page);
    object.references -= 1;
  }
  setShadow(snapshot, reference(object), 0);
  object.copy = snapshot;
  object.pool.bump();
  return reference(snapshot);
};

/** Merges the links below `top` that nobody else needs, and steps over empty ones. */
export const shorten = (top: MemoryObject): void => {
  for (;;) {
    const { shadow } = top;
    if (shadow === null || !top.isInternal) return;
    const below = shadow.object;
    if (!below.isInternal) return;
    if (below.references === 1) {
      if (!canAbsorb(top, below, shadow.page)) return;
      absorb(top, below, shadow.page);
      continue;
    }
    const next = below.shadow;
    const isEmpty = below.isBlank && below.copy === null && !below.isSnapshot;
    if (!isEmpty || next === null || next.object.copy === below) return;
    below.shadowers.delete(top);
    setShadow(top, reference(next.object), shadow.page + next.page);
    release(below);
  }
};

/** True if an object has a page of its own, here or at the default pager. */
const isReplaced = ({ frames }: MemoryObject, page: number): boolean =>
  frames.has(page) || (frames.flags(page) & PAGED) !== 0;

/** Pages of `below` that are only at the pager and that `top` shows. */
const savedFor = (top: MemoryObject, below: MemoryObject, offset: number): number[] => {
  const pages: number[] = [];
  if (below.source === null) return pages;
  below.frames.forEachFlagged(offset, offset + top.pages, PAGED, (page) => {
    if (!below.frames.has(page) && !isReplaced(top, page - offset)) pages.push(page);
    return true;
  });
  return pages;
};

/** An object has one pager: if both need theirs, they stay two. While an answer is awaited nothing changes. */
const canAbsorb = (top: MemoryObject, below: MemoryObject, offset: number): boolean => {
  if (top.internal?.isIdle === false || below.internal?.isIdle === false) return false;
  return !top.isPagedOut || savedFor(top, below, offset).length === 0;
};

/** The pager of `below` becomes that of `top` if it is still needed, and else ends. Before pages change hands. */
const takePager = (top: MemoryObject, below: MemoryObject, offset: number): readonly number[] => {
  const saved = savedFor(top, below, offset);
  const { internal } = below;
  below.internal = null;
  below.source = null;
  if (saved.length === 0) {
    below.frames.clearFlags(0, below.pages, PAGED);
    internal?.end();
    return saved;
  }
  below.frames.clearFlags(0, offset, PAGED);
  below.frames.clearFlags(offset + top.pages, below.pages, PAGED);
  top.internal?.end();
  internal?.rehome(top, offset);
  return saved;
};

/** `below`, which only `top` refers to, goes; its pages and its place in the chain are top's. */
const absorb = (top: MemoryObject, below: MemoryObject, offset: number): void => {
  const isTopPagedOut = top.isPagedOut;
  const saved = takePager(top, below, offset);
  if (below.frames.resident > top.frames.resident && !isTopPagedOut) takeStorage(top, below, offset);
  else {
    for (const page of saved) top.frames.setFlags(page - offset, below.frames.flags(page));
    takePages(top, below, offset);
  }
  top.pool.bump();
  const next = below.shadow;
  below.shadowers.delete(top);
  below.shadow = null;
  below.copy = null;
  below.references = 0;
  below.frames.clear();
  top.shadow = null;
  if (next === null) return;
  next.object.shadowers.delete(below);
  setShadow(top, next.object, offset + next.page);
  if (next.object.copy === below) next.object.copy = top;
};

const takePages = (top: MemoryObject, below: MemoryObject, offset: number): void => {
  below.frames.forEachIn(offset, offset + top.pages, (page) => {
    if (!isReplaced(top, page - offset)) top.frames.adopt(page - offset, below.frames, page);
    return true;
  });
};

/** Most pages are below: they stay where they are, and the few of the top move down. */
const takeStorage = (top: MemoryObject, below: MemoryObject, offset: number): void => {
  const end = offset + top.pages;
  if (offset > 0 || below.pages > top.pages) {
    below.frames.forEach((page) => {
      if (page < offset || page >= end) below.frames.drop(page);
      return true;
    });
  }
  top.frames.forEachIn(0, top.pages, (page) => {
    below.frames.adopt(page + offset, top.frames, page);
    return true;
  });
  below.frames.rebase(offset);
  top.exchangeFrames(below);
};
