/**
 * The run queue: first come, first served, but what is urgent before what is not. Urgent threads are the system's own
 * (netmsg, migration): they only pass on what others wait for, so they are short, and a task that stands still while it
 * moves must not wait behind others that compute. They cannot shut the others out: every so often one of those has its
 * turn.
 */
import { Ring } from '../ports/ring.ts';

/** Urgent turns in a row while somebody else waits. */
const URGENT_MAX = 16;

/** What waits for the processor. */
export interface Queued {
  readonly isUrgent: boolean;
}

/** See the head of this file. */
export class RunQueue<T extends Queued> {
  readonly #urgent: Ring<T> = new Ring(16);
  readonly #others: Ring<T> = new Ring(64);
  #inARow = 0;

  get length(): number {
    return this.#urgent.length + this.#others.length;
  }

  push(thread: T): void {
    if (thread.isUrgent) this.#urgent.push(thread);
    else this.#others.push(thread);
  }

  /** Takes whoever runs next. Hot path. */
  shift(): T | undefined {
    const hasTurn = this.#urgent.length > 0 && (this.#inARow < URGENT_MAX || this.#others.length === 0);
    if (!hasTurn) {
      this.#inARow = 0;
      return this.#others.shift();
    }
    this.#inARow += 1;
    return this.#urgent.shift();
  }
}
