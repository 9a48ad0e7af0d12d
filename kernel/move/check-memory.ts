/** Reads the memory of an image that came from another kernel: a map is built only from what fits together. */
import * as v from 'valibot';
import type { MemoryImage } from '../interface/image.ts';
import { MAP_END, MAP_START, OBJECT_PAGES_MAX, PAGE, PROT_ALL } from '../vm/page.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const pages = v.pipe(count, v.maxValue(OBJECT_PAGES_MAX));
const protection = v.pipe(count, v.maxValue(PROT_ALL));
const address = v.pipe(count, v.minValue(MAP_START), v.maxValue(MAP_END), v.multipleOf(PAGE));

const object = v.object({
  id: count,
  pages,
  own: count,
  kind: v.literal('anonymous'),
  shadow: v.nullable(v.object({ object: count, page: pages })),
  copy: v.nullable(count),
  isShared: v.boolean(),
  isSnapshot: v.boolean(),
  references: count,
  pager: v.optional(v.pipe(v.number(), v.integer(), v.minValue(-1), v.maxValue(1 << 22))),
});

const region = v.object({
  start: address,
  end: address,
  object: count,
  page: pages,
  protection,
  max: protection,
  inheritance: v.picklist(['SHARE', 'COPY', 'NONE']),
  needsCopy: v.boolean(),
});

const copy = v.object({
  size: count,
  offset: v.pipe(count, v.maxValue(PAGE - 1)),
  pieces: v.array(v.object({ object: count, page: pages, pages })),
});

/** A map's image whose numbers all mean something in it. */
export const memoryImage: v.GenericSchema = v.pipe(
  v.object({
    objects: v.array(object),
    regions: v.array(region),
    copies: v.array(copy),
    sizeLimit: v.object({ current: count, max: count }),
  }),
  v.check(({ objects }) => isShadowedFirst(objects), 'an object shadows one that comes after it, or none'),
  v.check((image) => isWhole(image), 'a region or a copy names no object of the image'),
  v.check(({ objects, copies }) => copies.every((each) => isCovered(each, objects)), 'a snapshot lacks pages'),
  v.check(({ regions }) => isInOrder(regions), 'regions overlap, or are empty'),
);

type Objects = readonly Pick<MemoryImage['objects'][number], 'id' | 'shadow' | 'copy'>[];

const isShadowedFirst = (objects: Objects): boolean => {
  const known = new Set<number>();
  for (const { id, shadow } of objects) {
    if (known.has(id) || (shadow !== null && !known.has(shadow.object))) return false;
    known.add(id);
  }
  return true;
};

/** A copy shadows its original: that is how it finds what has not been written since. */
const isWhole = ({
  objects,
  regions,
}: {
  readonly objects: Objects;
  readonly regions: MemoryImage['regions'];
}): boolean => {
  const known = new Map(objects.map((each) => [each.id, each]));
  const isCopy = (id: number, copy: number): boolean => known.get(copy)?.shadow?.object === id;
  return (
    regions.every(({ object: id }) => known.has(id)) &&
    objects.every(({ id, copy }) => copy === null || isCopy(id, copy))
  );
};

/** The pieces of a snapshot are of the image's objects, and are as long as the data. */
const isCovered = (
  { size, offset, pieces }: MemoryImage['copies'][number],
  objects: readonly { readonly id: number; readonly pages: number }[],
): boolean => {
  const sizes = new Map(objects.map((each) => [each.id, each.pages]));
  const isThere = pieces.every(({ object: id, page, pages: length }) => page + length <= (sizes.get(id) ?? -1));
  const total = pieces.reduce((sum, each) => sum + each.pages, 0);
  return isThere && (size === 0 || total === Math.ceil((offset + size) / PAGE));
};

const isInOrder = (regions: MemoryImage['regions']): boolean => {
  let end = 0;
  for (const each of regions) {
    if (each.start < end || each.end <= each.start) return false;
    end = each.end;
  }
  return true;
};
