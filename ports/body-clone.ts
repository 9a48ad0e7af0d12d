/** What of a body cannot be frozen, and is cloned instead. The clone belongs to the message. */
import { type Body, errorClasses, errorExtras, makeError } from './body-value.ts';

/** A step of the path to a value: a key, an index, or an entry of a Map or Set. */
export type Step = string | number | { readonly entry: string };

/** What cloning asks of the admission that it is part of. */
export interface Admitting {
  /** Takes a child. `undefined` after a refusal, which `isRefused` tells. */
  child(step: Step, value: unknown): Body;
  refuse(why: string): undefined;
  readonly isRefused: boolean;
  /** Charges bytes. */
  charge(size: number): void;
}

const viewClasses = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

/**
 * The clone of `value`, or a refusal. Classes of programs are refused: their instances would arrive without their
 * methods.
 */
export const cloneOf = (at: Admitting, value: object, prototype: unknown): Body => {
  if (ArrayBuffer.isView(value)) return cloneView(at, value);
  if (value instanceof Error) return cloneError(at, value);
  switch (prototype) {
    case Map.prototype:
      return cloneMap(at, value as Map<unknown, unknown>);
    case Set.prototype:
      return cloneSet(at, value as Set<unknown>);
    case Date.prototype:
      return own(at, value, 0) ? new Date(Date.prototype.getTime.call(value)) : undefined;
    case RegExp.prototype:
      return own(at, value, 1) ? cloneExpression(at, value as RegExp) : undefined;
    case ArrayBuffer.prototype:
      return cloneBuffer(at, value as ArrayBuffer);
    default:
      return at.refuse(isShared(value) ? 'is a SharedArrayBuffer' : instance(value));
  }
};

/** How a refusal names what a value is an instance of. */
export const instance = (value: object): string => {
  const maker: unknown = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(value) as object, 'constructor')?.value;
  const name = typeof maker === 'function' ? maker.name.slice(0, 64) : '';
  return name === '' ? 'is an instance of a class' : `is an instance of ${name}`;
};

const isShared = (value: object): boolean =>
  typeof SharedArrayBuffer === 'function' && value instanceof SharedArrayBuffer;

/** True if `value` has no more own properties than its class gives it. */
const own = (at: Admitting, value: object, count: number): boolean => {
  if (Reflect.ownKeys(value).length === count) return true;
  at.refuse(`${instance(value)} with properties of its own`);
  return false;
};

const cloneMap = (at: Admitting, value: Map<unknown, unknown>): Body => {
  if (!own(at, value, 0)) return;
  const clone = new Map<Body, Body>();
  for (const [key, entry] of Map.prototype.entries.call(value) as IterableIterator<[unknown, unknown]>) {
    const step = clone.size;
    const newKey = at.child({ entry: `key ${step}` }, key);
    if (at.isRefused) return;
    const newValue = at.child({ entry: `value ${step}` }, entry);
    if (at.isRefused) return;
    clone.set(newKey, newValue);
  }
  return clone;
};

const cloneSet = (at: Admitting, value: Set<unknown>): Body => {
  if (!own(at, value, 0)) return;
  const clone = new Set<Body>();
  for (const entry of Set.prototype.values.call(value) as IterableIterator<unknown>) {
    const newEntry = at.child({ entry: `value ${clone.size}` }, entry);
    if (at.isRefused) return;
    clone.add(newEntry);
  }
  return clone;
};

const cloneExpression = (at: Admitting, value: RegExp): Body => {
  at.charge(12 + 2 * (value.source.length + value.flags.length));
  return new RegExp(value.source, value.flags);
};

const cloneBuffer = (at: Admitting, value: ArrayBuffer): Body => {
  if (!own(at, value, 0)) return;
  at.charge(value.byteLength);
  return value.slice(0);
};

const cloneView = (at: Admitting, value: ArrayBufferView): Body => {
  const { buffer, byteOffset, byteLength } = value;
  if (isShared(buffer)) return at.refuse('is memory in a SharedArrayBuffer');
  at.charge(byteLength);
  if (value instanceof DataView)
    return new DataView((buffer as ArrayBuffer).slice(byteOffset, byteOffset + byteLength));
  const viewClass = viewClasses.find((candidate) => value instanceof candidate);
  return viewClass === undefined ? at.refuse(instance(value)) : new viewClass(value as never);
};

const cloneError = (at: Admitting, value: Error): Body => {
  const { name, message } = value as { readonly name: unknown; readonly message: unknown };
  const nearest = errorClasses.findLast((candidate) => value instanceof candidate) ?? Error;
  const newName = typeof name === 'string' ? name : 'Error';
  const clone = makeError(nearest, newName, typeof message === 'string' ? message : '');
  at.charge(12 + 2 * (clone.name.length + clone.message.length));
  for (const key of errorExtras) {
    const property = Object.getOwnPropertyDescriptor(value, key);
    if (property === undefined || !('value' in property)) continue;
    const extra = at.child(key, property.value);
    if (at.isRefused) return;
    Object.defineProperty(clone, key, { value: extra, writable: true, configurable: true, enumerable: false });
  }
  return clone;
};
