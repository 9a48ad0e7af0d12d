/**
 * How large and how high a body is, and the private mark by which a tree that has been looked at is known again.
 * Weight = size × 128 + height. The mark says: frozen and plain throughout. A WeakSet's `add` was measured: 280 ns.
 */
import { type Body, type BodyRecord, type ClonedBody, errorExtras } from './body-value.ts';
import { Bytes } from './bytes.ts';
import { BODY_DEPTH_MAX } from './limits.ts';

/**
 * A constructor that returns its argument: a subclass then puts its private fields on an object that exists already.
 * It extends null so that none is made first, only to be thrown away.
 */
class Existing extends null {
  constructor(value: object) {
    // biome-ignore lint/correctness/noConstructorReturn: this return is the purpose
    return value;
  }
}

/** The mark of a frozen plain tree: weight = size × 128 + height. It cannot be seen, copied or forged. */
export class Marked extends Existing {
  readonly #weight: number;

  constructor(value: object, weight: number) {
    super(value);
    this.#weight = weight;
  }

  /** The weight, or -1 without a mark. */
  static weight(value: object): number {
    return #weight in value ? value.#weight : -1;
  }
}

/** The bytes that a body of one value without parts is charged; -1 for any other. Hot path. */
export const leafSize = (body: unknown): number => {
  if (body === undefined) return 0;
  if (typeof body === 'string') return TEXT_SIZE + 2 * body.length;
  if (typeof body === 'number') return NUMBER_SIZE;
  return typeof body === 'object' && body !== null && Bytes.is(body) ? BYTES_SIZE + body.length : -1;
};

/** The bytes that a weight stands for. */
export const sizeOfWeight = (weight: number): number => Math.floor(weight / HEIGHTS);

/** Weight = size × this + height. */
export const HEIGHTS: number = 128;

/** 128 MiB. Larger sizes are all the same, so that sums of them stay exact. */
const WEIGHT_MAX = 2 ** 34;

/**
 * Marks a tree without a mark that is, or at once will be, frozen. An engine may refuse additions to frozen objects:
 * then it is none.
 */
export const mark = (value: object, weight: number): void => {
  try {
    new Marked(value, weight < WEIGHT_MAX ? weight : WEIGHT_MAX + (weight % HEIGHTS));
  } catch {
    // Without the mark the tree is looked at again each time it is sent.
  }
};

/** The weight of a value that needs nothing done to it; -1 for any other. */
export const leafWeight = (value: unknown): number => {
  if (typeof value !== 'object') return scalarSize(value) * HEIGHTS;
  if (value === null) return HEIGHTS;
  if (Bytes.is(value)) return (BYTES_SIZE + value.length) * HEIGHTS;
  const weight = Marked.weight(value);
  return weight % HEIGHTS >= BODY_DEPTH_MAX ? -1 : weight;
};

/** The weight of a tree and one more child: sizes add up, the higher child decides the height. */
export const joined = (tree: number, child: number): number => {
  const height = child % HEIGHTS;
  const rise = height + 1 - (tree % HEIGHTS);
  return tree + child - height + (rise > 0 ? rise : 0);
};

/** Bytes that a record is charged beside its keys and values. */
export const RECORD_SIZE: number = 6;
/** Bytes that a list is charged beside its elements. */
export const LIST_SIZE: number = 6;
/** Enough for any clone without contents. */
export const CLONE_SIZE: number = 16;
const BYTES_SIZE = 6;
const TEXT_SIZE = 6;
const NUMBER_SIZE = 9;

/** Bytes that a key is charged. */
export const keySize = (key: string): number => TEXT_SIZE + 2 * key.length;

const scalarSize = (value: unknown): number => {
  switch (typeof value) {
    case 'number':
      return NUMBER_SIZE;
    case 'string':
      return TEXT_SIZE + 2 * value.length;
    case 'bigint':
      return TEXT_SIZE + 2 + (BigInt.asIntN(64, value) === value ? 8 : value.toString(16).length >> 1);
    case 'function':
    case 'symbol':
      return -1;
    default:
      return 1;
  }
};

/** Bytes a body is charged for. The same for equal bodies, and never less than the codec needs for it. */
export const bodySize = (body: Body): number => {
  if (typeof body !== 'object') return scalarSize(body);
  if (body === null) return 1;
  if (Bytes.is(body)) return BYTES_SIZE + body.length;
  const weight = Marked.weight(body);
  if (weight >= 0) return sizeOfWeight(weight);
  if (Array.isArray(body)) return listSize(body);
  const prototype: unknown = Object.getPrototypeOf(body);
  if (prototype !== Object.prototype && prototype !== null) return clonedSize(body as ClonedBody);
  let size = RECORD_SIZE;
  for (const key in body as BodyRecord) size += keySize(key) + bodySize((body as BodyRecord)[key]);
  return size;
};

const listSize = (list: readonly Body[]): number => {
  let size = LIST_SIZE;
  for (const child of list) size += bodySize(child);
  return size;
};

const clonedSize = (body: ClonedBody): number => {
  let size = CLONE_SIZE;
  if (body instanceof Map) for (const [key, value] of body) size += bodySize(key) + bodySize(value);
  else if (body instanceof Set) for (const value of body) size += bodySize(value);
  else if (body instanceof RegExp) size += 2 * TEXT_SIZE + 2 * (body.source.length + body.flags.length);
  else if (body instanceof Error) {
    size += keySize(body.name) + keySize(body.message);
    for (const key of errorExtras) if (Object.hasOwn(body, key)) size += bodySize((body as unknown as BodyRecord)[key]);
  } else if (!(body instanceof Date)) size += body.byteLength;
  return size;
};
