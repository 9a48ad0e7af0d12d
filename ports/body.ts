/**
 * What a message says. A body is a tree of values that cannot change: what is plain in it is frozen when it is sent (the
 * sender's own objects freeze) and passed by reference; what cannot be frozen (Map, Date, typed arrays) is cloned and
 * belongs to the message. Refused whole or admitted whole: a refused body has frozen nothing.
 *
 * Two paths that must agree (tested): here, a record or short list of leaves is seen without keeping anything; `Admission`
 * does the rest and finds the words for a refusal. A tree that comes frozen is marked, and at once known when it comes again.
 *
 * Proxies: no program can tell one from its target. Whoever can (`util.types` of Node) passes `isProxy`; without it a
 * proxy over plain data is admitted, after its target has been frozen through it.
 */
import { Admission } from './body-admission.ts';
import { type Body, type BodyRecord, BodyRefusal } from './body-value.ts';
import { HEIGHTS, joined, keySize, LIST_SIZE, leafWeight, Marked, mark, RECORD_SIZE } from './body-weight.ts';
import { Bytes } from './bytes.ts';

export { BODY_VALUES_MAX, type Body, type BodyRecord, BodyRefusal, type ClonedBody } from './body-value.ts';
export { bodySize } from './body-weight.ts';

const { freeze, isFrozen, getPrototypeOf, getOwnPropertyNames, getOwnPropertySymbols, getOwnPropertyDescriptor } = Object;
const { isArray } = Array;
const recordPrototype: unknown = Object.prototype;
const listPrototype: unknown = Array.prototype;
const lookUpGetter = (Object.prototype as unknown as { __lookupGetter__(key: string | number): unknown }).__lookupGetter__;

/** Children that are looked at here; more go the whole way, which counts them. */
const FLAT_KEYS_MAX = 256;

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
      if (value === null) return value;
      break;
    default:
      return new Admission(isProxy).admit(value);
  }
  try {
    const weight = isProxy?.(value) === true ? -1 : flatWeight(value, isProxy);
    if (weight < 0) return new Admission(isProxy).admit(value);
    if (!isFrozen(value)) freeze(value);
    else if (weight > 0) mark(value, weight);
    return value as Body;
  } catch {
    return new BodyRefusal('body', 'cannot be read: looking at it throws');
  }
};

/** The weight of a tree that needs no more than freezing at its root; 0 if it does not need that; -1 for any other. */
const flatWeight = (value: object, isProxy?: (value: object) => boolean): number => {
  const prototype = getPrototypeOf(value);
  if (prototype === recordPrototype) return isFrozen(value) && Marked.weight(value) >= 0 ? 0 : flatRecord(value, isProxy);
  if (prototype === listPrototype) return isFrozen(value) && Marked.weight(value) >= 0 ? 0 : flatList(value, isProxy);
  return Bytes.is(value) ? 0 : -1;
};

const flatRecord = (value: object, isProxy?: (value: object) => boolean): number => {
  const record = value as BodyRecord;
  let weight = RECORD_SIZE * HEIGHTS + 1;
  let count = 0;
  for (const key in record) {
    if (lookUpGetter.call(record, key) !== undefined || key === '__proto__') return -1;
    const child = record[key];
    const below = leafWeight(child, isProxy);
    if (below < 0 || (child === undefined && hasSetter(record, key))) return -1;
    weight = joined(weight, below) + keySize(key) * HEIGHTS;
    count += 1;
    if (count > FLAT_KEYS_MAX) return -1;
  }
  return getOwnPropertyNames(record).length === count && getOwnPropertySymbols(record).length === 0 ? weight : -1;
};


const flatList = (value: object, isProxy?: (value: object) => boolean): number => {
  if (!isArray(value) || value.length > FLAT_KEYS_MAX) return -1;
  const list: readonly unknown[] = value;
  let weight = LIST_SIZE * HEIGHTS + 1;
  for (let i = 0; i < list.length; i += 1) {
    if (lookUpGetter.call(list, i) !== undefined) return -1;
    const below = leafWeight(list[i], isProxy);
    if (below < 0 || (list[i] === undefined && hasSetter(list, i))) return -1;
    weight = joined(weight, below);
  }
  return Object.keys(list).length === list.length && getOwnPropertySymbols(list).length === 0 ? weight : -1;
};

/** An accessor without a getter, or no property at all: both read as undefined. */
const hasSetter = (value: object, key: string | number): boolean => {
  const property = getOwnPropertyDescriptor(value, key);
  return property === undefined || property.set !== undefined;
};
