/**
 * What is everywhere and goes by its name: functions and classes of JavaScript, and well-known symbols. A list of what
 * is allowed, made once from the engine's own; whatever could run text, or change the prototype of something, is not on
 * it. Methods of prototypes are: `Array.prototype.map` in a local is as good as its name.
 */
import { valueOfMember } from '../lock/overridable.ts';

/** Names whose own functions are allowed, themselves included. */
const NAMESPACES = [
  'Array',
  'ArrayBuffer',
  'BigInt',
  'BigInt64Array',
  'BigUint64Array',
  'Boolean',
  'DataView',
  'Date',
  'Error',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
  'AggregateError',
  'Float32Array',
  'Float64Array',
  'Int8Array',
  'Int16Array',
  'Int32Array',
  'JSON',
  'Map',
  'Math',
  'Number',
  'Object',
  'RegExp',
  'Set',
  'String',
  'Symbol',
  'Uint8Array',
  'Uint8ClampedArray',
  'Uint16Array',
  'Uint32Array',
] as const;

/** Functions that stand by themselves. */
const FUNCTIONS = [
  'parseInt',
  'parseFloat',
  'isNaN',
  'isFinite',
  'encodeURI',
  'encodeURIComponent',
  'decodeURI',
  'decodeURIComponent',
] as const;

/** What changes the prototypes or properties of whatever it is given. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  'Object.setPrototypeOf',
  'Object.defineProperty',
  'Object.defineProperties',
  'Object.prototype.__defineGetter__',
  'Object.prototype.__defineSetter__',
  'Error.captureStackTrace',
  'Error.prepareStackTrace',
]);

/** Everything that may be named, by name. */
export const intrinsics: ReadonlyMap<string, object | symbol> = (() => {
  const found = new Map<string, object | symbol>();
  const realm = globalThis as unknown as Readonly<Record<string, unknown>>;
  /** Values only: some accessors of an engine load things when they are read. */
  const addMembers = (owner: object, prefix: string): void => {
    for (const key of Object.getOwnPropertyNames(owner)) {
      const name = `${prefix}.${key}`;
      const value = valueOfMember(prefix.replace(/\.prototype$/, ''), owner, key);
      if (key === 'constructor' || FORBIDDEN.has(name)) continue;
      if (typeof value === 'function' || (typeof value === 'symbol' && prefix === 'Symbol')) found.set(name, value);
    }
  };
  for (const name of FUNCTIONS) found.set(name, realm[name] as object);
  for (const name of NAMESPACES) {
    const value = realm[name] as object;
    found.set(name, value);
    addMembers(value, name);
    const prototype: unknown = Object.getOwnPropertyDescriptor(value, 'prototype')?.value;
    if (typeof prototype === 'object' && prototype !== null) addMembers(prototype, `${name}.prototype`);
  }
  return found;
})();

/** Their names. Of two names the first counts. */
export const intrinsicNames: ReadonlyMap<unknown, string> = (() => {
  const names = new Map<unknown, string>();
  for (const [name, value] of intrinsics) if (!names.has(value)) names.set(value, name);
  return names;
})();
