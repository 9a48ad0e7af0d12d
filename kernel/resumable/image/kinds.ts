/** What an object is by birth: the internal slots that an engine gave it, whatever prototype it has now. */
import { Bytes } from '../../../ports/bytes.ts';
import { viewClasses } from '../../../ports/wire/tags.ts';

/** Kinds that an image keeps, and kinds that it refuses. */
export type Kind =
  | 'object'
  | 'array'
  | 'map'
  | 'set'
  | 'date'
  | 'expression'
  | 'error'
  | 'buffer'
  | 'view'
  | 'bytes'
  | 'promise'
  | 'iterator'
  | 'weak'
  | 'shared'
  | 'boxed'
  | 'foreign';

type Brand = (value: object) => unknown;

const getterOf = (prototype: object, key: string): Brand => {
  const get = Object.getOwnPropertyDescriptor(prototype, key)?.get;
  return (value) => get?.call(value) as unknown;
};

const viewPrototype = Object.getPrototypeOf(Uint8Array.prototype) as object;
const mapSize = getterOf(Map.prototype, 'size');
const setSize = getterOf(Set.prototype, 'size');
const bufferSize = getterOf(ArrayBuffer.prototype, 'byteLength');

/** Prototypes of the engine, and what proves that an object below one is what it says: each throws otherwise. */
const births: ReadonlyMap<unknown, readonly [Kind, Brand]> = (() => {
  const any: Brand = () => undefined;
  const found = new Map<unknown, readonly [Kind, Brand]>([
    [Map.prototype, ['map', mapSize]],
    [Set.prototype, ['set', setSize]],
    [Date.prototype, ['date', (value) => Date.prototype.getTime.call(value)]],
    [RegExp.prototype, ['expression', (value) => isExpression(value)]],
    [Error.prototype, ['error', any]],
    [ArrayBuffer.prototype, ['buffer', bufferSize]],
    [DataView.prototype, ['view', any]],
    [viewPrototype, ['view', any]],
    [WeakMap.prototype, ['weak', any]],
    [WeakSet.prototype, ['weak', any]],
    [WeakRef.prototype, ['weak', any]],
    [FinalizationRegistry.prototype, ['weak', any]],
    [Number.prototype, ['boxed', any]],
    [String.prototype, ['boxed', any]],
    [Boolean.prototype, ['boxed', any]],
    [Symbol.prototype, ['boxed', any]],
    [BigInt.prototype, ['boxed', any]],
  ]);
  const realm = globalThis as unknown as Readonly<Record<string, { readonly prototype: object } | undefined>>;
  const shared = realm['SharedArrayBuffer'];
  if (shared !== undefined) found.set(shared.prototype, ['shared', any]);
  const promise = realm['Promise'];
  if (promise !== undefined) found.set(promise.prototype, ['promise', any]);
  // All iterators and generators of the engine have this one above them.
  const iterator: unknown = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
  found.set(iterator, ['iterator', any]);
  return found;
})();

const sourceOf = getterOf(RegExp.prototype, 'source');

/** `RegExp.prototype.source` answers for the prototype itself, too, which is no expression. */
const isExpression = (value: object): void => {
  sourceOf(value);
  if (value === RegExp.prototype) throw new TypeError('no expression');
};

/** Prototypes that a chain has before it is taken for endless. */
const CHAIN_MAX = 64;

/** What an object is. May throw if it is a proxy. */
export const kindOf = (value: object): Kind => {
  if (Array.isArray(value)) return 'array';
  if (Bytes.is(value)) return 'bytes';
  if (ArrayBuffer.isView(value)) return 'view';
  let prototype: unknown = Object.getPrototypeOf(value);
  for (let steps = 0; prototype !== null && prototype !== Object.prototype; steps += 1) {
    const birth = births.get(prototype);
    if (birth !== undefined) return isBorn(value, birth[1]) && birth[0] !== 'view' ? birth[0] : 'foreign';
    if (steps === CHAIN_MAX) return 'foreign';
    prototype = Object.getPrototypeOf(prototype);
  }
  return 'object';
};

const isBorn = (value: object, brand: Brand): boolean => {
  try {
    brand(value);
    return true;
  } catch {
    return false;
  }
};

/** The prototype that an object of a kind has if nobody gave it another. */
export const usualPrototype = (kind: Kind, value: object): object => {
  switch (kind) {
    case 'array':
      return Array.prototype;
    case 'map':
      return Map.prototype;
    case 'set':
      return Set.prototype;
    case 'date':
      return Date.prototype;
    case 'expression':
      return RegExp.prototype;
    case 'buffer':
      return ArrayBuffer.prototype;
    case 'view':
      return (viewClasses[viewNumber(value)] as Uint8ArrayConstructor).prototype;
    default:
      return Object.prototype;
  }
};

/** The number of a view's class, by what it is, not by its prototype. */
export const viewNumber = (value: object): number => {
  const name: unknown = nameOfView(value);
  return name === undefined ? 0 : viewClasses.findIndex((each) => each.name === name);
};

/** `Uint8Array` and so on for typed arrays, undefined for a DataView. */
const nameOfView: Brand = (() => {
  const get = Object.getOwnPropertyDescriptor(viewPrototype, Symbol.toStringTag)?.get;
  return (value) => get?.call(value) as unknown;
})();
