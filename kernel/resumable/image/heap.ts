/** A table as bytes, by the codec of messages, and what each part of the graph weighs in them. */
import { Bytes, viewOfBytes } from '../../../ports/bytes.ts';
import { decodeBody } from '../../../ports/wire/codec.ts';
import { writeBody } from '../../../ports/wire/encode.ts';
import { WireError } from '../../../ports/wire/error.ts';
import { TAG_LIST } from '../../../ports/wire/tags.ts';
import { Writer } from '../../../ports/wire/writer.ts';
import { decodeGraph } from './decode.ts';
import { type Contents, type Encoded, encodeGraph } from './encode.ts';
import { ImageError, ImageRefusal } from './error.ts';
import type { Names } from './names.ts';
import { pathOf } from './path.ts';
import { IMAGE_BYTES_MAX, IMAGE_VALUES_MAX, IMAGE_VERSION } from './tags.ts';

/** A part of a graph: the root that it belongs to, its path from there, and what it weighs with all first met in it. */
export interface Part {
  readonly root: number;
  readonly path: string;
  readonly bytes: number;
}

/** A graph as bytes. */
export interface Heap {
  readonly bytes: Bytes;
  /** The deepest part that still holds half of all or more; null if none does. */
  readonly heaviest: Part | null;
}

/** Everything that can be reached from `roots` as bytes, or why it cannot be. Changes nothing. */
export const freeze = (roots: readonly unknown[], names: Names, contents: Contents): Heap | ImageRefusal => {
  const encoded = encodeGraph(roots, names, contents);
  if (encoded instanceof ImageRefusal) return encoded;
  const to = new Writer(1024);
  list(to, 3);
  writeBody(to, IMAGE_VERSION);
  writeBody(to, encoded.roots);
  list(to, encoded.nodes.length);
  const weights: number[] = [];
  for (const node of encoded.nodes) {
    const before = to.length;
    writeBody(to, node);
    weights.push(to.length - before);
    if (to.length > IMAGE_BYTES_MAX) {
      const { root, path } = pathOf(encoded.places, weights.length - 1);
      return new ImageRefusal('F12', root, path, `is beyond ${IMAGE_BYTES_MAX} bytes`);
    }
  }
  return { bytes: Bytes.adopt(to.copy()), heaviest: heaviestOf(encoded, weights, to.length) };
};

const list = (to: Writer, count: number): void => {
  to.u8(TAG_LIST);
  to.varint(count);
};

/**
 * The roots of a graph that came as bytes. Throws an ImageError; nothing has been built then that anybody could see.
 */
export const thaw = (bytes: unknown, names: Names): unknown[] => {
  if (typeof bytes !== 'object' || bytes === null || !Bytes.is(bytes)) {
    throw new ImageError('V03', 'image', 'is no bytes');
  }
  if (bytes.length > IMAGE_BYTES_MAX) throw new ImageError('V04', 'image', `has more than ${IMAGE_BYTES_MAX} bytes`);
  let table: unknown;
  try {
    table = decodeBody(viewOfBytes(bytes), IMAGE_VALUES_MAX);
  } catch (thrown) {
    if (!(thrown instanceof WireError)) throw thrown;
    throw new ImageError('V03', `byte ${thrown.at}`, thrown.why);
  }
  return decodeGraph(table, names);
};

/** Parts come after those that they were met from, so one walk backwards adds all of them up. */
const heaviestOf = ({ places }: Encoded, weights: readonly number[], total: number): Part | null => {
  const sums = [...weights];
  let heaviest = -1;
  for (let at = sums.length - 1; at >= 0; at -= 1) {
    const sum = sums[at] as number;
    const from = places.from[at] as number;
    if (from >= 0) sums[from] = (sums[from] as number) + sum;
    // What holds half of it holds all that is deeper and does, too: the last one met is the deepest.
    if (heaviest < 0 && places.values[at] !== null && sum * 2 >= total) heaviest = at;
  }
  return heaviest < 0 ? null : { ...pathOf(places, heaviest), bytes: sums[heaviest] as number };
};
