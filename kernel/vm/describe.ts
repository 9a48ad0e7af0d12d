/**
 * An address map as data, for a move: regions, and the objects behind them as a graph. Nothing in it depends on how
 * many pages there are. Sharing within the map (two regions on one object, chains of shadows, snapshots) is kept; pages
 * travel by object and number.
 */
import { invariant } from '../../ports/invariant.ts';
import type { AddressMap } from './address-map.ts';
import { controlOf } from './control.ts';
import { MapCopy, type Piece } from './map-copy.ts';
import type { MemoryObject } from './object.ts';
import { type Inheritance, PAGE, pageCeil, pageFloor } from './page.ts';
import { objectPage } from './regions.ts';
import { putShadow, reference } from './shadow.ts';

/** An object without its pages. Numbers of objects mean something within one description. */
export interface ObjectDescription {
  readonly id: number;
  readonly pages: number;
  /** Pages with content of the object's own, here or at the default pager. */
  readonly own: number;
  /** `named`: the object of an external pager. */
  readonly kind: 'anonymous' | 'named';
  readonly shadow: { readonly object: number; readonly page: number } | null;
  /** The snapshot that gets its old pages, if the map has it. */
  readonly copy: number | null;
  readonly isShared: boolean;
  readonly isSnapshot: boolean;
  /** Regions of this map, shadows and other users, elsewhere too: more than the map has means that others use it. */
  readonly references: number;
}

/** A region; `object` is a number of the description. */
export interface RegionDescription {
  readonly start: number;
  readonly end: number;
  readonly object: number;
  readonly page: number;
  readonly protection: number;
  readonly max: number;
  readonly inheritance: Inheritance;
  readonly needsCopy: boolean;
}

/** A map. What is shadowed stands before what shadows it. */
export interface MapDescription {
  readonly regions: readonly RegionDescription[];
  readonly objects: readonly ObjectDescription[];
  readonly sizeLimit: { readonly current: number; readonly max: number };
}

/** Memory in flight: a snapshot of ranges of objects, in pages. `offset` is where the data begins in the first. */
export interface CopyDescription {
  readonly size: number;
  readonly offset: number;
  readonly pieces: readonly { readonly object: number; readonly page: number; readonly pages: number }[];
}

/**
 * Every object that a map and snapshots in flight refer to, by number, what is shadowed first: to look up pages of a
 * frozen map by.
 */
export const objectsOf = (map: AddressMap, inFlight: readonly MapCopy[] = []): Map<number, MemoryObject> => {
  const found = new Map<number, MemoryObject>();
  const users = [...map.regions.list, ...inFlight.flatMap(({ pieces }) => pieces ?? [])];
  for (const { object } of users) {
    const chain: MemoryObject[] = [];
    for (let each: MemoryObject | undefined = object; each !== undefined; each = each.shadow?.object) {
      if (found.has(each.id)) break;
      chain.push(each);
    }
    for (const each of chain.reverse()) found.set(each.id, each);
  }
  return found;
};

/** The map as data, with the objects of snapshots that go with it. O(regions and objects). */
export const describe = (map: AddressMap, inFlight: readonly MapCopy[] = []): MapDescription => {
  const objects = objectsOf(map, inFlight);
  return {
    regions: map.regions.list.map((region) => ({
      start: region.start,
      end: region.end,
      object: region.object.id,
      page: region.page,
      protection: region.protection,
      max: region.max,
      inheritance: region.inheritance,
      needsCopy: region.needsCopy,
    })),
    objects: [...objects.values()].map((object) => ({
      id: object.id,
      pages: object.pages,
      own: object.ownCount,
      kind: object.isNamed ? 'named' : 'anonymous',
      shadow: object.shadow === null ? null : { object: object.shadow.object.id, page: object.shadow.page },
      copy: object.copy !== null && objects.has(object.copy.id) ? object.copy.id : null,
      isShared: object.isShared,
      isSnapshot: object.isSnapshot,
      references: object.references,
    })),
    sizeLimit: map.sizeLimit,
  };
};

