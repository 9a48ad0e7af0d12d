/**
 * The whole path of admission: looks at every value of a body, finds the words for a refusal, clones what cannot be
 * frozen, and only when nothing is left to refuse freezes and marks what it found.
 */
import { type Admitting, cloneOf, instance, type Step } from './body-clone.ts';
import { BODY_VALUES_MAX, type Body, type BodyRecord, BodyRefusal } from './body-value.ts';
import {
  CLONE_SIZE,
  HEIGHTS,
  joined,
  keySize,
  LIST_SIZE,
  leafWeight,
  Marked,
  mark,
  RECORD_SIZE,
} from './body-weight.ts';
import { Bytes } from './bytes.ts';
import { BODY_DEPTH_MAX } from './limits.ts';

const { freeze, getPrototypeOf, getOwnPropertyNames, getOwnPropertySymbols, getOwnPropertyDescriptor } = Object;
const { isArray } = Array;
const recordPrototype: unknown = Object.prototype;
const listPrototype: unknown = Array.prototype;
const lookUpGetter = (Object.prototype as unknown as { __lookupGetter__(key: string | number): unknown })
  .__lookupGetter__;

/** Makes an own property, whatever the prototype has under that name. */
const put = (record: Record<string, Body>, key: string, value: Body): void => {
  Object.defineProperty(record, key, { value, writable: true, configurable: true, enumerable: true });
};

/** The path as a programmer would write it. */
const written = (path: readonly Step[]): string => {
  let text = 'body';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (typeof step === 'object') text += `<${step.entry}>`;
    else if (step.length > 64) text += `["${step.slice(0, 64)}…"]`;
    else text += /^[A-Za-z_$][\w$]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
  }
  return text;
};

/** A body to carry: what was given, or a tree with clones in it that is the message's own. */
export interface Admitted {
  readonly body: Body;
  readonly weight: number;
}

/** One admission of one body: looks at everything first, then freezes and marks what it found. */
export class Admission implements Admitting {
  readonly #isProxy: ((value: object) => boolean) | undefined;
  readonly #path: Step[] = [];
  readonly #ancestors: object[] = [];
  /** What will be frozen, and its weight; -1 for a copy that holds clones. */
  readonly #found: object[] = [];
  readonly #weights: number[] = [];
  #why = '';
  #values = 0;
  /** The weight of the value taken last. */
  #weight = 0;
  /** The weight of the clone that is being made. */
  #clone = 0;

  constructor(isProxy: ((value: object) => boolean) | undefined) {
    this.#isProxy = isProxy;
  }

