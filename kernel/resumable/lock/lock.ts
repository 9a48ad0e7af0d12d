/**
 * Locks the language's own objects of a realm, so that no program can change them for others. Tasks of one kernel share
 * them: whoever assigned to `Array.prototype` would be inside of everybody.
 *
 * Nothing locks by itself. A realm belongs to who made it, and libraries that change it (polyfills) or assign over its
 * prototypes would break: `portolan up` calls this for its process, an embedding host if it wants to.
 */
import { makeOverridable, OVERRIDABLE } from './overridable.ts';
import { samples } from './samples.ts';

/**
 * What is locked by name, each with its `prototype`; beside these, what stands above `samples`. It is what a program
 * can name, and what can be reached from it.
 */
export const LOCKED: readonly string[] = Object.freeze([
  ...['Array', 'BigInt', 'Boolean', 'Date', 'Function', 'Iterator', 'JSON', 'Map', 'Math', 'Number', 'Object'],
  ...['Promise', 'Proxy', 'Reflect', 'RegExp', 'Set', 'String', 'Symbol', 'WeakMap', 'WeakRef', 'WeakSet'],
  ...['AggregateError', 'Error', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError'],
  ...['ArrayBuffer', 'Atomics', 'DataView', 'FinalizationRegistry', 'SharedArrayBuffer', 'TextDecoder', 'TextEncoder'],
  ...['Int8Array', 'Int16Array', 'Int32Array', 'Uint8Array', 'Uint8ClampedArray', 'Uint16Array', 'Uint32Array'],
  ...['BigInt64Array', 'BigUint64Array', 'Float32Array', 'Float64Array'],
  ...['decodeURI', 'decodeURIComponent', 'encodeURI', 'encodeURIComponent', 'structuredClone'],
  ...['eval', 'isFinite', 'isNaN', 'parseFloat', 'parseInt'],
]);

type Realm = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

const propertyOf = (owner: object, key: string): unknown => Object.getOwnPropertyDescriptor(owner, key)?.value;

/** Every object that is to be locked, but for the functions that are their members. */
const ownersIn = (realm: Realm): Set<object> => {
  const found = new Set<object>();
  const add = (value: unknown): void => {
    if (isObject(value)) found.add(value);
  };
  for (const name of LOCKED) {
    const value = realm[name];
    add(value);
    if (isObject(value)) add(propertyOf(value, 'prototype'));
  }
  for (const sample of samples()) {
    for (let above: unknown = Object.getPrototypeOf(sample); isObject(above); above = Object.getPrototypeOf(above)) {
      found.add(above);
      add(propertyOf(above, 'constructor'));
      add(propertyOf(above, 'prototype')); // of generator functions: what stands above generators
    }
  }
  return found;
};

/** Freezes an object and the functions that it has, as values or accessors; what these have in turn is not followed. */
const freezeWithMembers = (owner: object): void => {
  for (const key of Reflect.ownKeys(owner)) {
    const property = Object.getOwnPropertyDescriptor(owner, key);
    for (const member of [property?.value, property?.get, property?.set] as unknown[]) {
      if (typeof member === 'function') Object.freeze(member);
    }
  }
  Object.freeze(owner);
};

/** Old engines let anybody write what the last match of an expression was; it can still be read. */
const forgetLegacySetters = (expression: object): void => {
  for (const key of ['input', '$_'] as const) {
    const property = Object.getOwnPropertyDescriptor(expression, key);
    if (property?.set === undefined || property.configurable !== true) continue;
    Object.defineProperty(expression, key, { ...property, set: undefined } as PropertyDescriptor);
  }
};

/**
 * Locks the language's own objects (`LOCKED`, and the hidden ones: iterators, generators, typed arrays) in the realm
 * that this code runs in, for good: an assignment to them is a TypeError. What is often assigned over, in objects of
 * one's own, can be as before (`OVERRIDABLE`). Again, nothing happens. Call it when all libraries have been loaded that
 * add to these objects. Bindings of `globalThis` stay as they are: programs cannot name it.
 */
export const lockIntrinsics = (): void => {
  const realm = globalThis as unknown as Realm;
  for (const [name, keys] of OVERRIDABLE) {
    const prototype = propertyOf(realm[name] as object, 'prototype') as object;
    for (const key of keys) makeOverridable(prototype, key);
  }
  forgetLegacySetters(realm['RegExp'] as object);
  for (const owner of ownersIn(realm)) freezeWithMembers(owner);
};
