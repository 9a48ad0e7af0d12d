/**
 * What a message says. A body is a tree of values that cannot change: what is plain in it is frozen when it is sent
 * (the sender's own objects freeze) and passed by reference; what cannot be frozen (Map, Date, typed arrays) is cloned
 * and belongs to the message. Refused whole or admitted whole: a refused body has frozen nothing.
 *
 * Two paths that must agree (tested): `admitPlain` takes leaves, and small trees that can be carried as they stand, in
 * one walk that checks, weighs and remembers what to freeze; `admitWhole` does the rest and finds the words for a
 * refusal. A tree that comes frozen is marked, and at once known when it comes again.
 *
 * What the engine makes exact costs most of it: that a record has no symbols for keys, nothing hidden and no accessor
 * can only be asked by reflection (`getOwnPropertySymbols` 45 ns, `__lookupGetter__` 20 ns for each key). A cache of
 * known shapes would not help: no program can see that two objects have the same hidden class, and the same keys may
 * hide an accessor the next time.
 *
 * Proxies: no program can tell one from its target. Whoever can (`util.types` of Node) passes `isProxy`; without it a
 * proxy over plain data is admitted, after its target has been frozen through it.
 */
import { Admission, type Admitted } from './body-admission.ts';
import { type Body, type BodyRecord, BodyRefusal } from './body-value.ts';
import { HEIGHTS, joined, keySize, LIST_SIZE, leafWeight, Marked, mark, RECORD_SIZE } from './body-weight.ts';
import { Bytes } from './bytes.ts';
import { BODY_DEPTH_MAX } from './limits.ts';

export { BODY_VALUES_MAX, type Body, type BodyRecord, BodyRefusal, type ClonedBody } from './body-value.ts';
export { bodySize, leafSize, sizeOfWeight } from './body-weight.ts';

const { freeze, getPrototypeOf, getOwnPropertyNames, getOwnPropertySymbols, getOwnPropertyDescriptor } = Object;
const { isArray } = Array;
const recordPrototype: unknown = Object.prototype;
const listPrototype: unknown = Array.prototype;
const lookUpGetter = (Object.prototype as unknown as { __lookupGetter__(key: string | number): unknown })
  .__lookupGetter__;

/** Children of one tree, and levels, that are looked at here. What is larger goes the whole way, which counts. */
const FLAT_CHILDREN_MAX = 32;
const FLAT_LEVELS_MAX = 3;

type IsProxy = ((value: object) => boolean) | undefined;

/** Answer of `admitPlain`: the value goes the whole way. */
export const NOT_PLAIN = -1;

/** Returns the value itself if it may be sent as it is, a tree with clones in it, or the refusal. */
export const admitBody = (value: unknown, isProxy?: (value: object) => boolean): Body | BodyRefusal => {
  if (admitPlain(value, isProxy) !== NOT_PLAIN) return value as Body;
  const admitted = admitWhole(value, isProxy);
  return admitted instanceof BodyRefusal ? admitted : admitted.body;
};

/**
 * Admits a value that can be carried as it stands: freezes it and answers its weight. `NOT_PLAIN` for every other:
 * nothing has happened to it, and `admitWhole` decides. Hot path.
 */
export const admitPlain = (value: unknown, isProxy?: (value: object) => boolean): number => {
  if (typeof value !== 'object' || value === null) return Math.max(leafWeight(value), NOT_PLAIN);
  const known = Marked.weight(value);
  if (known >= 0) return known;
  if (Bytes.is(value)) return leafWeight(value);
  try {
    return admitTree(value, isProxy);
  } catch {
    return NOT_PLAIN;
  }
};

/** The body to carry in place of any value, with its weight, or the refusal. */
export const admitWhole = (value: unknown, isProxy?: (value: object) => boolean): Admitted | BodyRefusal =>
  new Admission(isProxy).admit(value);

const admitTree = (tree: object, isProxy: IsProxy): number => {
  const weight = treeWeight(tree, isProxy, FLAT_LEVELS_MAX, null);
  if (weight < 0) return NOT_PLAIN;
  mark(tree, weight);
  freeze(tree);
  return weight;
};

/**
 * The weight of a plain tree that may be frozen as it stands; -1 for any other value, and for all that is large. Trees
 * inside others are put into `found`; the outermost has none, and freezes what was found when all of it is plain.
 */
const treeWeight = (value: object, isProxy: IsProxy, levels: number, found: object[] | null): number => {
  if (isProxy?.(value) === true) return -1;
  const prototype: unknown = getPrototypeOf(value);
  if (prototype === recordPrototype) return recordWeight(value as BodyRecord, isProxy, levels, found);
  if (prototype === listPrototype && isArray(value)) return listWeight(value, isProxy, levels, found);
  return -1;
};

const recordWeight = (record: BodyRecord, isProxy: IsProxy, levels: number, outer: object[] | null): number => {
  if (getOwnPropertySymbols(record).length !== 0) return -1;
  const keys = getOwnPropertyNames(record);
  if (keys.length > FLAT_CHILDREN_MAX) return -1;
  let found = outer;
  let weight = RECORD_SIZE * HEIGHTS + 1;
  for (let i = 0; i < keys.length; i += 1) {
    const key = keys[i] as string;
    const property = getOwnPropertyDescriptor(record, key);
    if (property === undefined || property.enumerable !== true || key === '__proto__') return -1;
    // An accessor's descriptor has no value, and a value that is undefined is rare.
    const child: unknown = property.value;
    if (child === undefined && !('value' in property)) return -1;
    let below = leafWeight(child);
    if (below < 0) {
      if (typeof child !== 'object' || levels === 1) return -1;
      found ??= [];
      below = treeWeight(child as object, isProxy, levels - 1, found);
      if (below < 0) return -1;
    }
    weight = joined(weight, below) + keySize(key) * HEIGHTS;
  }
  return keep(record, weight, found, outer);
};

const listWeight = (list: readonly unknown[], isProxy: IsProxy, levels: number, outer: object[] | null): number => {
  if (list.length > FLAT_CHILDREN_MAX) return -1;
  let found = outer;
  let weight = LIST_SIZE * HEIGHTS + 1;
  for (let i = 0; i < list.length; i += 1) {
    if (lookUpGetter.call(list, i) !== undefined) return -1;
    const child = list[i];
    let below = leafWeight(child);
    if (below < 0) {
      if (typeof child !== 'object' || levels === 1) return -1;
      found ??= [];
      below = treeWeight(child as object, isProxy, levels - 1, found);
      if (below < 0) return -1;
    } else if (child === undefined && !isPresent(list, i)) return -1;
    weight = joined(weight, below);
  }
  return Reflect.ownKeys(list).length === list.length + 1 ? keep(list, weight, found, outer) : -1;
};

/** A tree has been looked at: an inner one is remembered, the outermost freezes all that were. */
const keep = (tree: object, weight: number, found: object[] | null, outer: object[] | null): number => {
  if (outer !== null) outer.push(tree);
  else if (weight % HEIGHTS > BODY_DEPTH_MAX) return -1;
  // --- Point of no return: nothing is refused from here on. ---
  else if (found !== null) for (let i = 0; i < found.length; i += 1) freeze(found[i]);
  return weight;
};

/** False for an accessor without a getter and for a missing property: both read as undefined. */
const isPresent = (value: object, key: string | number): boolean => {
  const property = getOwnPropertyDescriptor(value, key);
  return property !== undefined && property.set === undefined;
};
