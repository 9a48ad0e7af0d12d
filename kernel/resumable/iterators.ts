/**
 * Iterators whose position is data. `for (const x of E)` with an await inside becomes a loop over one of these; each
 * behaves as the native one does when what it goes through changes meanwhile.
 */
import { ENDED, Frame, MODE_THROW, type Mode } from './frame.ts';

/** What a loop goes through: the values themselves, or as `.entries()`, `.keys()`, `.values()` give them. */
export type IterateKind = 'values' | 'keys' | 'entries';

/** A synchronous iterator. `step` moves on and says whether there is a `value`; `close` ends it early. */
export interface Iter {
  value: unknown;
  step(): boolean;
  close(): void;
}

/** An array, a typed array or `arguments`: the position is the next index. */
export class ListIter implements Iter {
  readonly list: ArrayLike<unknown>;
  readonly kind: IterateKind;
  /** -1 once it is over: it stays so, even if the array grows. */
  index = 0;
  value: unknown = undefined;

  constructor(list: ArrayLike<unknown>, kind: IterateKind) {
    this.list = list;
    this.kind = kind;
  }

  step(): boolean {
    const { index, list, kind } = this;
    if (index < 0 || index >= list.length) {
      this.close();
      return false;
    }
    this.index = index + 1;
    this.value = kind === 'values' ? list[index] : kind === 'keys' ? index : [index, list[index]];
    return true;
  }

  close(): void {
    this.index = -1;
    this.value = undefined;
  }
}

/** A string, by code points: the position is the next code unit. */
export class TextIter implements Iter {
  readonly text: string;
  index = 0;
  value: unknown = undefined;

  constructor(text: string) {
    this.text = text;
  }

  step(): boolean {
    const point = this.index < 0 ? undefined : this.text.codePointAt(this.index);
    if (point === undefined) {
      this.close();
      return false;
    }
    this.index += point > 0xffff ? 2 : 1;
    this.value = String.fromCodePoint(point);
    return true;
  }

  close(): void {
    this.index = -1;
    this.value = undefined;
  }
}

/**
 * A Map or Set. The native iterator knows how to go on when entries come and go; its position as data is the number of
 * entries that lie before it, which `position` finds by counting those that lie ahead.
 */
export class CollectionIter implements Iter {
  readonly collection: ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>;
  readonly kind: IterateKind;
  /** Entries before the position, when it was last asked for; -1 once it is over. */
  index: number;
  value: unknown = undefined;
  #native: IterableIterator<unknown> | null = null;

  /** `index` entries are passed over, by the first step or by `open`: the collection may be filled until then. */
  constructor(
    collection: ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>,
    kind: IterateKind,
    index = 0,
    value: unknown = undefined,
  ) {
    this.collection = collection;
    this.kind = kind;
    this.index = index;
    this.value = value;
  }

