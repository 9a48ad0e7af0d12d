/** Copies of plain data: what leaves a thread's state must not freeze it, what comes in must be its own. */
import { invariant } from '../../ports/invariant.ts';

/** Limit of a copy's nesting. */
const DEPTH_MAX = 1000;

/** A deep copy of data that a message body may hold. Immutable leaves are shared. */
export const copyData = (value: unknown, depth = 0): unknown => {
  invariant(depth < DEPTH_MAX, 'plain data is not nested without end');
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => copyData(each, depth + 1));
  if (ArrayBuffer.isView(value)) return copyView(value);
  if (value instanceof Map) {
    return new Map([...value].map(([key, each]) => [copyData(key, depth + 1), copyData(each, depth + 1)]));
  }
  if (value instanceof Set) return new Set([...value].map((each) => copyData(each, depth + 1)));
  if (value instanceof Date) return new Date(value.getTime());
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const copy: Record<string, unknown> = {};
  for (const [key, each] of Object.entries(value)) {
    Object.defineProperty(copy, key, {
      value: copyData(each, depth + 1),
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return copy;
};

const copyView = (view: ArrayBufferView): unknown => {
  if (view instanceof DataView)
    return new DataView(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
  return (view as Uint8Array).slice();
};