/** A snapshot as data, over objects that `describe` tells of. */
export const describeCopy = ({ size, offset, pieces }: MapCopy): CopyDescription => ({
  size,
  offset,
  pieces: (pieces ?? []).map(({ object, page, pages }) => ({ object: object.id, page, pages })),
});

/** The snapshot again, over objects that `restore` has made: whoever gets it maps it or releases it. */
export const restoreCopy = (
  { pool }: AddressMap,
  { size, offset, pieces }: CopyDescription,
  objects: ReadonlyMap<number, MemoryObject>,
): MapCopy => {
  const found = pieces.map(({ object: id, page, pages }): Piece => {
    const object = objects.get(id);
    invariant(object !== undefined, 'a description is complete');
    reference(object).isCopied = true;
    return { object, page, pages };
  });
  return MapCopy.fromPieces(pool, found, offset, size);
};

/** Totals over what a map shows. */
export interface Figures {
  /** Pages that are here, of all objects behind the regions; and pages that are at the default pager. */
  readonly pages: number;
  readonly pagedOut: number;
  readonly bytes: number;
  readonly regions: number;
  /** Objects whose pages are still at another kernel. */
  readonly awaited: number;
  /** Objects of external pagers. */
  readonly paged: number;
  /** Objects that other maps show as well. */
  readonly shared: number;
}

/** Totals over what a map shows. O(regions and objects). */
export const figures = (map: AddressMap): Figures => {
  const { list, bytes } = map.regions;
  const shown = new Map<MemoryObject, number>();
  for (const { object } of list) shown.set(object, (shown.get(object) ?? 0) + 1);
  const total = { pages: 0, pagedOut: 0, bytes, regions: list.length, awaited: 0, paged: 0, shared: 0 };
  for (const object of objectsOf(map).values()) {
    total.pages += object.frames.resident;
    total.pagedOut += object.ownCount - object.frames.resident;
    if (object.source?.role === 'moved') total.awaited += 1;
    if (object.isNamed) total.paged += 1;
    const elsewhere = object.references - (shown.get(object) ?? 0) - object.shadowers.size;
    if (object.isShared && elsewhere > 0) total.shared += 1;
  }
  return total;
};

/**
 * Builds what `description` tells of in an empty map. `make` gives the object for each description: a plain one, or one
 * whose pager has the pages (`createPagedObject` with role `moved`). Answers the objects by their number in the
 * description.
 */
export const restore = (
  map: AddressMap,
  description: MapDescription,
  make: (object: ObjectDescription) => MemoryObject,
): Map<number, MemoryObject> => {
  invariant(map.regions.list.length === 0, 'a map is restored once');
  const objects = new Map<number, MemoryObject>();
  const get = (id: number): MemoryObject => {
    const object = objects.get(id);
    invariant(object !== undefined, 'a description is complete');
    return object;
  };
  for (const told of description.objects) {
    const object = make(told);
    objects.set(told.id, object);
    object.isShared ||= told.isShared;
    object.isSnapshot = told.isSnapshot;
    if (told.shadow !== null) putShadow(object, get(told.shadow.object), told.shadow.page);
  }
  for (const { id, copy } of description.objects) if (copy !== null) get(id).copy = get(copy);
  for (const told of description.regions) {
    const object = reference(get(told.object));
    object.isCopied ||= told.needsCopy;
    map.regions.insert({ ...told, object });
  }
  map.setSizeLimit(description.sizeLimit.current, description.sizeLimit.max, 'privileged');
  return objects;
};

/** Pages a range out: clean pages are dropped, others returned to their pager. Answers how many pages went. */
export const evict = (map: AddressMap, address: number, size: number): number => {
  const start = pageFloor(address);
  const end = pageCeil(address + size);
  let count = 0;
  for (const region of map.regions.overlapping(start, end)) {
    const first = objectPage(region, Math.max(start, region.start));
    const last = first + (Math.min(end, region.end) - Math.max(start, region.start)) / PAGE;
    count += (controlOf(region.object) ?? region.object.internal)?.evictRange(first, last) ?? 0;
  }
  return count;
};
