/** Virtual time: what is to happen, in order of time; what is due at once, in an order that the seed decides. */
import type { SeededRandom } from './random.ts';

interface Planned {
  readonly at: number;
  readonly tie: number;
  readonly label: string;
  readonly run: () => void;
}

/** Lines of history that a failure prints. */
const HISTORY = Number(process.env['SIM_HISTORY'] ?? 60);

const isBefore = (a: Planned, b: Planned): boolean => a.at < b.at || (a.at === b.at && a.tie < b.tie);

/** The clock of a simulated world, and the record of what happened in it. */
export class Timeline {
  now = 0;
  /** Events that have happened. */
  count = 0;
  readonly #random: SeededRandom;
  readonly #heap: Planned[] = [];
  readonly #history: string[] = [];
  #hash = 0x811c9dc5;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** A number that is the same only if everything that happened was the same. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0');
  }

  /** The last events, one a line. */
  get history(): readonly string[] {
    return this.#history;
  }

  /** Plans something; `label` is what the history will say of it. What begins with ~ is routine, and only hashed. */
  after(delay: number, label: string, run: () => void): void {
    const planned = { at: this.now + Math.max(0, delay), tie: this.#random.next(), label, run };
    const heap = this.#heap;
    let at = heap.push(planned) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above] as Planned;
      if (!isBefore(planned, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = planned;
  }

  /** Lets the next thing happen; false if nothing is planned. */
  step(): boolean {
    const next = this.#pop();
    if (next === undefined) return false;
    this.now = Math.max(this.now, next.at);
    this.count += 1;
    this.note(next.label);
    next.run();
    return true;
  }

  /** Writes something down that is part of what just happened. */
  note(line: string): void {
    const text = `${this.now.toFixed(1).padStart(9)} ms  ${line}`;
    for (let i = 0; i < text.length; i += 1) this.#hash = Math.imul(this.#hash ^ text.charCodeAt(i), 0x01000193);
    if (line.startsWith('~')) return;
    this.#history.push(text);
    if (this.#history.length > HISTORY) this.#history.shift();
  }

  #pop(): Planned | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1] as Planned, heap[below] as Planned)) below += 1;
      if (!isBefore(heap[below] as Planned, last)) break;
      heap[at] = heap[below] as Planned;
      at = below;
    }
    heap[at] = last;
    return top;
  }
}
