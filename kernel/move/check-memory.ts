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
  resident: count,
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

/** A map's image whose numbers all mean something in it. */
export const memoryImage: v.GenericSchema = v.pipe(
  v.object({
    objects: v.array(object),
    regions: v.array(region),
    sizeLimit: v.object({ current: count, max: count }),
  }),
  v.check(({ objects }) => isShadowedFirst(objects), 'an object shadows one that comes after it, or none'),
  v.check((image) => isWhole(image), 'a region or a copy names no object of the image'),
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

const isInOrder = (regions: MemoryImage['regions']): boolean => {
  let end = 0;
  for (const each of regions) {
    if (each.start < end || each.end <= each.start) return false;
    end = each.end;
  }
  return true;
};
