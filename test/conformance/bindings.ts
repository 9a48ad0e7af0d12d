/**
 * The variables of one run. `$A.p` is a variable of task A; what one alternative of a pattern has bound is undone
 * when another is tried.
 */
import { isObject } from './scenario.ts';

export interface Variable {
  readonly task: string;
  readonly name: string;
}

/** The variable that a string stands for, if it does. `$_` is none. */
export const variableIn = (text: string): Variable | undefined => {
  if (!text.startsWith('$')) return undefined;
  const [, task, name] = /^\$([A-Za-z0-9_-]+)\.([A-Za-z0-9_.-]+)$/.exec(text) ?? [];
  return task === undefined || name === undefined ? undefined : { task, name };
};

interface Undo {
  readonly variable: Variable;
  readonly before: unknown; // undefined: it was not bound
}

/** A task's variables, and how many of them hold each value: `fresh` asks for it in cases of 50 000 steps. */
interface Holdings {
  readonly values: Map<string, unknown>;
  readonly counts: Map<unknown, number>;
}

export class Bindings {
  readonly #tasks = new Map<string, Holdings>();
  #undo: Undo[] = [];

  /** The value of a variable; undefined if it is not bound. */
  get({ task, name }: Variable): unknown {
    return this.#tasks.get(task)?.values.get(name);
  }

  bind(variable: Variable, value: unknown): void {
    this.#undo.push({ variable, before: this.get(variable) });
    this.#set(variable, value);
  }

  /** True if another variable of the same task holds this value. */
  isHeldByAnother(variable: Variable, value: unknown): boolean {
    const own = this.get(variable) === value ? 1 : 0;
    return (this.#tasks.get(variable.task)?.counts.get(value) ?? 0) > own;
  }

  /** Where we are; what is bound from here on can be taken back. */
  mark(): number {
    return this.#undo.length;
  }

  rollBack(mark: number): void {
    while (this.#undo.length > mark) {
      const last = this.#undo.pop();
      if (last !== undefined) this.#set(last.variable, last.before);
    }
  }

  /** What is bound so far stays bound. */
  commit(): void {
    this.#undo = [];
  }

  #set({ task, name }: Variable, value: unknown): void {
    let holdings = this.#tasks.get(task);
    if (holdings === undefined) this.#tasks.set(task, (holdings = { values: new Map(), counts: new Map() }));
    const { values, counts } = holdings;
    const before = values.get(name);
    if (before !== undefined) counts.set(before, (counts.get(before) ?? 0) - 1);
    if (value === undefined) values.delete(name);
    else values.set(name, value);
    if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
}

/** Equality by structure; a bigint equals the number of the same value, an absent key one that is undefined. */
export const equal = (a: unknown, b: unknown): boolean => {
  if (Object.is(a, b)) return true;
  if (typeof a === 'bigint' || typeof b === 'bigint') return isNumeric(a) && isNumeric(b) && BigInt(a) === BigInt(b);
  if (typeof a === 'number' && typeof b === 'number') return a === b; // 0 and -0
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((each, index) => equal(each, b[index]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => equal(a[key], b[key]));
};

const isNumeric = (value: unknown): value is number | bigint =>
  typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
