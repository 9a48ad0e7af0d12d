/**
 * Values as text, the same on both sides: what a call asks, what it is answered, and how a shape ends. Reading gives
 * back plain data; what else `write` can say, it says for comparison only.
 */

const DEPTH_MAX = 60;

const tagged = (kind: string, value: unknown): unknown => ({ $: kind, value });

const plainNumber = (value: number): unknown =>
  Number.isFinite(value) && !Object.is(value, -0) ? value : tagged('number', Object.is(value, -0) ? '-0' : `${value}`);

const plainList = (list: readonly unknown[], depth: number): unknown[] => {
  const items: unknown[] = [];
  for (let index = 0; index < list.length; index++) {
    items.push(index in list ? plain(list[index], depth) : tagged('hole', 0));
  }
  return items;
};

const plainObject = (value: object, depth: number): unknown => {
  if (Array.isArray(value)) return plainList(value, depth);
  if (value instanceof Map) return tagged('map', plainList([...value], depth));
  if (value instanceof Set) return tagged('set', plainList([...value], depth));
  if (value instanceof Date) return tagged('date', value.getTime());
  if (value instanceof Error) return tagged('error', [value.name, value.message, plain(value.cause, depth)]);
  if (ArrayBuffer.isView(value)) return tagged('bytes', value.byteLength);
  const record: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    record[key === '$' ? '$$' : key] = plain((value as Record<string, unknown>)[key], depth);
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return record;
  return tagged('instance', [(value.constructor as { name: string }).name, record]);
};

const plain = (value: unknown, depth: number): unknown => {
  if (depth > DEPTH_MAX) return tagged('deeper', 0);
  switch (typeof value) {
    case 'number':
      return plainNumber(value);
    case 'undefined':
      return tagged('undefined', 0);
    case 'bigint':
      return tagged('bigint', `${value}`);
    case 'function':
      return tagged('function', 0); // names of nested functions are the compiler's own
    case 'object':
      return value === null ? null : plainObject(value, depth + 1);
    default:
      return value;
  }
};

const fromPlain = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => fromPlain(each));
  const { $: kind, value: inner } = value as { $?: string; value?: unknown };
  if (kind === 'undefined') return undefined;
  if (kind === 'number') return Number(inner);
  if (kind !== undefined) throw new TypeError(`a ${kind} is said, not given back`);
  const record: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    record[key === '$$' ? '$' : key] = fromPlain((value as Record<string, unknown>)[key]);
  }
  return record;
};

/** A value as text: the same for two values that look alike. */
export function write(value: unknown): string {
  return JSON.stringify(plain(value, 0));
}

/** The plain data of a text that `write` has made. Throws for what is not data: maps, errors, instances. */
export function read(text: string): unknown {
  return fromPlain(JSON.parse(text));
}

/** What a call was answered. Throws what it was answered with, if that was an error. */
export function taken(answer: string): unknown {
  const [kind, value] = read(answer) as [string, unknown];
  if (kind === 'error') throw new Error(value as string);
  return value;
}