  /** Entries that lie before the position, now; -1 once it is over. */
  position(): number {
    if (this.#native === null) return this.index;
    let ahead = 0;
    while (this.#native.next().done !== true) ahead += 1;
    this.index = this.collection.size - ahead;
    this.#native = null;
    this.open();
    return this.index;
  }

  /** Stands at its position from now on, whatever changes: called when a moved collection has been filled. */
  open(): void {
    if (this.index < 0 || this.#native !== null) return;
    this.#native = this.collection[this.kind]();
    for (let i = 0; i < this.index; i += 1) this.#native.next();
  }

  step(): boolean {
    if (this.index < 0) return false;
    this.open();
    const next = this.#native?.next();
    if (next === undefined || next.done === true) {
      this.close();
      return false;
    }
    this.value = next.value;
    return true;
  }

  close(): void {
    this.#native = null;
    this.index = -1;
    this.value = undefined;
  }
}

interface PlainIterator {
  next(): unknown;
  return?(): unknown;
}

/** An iterator of the program's own: a generator, or any object with a `next`. */
export class UserIter implements Iter {
  readonly iterator: PlainIterator;
  isOver = false;
  value: unknown = undefined;

  constructor(iterator: PlainIterator) {
    this.iterator = iterator;
  }

  step(): boolean {
    if (this.isOver) return false;
    this.isOver = true; // and stays so if `next` throws: then there is nothing to close
    const result = this.iterator.next();
    if (typeof result !== 'object' || result === null) {
      throw new TypeError(`Iterator result ${String(result)} is not an object`);
    }
    const { done, value } = result as { readonly done?: unknown; readonly value?: unknown };
    this.isOver = Boolean(done);
    this.value = this.isOver ? undefined : value;
    return !this.isOver;
  }

  close(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.iterator.return?.();
  }
}

/** `for (const key in object)`: keys as they were at the start, without those deleted meanwhile. */
export class KeysIter implements Iter {
  readonly object: object;
  readonly keys: readonly string[];
  index = 0;
  value: unknown = undefined;

  constructor(object: object, keys: readonly string[]) {
    this.object = object;
    this.keys = keys;
  }

  step(): boolean {
    for (let key = this.keys[this.index]; key !== undefined; key = this.keys[this.index]) {
      this.index += 1;
      if (!(key in this.object)) continue;
      this.value = key;
      return true;
    }
    this.value = undefined;
    return false;
  }

  close(): void {
    this.index = this.keys.length;
    this.value = undefined;
  }
}

const { values: arrayValues } = Array.prototype;
const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as { values(): unknown };
const { values: typedValues } = typedArray;
const { entries: mapEntries } = Map.prototype;
const { values: setValues } = Set.prototype;

/** Native iterators have no position that could be read: what they still have is taken now. */
const isNativeIterator = (value: object): boolean =>
  / Iterator\]$/.test(Object.prototype.toString.call(value)) &&
  typeof (value as { next?: unknown }).next === 'function';

/**
 * (Compiled code) The iterator of a loop over `target`. With a `kind` the loop's head said `.entries()`, `.keys()` or
 * `.values()`: on anything but the built-in collections that method is called. Throws a TypeError as the loop would.
 */
export const iterate = (target: unknown, kind?: IterateKind): Iter => {
  if (typeof target === 'string' && kind === undefined) return new TextIter(target);
  if (Array.isArray(target) || ArrayBuffer.isView(target)) {
    const own = (target as unknown as Record<PropertyKey, unknown>)[kind ?? Symbol.iterator];
    const native: Readonly<Record<string, unknown>> = Array.isArray(target) ? Array.prototype : typedArray;
    const isNative = kind === undefined ? own === arrayValues || own === typedValues : own === native[kind];
    if (isNative) return new ListIter(target as unknown as ArrayLike<unknown>, kind ?? 'values');
  }
  if (target instanceof Map && (kind !== undefined || target[Symbol.iterator] === mapEntries)) {
    return new CollectionIter(target, kind ?? 'entries');
  }
  if (target instanceof Set && (kind !== undefined || target[Symbol.iterator] === setValues)) {
    return new CollectionIter(target, kind ?? 'values');
  }
  return iterateOther(target, kind);
};

const iterateOther = (target: unknown, kind: IterateKind | undefined): Iter => {
  if (kind !== undefined) return iterate((target as Record<IterateKind, () => unknown>)[kind]());
  const method = (target as { [Symbol.iterator]?: unknown } | null | undefined)?.[Symbol.iterator];
  if (typeof method !== 'function') throw new TypeError(`${describe(target)} is not iterable`);
  if (Object.prototype.toString.call(target) === '[object Arguments]') {
    return new ListIter(target as ArrayLike<unknown>, 'values');
  }
  const iterator = method.call(target) as PlainIterator & Iterable<unknown>;
  if (typeof iterator !== 'object' || iterator === null)
    throw new TypeError('Result of the Symbol.iterator method is not an object');
  return isNativeIterator(iterator) ? new ListIter([...iterator], 'values') : new UserIter(iterator);
};

const describe = (target: unknown): string =>
  typeof target === 'object' && target !== null ? 'object' : String(target);

/** (Compiled code) The iterator of a `for … in` loop. Nothing to go through in null and undefined. */
export const keysIn = (target: unknown): Iter => {
  const keys: string[] = [];
  const object = target === null || target === undefined ? {} : Object(target);
  for (const key in object) keys.push(key);
  return new KeysIter(object, keys);
};

/** A loop's iterator as the inner one of a `yield*`: the native one's position could not be read. */
export class Delegated {
  readonly iter: Iter;

  constructor(iter: Iter) {
    this.iter = iter;
  }

  next(): { readonly done: boolean; readonly value: unknown } {
    const done = !this.iter.step();
    return { done, value: this.iter.value };
  }

  return(value: unknown): { readonly done: boolean; readonly value: unknown } {
    this.iter.close();
    return { done: true, value };
  }
}

/** What a `yield*` over `target` asks; null if that is an iterator of the program's own. */
export const delegated = (target: unknown): Delegated | null => {
  const isBuiltin =
    typeof target === 'string' ||
    Array.isArray(target) ||
    ArrayBuffer.isView(target) ||
    target instanceof Map ||
    target instanceof Set;
  if (!isBuiltin) return null;
  const iter = iterate(target);
  return iter instanceof UserIter ? null : new Delegated(iter);
};

interface AsyncIterator {
  next(): unknown;
  return?(): unknown;
}

/** The iterator of a `for await` loop. `next` and `return` answer calls that are awaited. */
export class AsyncIter {
  readonly iterator: AsyncIterator | Iter;
  readonly isSync: boolean;
  isOver = false;

  constructor(iterator: AsyncIterator | Iter, isSync: boolean) {
    this.iterator = iterator;
    this.isSync = isSync;
  }

  /** A call whose value is `{ done, value }`. */
  next(): Frame {
    return new AsyncStep(this, false);
  }

  /** Leaves the loop early. Nothing happens if the iterator is over. */
  return(): Frame {
    return new AsyncStep(this, true);
  }
}

/** One call of an `AsyncIter`: a frame of the runtime. */
export class AsyncStep extends Frame {
  readonly of: AsyncIter;
  readonly isReturn: boolean;

  constructor(of: AsyncIter, isReturn: boolean) {
    super();
    this.of = of;
    this.isReturn = isReturn;
  }

  override $step(mode: Mode, value: unknown): unknown {
    if (this.$n === 0) return this.isReturn ? this.#leave() : this.#ask();
    this.$n = ENDED;
    if (mode === MODE_THROW) {
      this.of.isOver = true;
      if (this.of.isSync && !this.isReturn) (this.of.iterator as Iter).close();
      throw value;
    }
    if (this.isReturn) return undefined;
    if (this.of.isSync) return { done: false, value };
    return this.#taken(value);
  }

  #ask(): unknown {
    const { of } = this;
    if (of.isOver) return this.#end({ done: true, value: undefined });
    if (of.isSync) {
      const iter = of.iterator as Iter;
      of.isOver = true;
      of.isOver = !iter.step();
      if (of.isOver) return this.#end({ done: true, value: undefined });
      this.$n = 1;
      return iter.value;
    }
    of.isOver = true; // unless there is an answer
    this.$n = 1;
    return (of.iterator as AsyncIterator).next();
  }

  #taken(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) {
      throw new TypeError(`Iterator result ${String(value)} is not an object`);
    }
    this.of.isOver = Boolean((value as { readonly done?: unknown }).done);
    return value;
  }

  #leave(): unknown {
    const { of } = this;
    if (of.isOver) return this.#end(undefined);
    of.isOver = true;
    if (of.isSync) {
      (of.iterator as Iter).close();
      return this.#end(undefined);
    }
    this.$n = 1;
    return (of.iterator as AsyncIterator).return?.();
  }

  #end(value: unknown): unknown {
    this.$n = ENDED;
    return value;
  }
}

/** (Compiled code) The iterator of a `for await` loop. Throws a TypeError as the loop would. */
export const iterateAsync = (target: unknown): AsyncIter => {
  const method = (target as { [Symbol.asyncIterator]?: unknown } | null | undefined)?.[Symbol.asyncIterator];
  if (typeof method === 'function') return new AsyncIter(method.call(target) as AsyncIterator, false);
  return new AsyncIter(iterate(target), true);
};
