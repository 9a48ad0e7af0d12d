/** What only the memory half reads of a memory image, and the part of it that is out-of-line memory in flight. */
import type { CopyImage, ObjectImage } from '../interface/image.ts';
import { MapCopy, type Piece } from './copy.ts';
import type { MemoryObject } from './object.ts';

/** An object as `describe` tells of it. */
export interface ObjectPlan extends ObjectImage {
  readonly shadow: number;
  readonly shadowPage: number;
}

/** A region. */
export interface RegionPlan {
  readonly start: number;
  readonly end: number;
  readonly object: number;
  readonly page: number;
  readonly protection: number;
  readonly max: number;
  readonly inheritance: 0 | 1 | 2;
  readonly needsCopy: boolean;
}

/** A snapshot as data. It stays what it was. */
export const planOf = ({ size, inset, pieces }: MapCopy): CopyImage => ({
  size,
  inset,
  pieces: pieces.map(({ object, page, pages }) => ({ object: object.id, page, pages })),
});

/** The snapshot again, over objects that have been made anew. */
export const copyOf = ({ size, inset, pieces }: CopyImage, objects: ReadonlyMap<number, MemoryObject>): MapCopy => {
  const found: Piece[] = [];
  for (const { object: id, page, pages } of pieces) {
    const object = objects.get(id);
    if (object !== undefined) found.push({ object, page, pages });
  }
  return new MapCopy(size, inset, found);
};
