/**
 * A default pager that takes its time: what it is told and what it answers lie in queues, and a seeded choice says
 * which goes on. It notes everything that a kernel must not do.
 */
import { PageFault } from '../../../kernel/vm/access.ts';
import type { DefaultPager, PagedMemory } from '../../../kernel/vm/default-pager.ts';
import { type Blocked, isBlocked } from '../../../kernel/vm/fault.ts';
import { PAGE } from '../../../kernel/vm/page.ts';
import type { PageWait } from '../../../kernel/vm/wait.ts';

/** What the pager has of one object. */
interface Kept {
  readonly pages: Map<number, Uint8Array>;
  /** What the kernel has handed over, stored or not. */
  readonly sent: Set<number>;
  /** Asked for and not answered. */
  readonly asked: Set<number>;
}

/** A generator of numbers in [0, 1) (mulberry32). */
export const seeded = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** The pager. */
export class Swap implements DefaultPager {
  /** What a kernel has done that it must not. */
  readonly wrongs: string[] = [];
  /** Pages handed over and fetched so far. */
  out = 0;
  in = 0;
  /** The pager says that it is full when it has more pages than this, and keeps them all the same. */
  readonly #limit: number;
  readonly #random: () => number;
  readonly #kept: Map<PagedMemory, Kept> = new Map();
  readonly #told: (() => void)[] = [];
  readonly #answers: (() => void)[] = [];

  constructor(seed: number, limit: number = Number.POSITIVE_INFINITY) {
    this.#random = seeded(seed);
    this.#limit = limit;
  }

  /** True while it has never refused more. */
  get isWilling(): boolean {
    return this.#limit === Number.POSITIVE_INFINITY;
  }

  /** Pages kept. */
  get size(): number {
    let size = 0;
    for (const { pages } of this.#kept.values()) size += pages.size;
    return size;
  }

  create(memory: PagedMemory): void {
    if (this.#kept.has(memory)) this.wrongs.push(`object ${memory.id} is made twice`);
    this.#kept.set(memory, { pages: new Map(), sent: new Set(), asked: new Set() });
  }

  dataInitialize(memory: PagedMemory, offset: number, data: Uint8Array): void {
    this.#receive(memory, offset, data, 'first');
  }

  dataReturn(memory: PagedMemory, offset: number, data: Uint8Array): void {
    this.#receive(memory, offset, data, 'again');
  }

  #receive(memory: PagedMemory, offset: number, data: Uint8Array, time: 'first' | 'again'): void {
    const kept = this.#of(memory);
    for (let page = offset / PAGE; page < (offset + data.length) / PAGE; page += 1) {
      const isKnown = kept.sent.has(page);
      if (time === 'again' && !isKnown) this.wrongs.push(`page ${page} is returned that was never here`);
      if (kept.asked.has(page)) this.wrongs.push(`page ${page} goes out while it is asked for`);
      kept.sent.add(page);
      this.out += 1;
    }
    this.#told.push(() => {
      for (let at = 0; at < data.length; at += PAGE) {
        kept.pages.set((offset + at) / PAGE, data.slice(at, at + PAGE));
      }
      const isFull = this.size > this.#limit;
      this.#answers.push(() => memory.stored(data.length, isFull ? 'full' : 'room'));
    });
  }

  dataRequest(memory: PagedMemory, offset: number, length: number): void {
    const kept = this.#of(memory);
    for (let page = offset / PAGE; page < (offset + length) / PAGE; page += 1) {
      if (!kept.sent.has(page)) this.wrongs.push(`page ${page} is asked for that was never here`);
      if (kept.asked.has(page)) this.wrongs.push(`page ${page} is asked for twice`);
      kept.asked.add(page);
      this.in += 1;
    }
    this.#told.push(() => this.#answer(memory, kept, offset, length));
  }

  /** In pieces, some of them twice. */
  #answer(memory: PagedMemory, kept: Kept, offset: number, length: number): void {
    for (let at = offset; at < offset + length; at += PAGE) {
      const bytes = kept.pages.get(at / PAGE);
      if (bytes === undefined) throw new Error(`page ${at / PAGE} of ${memory.id} was never stored`);
      const give = (): void => {
        kept.asked.delete(at / PAGE);
        memory.supply(at, bytes);
      };
      this.#answers.push(give);
    }
  }

  terminate(memory: PagedMemory): void {
    this.#of(memory);
    this.#kept.delete(memory);
  }

  #of(memory: PagedMemory): Kept {
    const kept = this.#kept.get(memory);
    if (kept === undefined) throw new Error(`object ${memory.id} is not known`);
    return kept;
  }

  /** One thing goes on. False if there is nothing to do. */
  step(): boolean {
    const isAnswer = this.#told.length === 0 || (this.#answers.length > 0 && this.#random() < 0.5);
    const next = isAnswer ? this.#answers.shift() : this.#told.shift();
    next?.();
    return next !== undefined;
  }

  /** Some things go on, or none. */
  some(): void {
    while (this.#random() < 0.4) this.step();
  }

  /** Goes on until somebody's waiting is over. */
  until(wait: PageWait): void {
    while (!wait.isOver) if (!this.step()) throw new Error('waiting for nothing');
  }

  /** Everything is answered. The kernel must have forgotten all objects. */
  end(): void {
    while (this.step());
    if (this.#kept.size > 0) this.wrongs.push(`${this.#kept.size} objects are left over`);
  }
}

/** Does something again and again until nothing must be waited for any more. */
export const attempt = <T>(swap: Swap | null, act: () => T): Exclude<T, Blocked> => {
  for (let tries = 0; tries < 1000; tries += 1) {
    const answer = caught(act);
    if (!isBlocked(answer)) return answer as Exclude<T, Blocked>;
    if (swap === null) throw new Error('nobody is waited for');
    swap.until(answer.wait);
  }
  throw new Error('no end of waiting');
};

const caught = <T>(act: () => T): T | Blocked => {
  try {
    const answer = act();
    return answer instanceof PageFault && isBlocked(answer.outcome) ? answer.outcome : answer;
  } catch (fault) {
    if (fault instanceof PageFault && isBlocked(fault.outcome)) return fault.outcome;
    throw fault;
  }
};