  admit(value: unknown): Admitted | BodyRefusal {
    try {
      const body = this.#take(value);
      if (this.isRefused) return new BodyRefusal(written(this.#path), this.#why);
      // --- Point of no return: only now is anything of the sender's changed. ---
      for (let i = 0; i < this.#found.length; i += 1) {
        const found = this.#found[i] as object;
        const weight = this.#weights[i] as number;
        if (weight > 0 && Marked.weight(found) < 0) mark(found, weight);
        freeze(found);
      }
      return { body, weight: this.#weight };
    } catch {
      return new BodyRefusal(written(this.#path), 'cannot be read: looking at it throws');
    }
  }

  /**
   * The value to carry in place of `value`. After a refusal the answer means nothing and the path stays where it is.
   */
  #take(value: unknown): Body {
    this.#values += 1;
    if (this.#values > BODY_VALUES_MAX) return this.refuse(`holds more than ${BODY_VALUES_MAX} values`);
    switch (typeof value) {
      case 'function':
        return this.refuse('is a function');
      case 'symbol':
        return this.refuse('is a symbol');
      case 'object':
        return value === null ? this.#leaf(null) : this.#takeObject(value);
      default:
        return this.#leaf(value as Body);
    }
  }

  #leaf<T extends Body>(value: T): T {
    this.#weight = leafWeight(value);
    return value;
  }

  get isRefused(): boolean {
    return this.#why !== '';
  }

  refuse(why: string): undefined {
    this.#why = why;
  }

  /** Charges bytes to the clone that is being made. */
  charge(size: number): void {
    this.#clone += size * HEIGHTS;
  }

  /** Takes a child of the clone that is being made. */
  child(step: Step, value: unknown): Body {
    const clone = this.#clone;
    this.#path.push(step);
    const child = this.#take(value);
    if (this.isRefused) return;
    this.#path.pop();
    this.#clone = joined(clone, this.#weight);
    return child;
  }

  #takeObject(value: object): Body {
    if (this.#isProxy?.(value) === true) return this.refuse('is a proxy');
    if (Bytes.is(value)) return this.#leaf(value);
    const known = Marked.weight(value);
    if (this.#ancestors.includes(value)) return this.refuse('contains itself');
    const height = known < 0 ? 1 : known % HEIGHTS;
    if (this.#ancestors.length + height > BODY_DEPTH_MAX) return this.refuse(`is nested deeper than ${BODY_DEPTH_MAX}`);
    if (known >= 0) {
      this.#weight = known;
      return value as Body;
    }
    this.#ancestors.push(value);
    const body = this.#takeTree(value);
    this.#ancestors.pop();
    return body;
  }

  #takeTree(value: object): Body {
    const prototype: unknown = getPrototypeOf(value);
    if (isArray(value)) return prototype === listPrototype ? this.#takeList(value) : this.refuse(instance(value));
    if (prototype === recordPrototype || prototype === null)
      return this.#takeRecord(value as BodyRecord, prototype as object);
    const outer = this.#clone;
    this.#clone = CLONE_SIZE * HEIGHTS + 1;
    const clone = cloneOf(this, value, prototype);
    this.#weight = this.#clone;
    this.#clone = outer;
    return clone;
  }

  #takeRecord(record: BodyRecord, prototype: object | null): Body {
    if (getOwnPropertySymbols(record).length > 0) return this.refuse('has a symbol for a key');
    const names = getOwnPropertyNames(record);
    let weight = RECORD_SIZE * HEIGHTS + 1;
    let copy: Record<string, Body> | null = null;
    for (let i = 0; i < names.length; i += 1) {
      const key = names[i] as string;
      this.#path.push(key);
      const value = this.#property(record, key);
      const child = !this.isRefused ? this.#take(value) : undefined;
      if (this.isRefused) return;
      this.#path.pop();
      if (copy === null && typeof value === 'object' && child !== value) {
        copy = Object.create(prototype) as Record<string, Body>;
        for (let j = 0; j < i; j += 1) put(copy, names[j] as string, record[names[j] as string]);
      }
      if (copy !== null) put(copy, key, child);
      weight = joined(weight, this.#weight) + keySize(key) * HEIGHTS;
    }
    return this.#keep(copy ?? record, copy === null, weight);
  }

  #takeList(list: readonly unknown[]): Body {
    if (getOwnPropertySymbols(list).length > 0) return this.refuse('has a symbol for a key');
    if (list.length > BODY_VALUES_MAX) return this.refuse(`holds more than ${BODY_VALUES_MAX} values`);
    let weight = LIST_SIZE * HEIGHTS + 1;
    let copy: Body[] | null = null;
    for (let i = 0; i < list.length; i += 1) {
      this.#path.push(i);
      const value = this.#element(list, i);
      const child = !this.isRefused ? this.#take(value) : undefined;
      if (this.isRefused) return;
      this.#path.pop();
      if (copy === null && typeof value === 'object' && child !== value) copy = list.slice(0, i) as Body[];
      if (copy !== null) copy.push(child);
      weight = joined(weight, this.#weight);
    }
    const { length } = list;
    if (Object.keys(list).length !== length || getOwnPropertyNames(list).length !== length + 1) {
      return this.refuse('is an array with more than its elements');
    }
    return this.#keep((copy ?? list) as readonly Body[], copy === null, weight);
  }

  #keep<T extends object>(tree: T, isPlain: boolean, weight: number): T {
    this.#found.push(tree);
    this.#weights.push(isPlain ? weight : -1);
    this.#weight = weight;
    return tree;
  }

  #property(record: BodyRecord, key: string): unknown {
    const property = getOwnPropertyDescriptor(record, key);
    if (key === '__proto__') return this.refuse('is named __proto__');
    if (property === undefined || property.get !== undefined || property.set !== undefined)
      return this.refuse('is an accessor');
    return property.enumerable === true ? property.value : this.refuse('is not enumerable');
  }

  #element(list: readonly unknown[], index: number): unknown {
    if (lookUpGetter.call(list, index) !== undefined) return this.refuse('is an accessor');
    const value = list[index];
    if (value !== undefined) return value;
    const property = getOwnPropertyDescriptor(list, index);
    if (property === undefined) return this.refuse('is missing: the array has holes');
    return property.set === undefined ? value : this.refuse('is an accessor');
  }
}
