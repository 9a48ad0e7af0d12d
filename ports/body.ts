/**
 * What a message says. A body is a tree of values that cannot change: what is plain in it is frozen when it is sent
 * (the sender's own objects freeze) and passed by reference; what cannot be frozen (Map, Date, typed arrays) is cloned
 * and belongs to the message. Refused whole or admitted whole: a refused body has frozen nothing.
 *
 * Two paths that must agree (tested): here, a record or short list of leaves is seen without keeping anything;
 * `Admission` does the rest and finds the words for a refusal. A tree that comes frozen is marked, and at once known
 * when it comes again.
 *
 * Proxies: no program can tell one from its target. Whoever can (`util.types` of Node) passes `isProxy`; without it a
 * proxy over plain data is admitted, after its target has been frozen through it.
 */
import { Admission } from './body-admission.ts';
import { type Body, type BodyRecord, BodyRefusal } from './body-value.ts';
import { HEIGHTS, joined, keySize, LIST_SIZE, leafWeight, Marked, mark, RECORD_SIZE } from './body-weight.ts';
import { BODY_DEPTH_MAX } from './limits.ts';

export { BODY_VALUES_MAX, type Body, type BodyRecord, BodyRefusal, type ClonedBody } from './body-value.ts';
export { bodySize } from './body-weight.ts';

const { freeze, isFrozen, getPrototypeOf, getOwnPropertyNames, getOwnPropertySymbols, getOwnPropertyDescriptor } =
  Object;
const { isArray } = Array;
const recordPrototype: unknown = Object.prototype;
const listPrototype: unknown = Array.prototype;
const lookUpGetter = (Object.prototype as unknown as { __lookupGetter__(key: string | number): unknown })
  .__lookupGetter__;

/** Children of one tree, and levels, that are looked at here. What is larger goes the whole way, which counts. */
const FLAT_CHILDREN_MAX = 32;
const FLAT_LEVELS_MAX = 3;

type IsProxy = ((value: object) => boolean) | undefined;

/** Hot path. Returns the value itself if it may be sent as it is, a tree with clones in it, or the refusal. */
export const admitBody = (value: unknown, isProxy?: (value: object) => boolean): Body | BodyRefusal => {
  switch (typeof value) {
    case 'undefined':
    case 'boolean':
    case 'number':
    case 'bigint':
    case 'string':
      return value;
    case 'object':
      return value === null ? null : admitObject(value, isProxy);
    default:
      return new Admission(isProxy).admit(value);
  }
};

const admitObject = (value: object, isProxy: IsProxy): Body | BodyRefusal => {
  try {
    const wasFrozen = isFrozen(value);
    if (wasFrozen && Marked.weight(value) >= 0) return value as Body;
    const weight = treeWeight(value, isProxy, FLAT_LEVELS_MAX);
    if (weight < 0 || weight % HEIGHTS > BODY_DEPTH_MAX) return new Admission(isProxy).admit(value);
    // --- Point of no return: nothing is refused from here on. ---
    if (weight % HEIGHTS > 1) freezeTree(value);
    if (wasFrozen || weight % HEIGHTS > 1) mark(value, weight);
    if (!wasFrozen) freeze(value);
    return value as Body;
  } catch {
    return new BodyRefusal('body', 'cannot be read: looking at it throws');
  }
};

/** The weight of a plain tree that may be frozen as it stands; -1 for any other value, and for all that is large. */
const treeWeight = (value: object, isProxy: IsProxy, levels: number): number => {
  if (isProxy?.(value) === true) return -1;
  const prototype: unknown = getPrototypeOf(value);
  if (prototype === recordPrototype) return recordWeight(value as BodyRecord, isProxy, levels);
  if (prototype === listPrototype && isArray(value)) return listWeight(value, isProxy, levels);
  return -1;
};

const recordWeight = (record: BodyRecord, isProxy: IsProxy, levels: number): number => {
  let weight = RECORD_SIZE * HEIGHTS + 1;
  let count = 0;
  for (const key in record) {
    if (lookUpGetter.call(record, key) !== undefined || key === '__proto__') return -1;
    const child = record[key];
    const below = childWeight(child, isProxy, levels);
    if (below < 0 || (child === undefined && !isPresent(record, key))) return -1;
    weight = joined(weight, below) + keySize(key) * HEIGHTS;
    count += 1;
    if (count > FLAT_CHILDREN_MAX) return -1;
  }
  return getOwnPropertyNames(record).length === count && getOwnPropertySymbols(record).length === 0 ? weight : -1;
};

const listWeight = (list: readonly unknown[], isProxy: IsProxy, levels: number): number => {
  if (list.length > FLAT_CHILDREN_MAX) return -1;
  let weight = LIST_SIZE * HEIGHTS + 1;
  for (let i = 0; i < list.length; i += 1) {
    if (lookUpGetter.call(list, i) !== undefined) return -1;
    const child = list[i];
    const below = childWeight(child, isProxy, levels);
    if (below < 0 || (child === undefined && !isPresent(list, i))) return -1;
    weight = joined(weight, below);
  }
  return Reflect.ownKeys(list).length === list.length + 1 ? weight : -1;
};

const childWeight = (child: unknown, isProxy: IsProxy, levels: number): number => {
  const weight = leafWeight(child);
  if (weight >= 0 || typeof child !== 'object' || child === null || levels === 1) return weight;
  return treeWeight(child, isProxy, levels - 1);
};

/** False for an accessor without a getter and for a missing property: both read as undefined. */
const isPresent = (value: object, key: string | number): boolean => {
  const property = getOwnPropertyDescriptor(value, key);
  return property !== undefined && property.set === undefined;
};

/** Freezes what lies below the root of a plain tree. */
const freezeTree = (tree: object): void => {
  if (isArray(tree)) for (let i = 0; i < tree.length; i += 1) freezeChild(tree[i]);
  else for (const key in tree) freezeChild((tree as BodyRecord)[key]);
};

const freezeChild = (child: unknown): void => {
  if (typeof child !== 'object' || child === null || leafWeight(child) >= 0) return;
  freezeTree(child);
  freeze(child);
};
