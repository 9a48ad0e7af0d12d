/**
 * What makes a kernel run in Node: one `setImmediate` while there is work, one timer for the earliest deadline.
 * Between two slices the event loop gets its turn, so that sockets and signals are heard however busy the kernel is.
 */
import type { Clock } from './clock.ts';

/** Parked calls between two looks at the clock. */
const STEPS = 256;
/** The longest a timer waits; a later deadline is looked at again then. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** What is pumped. */
export interface Pumped {
  /** Runs for at most `steps` and asks (`wanted`) if something is left. */
  run(steps: number): void;
  /** When it wants to run without being asked; Infinity for never. */
  nextDeadline(): number;
}

/** How long a pump holds the event loop at once. */
export interface PumpSettings {
  readonly sliceMs: number;
}

/** A pump for one kernel. It runs nothing before `drive`, and nothing after `stop`. */
export class NodePump {
  readonly #clock: Clock;
  readonly #sliceMs: number;
  #pumped: Pumped | null = null;
  #immediate: NodeJS.Immediate | null = null;
  #timer: NodeJS.Timeout | null = null;
  #timerAt = Number.POSITIVE_INFINITY;
  #isWanted = false;
  #isStopped = false;

  constructor(clock: Clock, { sliceMs }: PumpSettings = { sliceMs: 8 }) {
    this.#clock = clock;
    this.#sliceMs = sliceMs;
  }

  /** Says what is to be pumped. */
  drive(pumped: Pumped): void {
    this.#pumped = pumped;
    if (this.#isWanted) this.#schedule();
    this.deadline(pumped.nextDeadline());
  }

  /** (Pump) There is something to run. */
  wanted(): void {
    this.#isWanted = true;
    this.#schedule();
  }

  /** (Pump) The earliest deadline. The timer alone keeps no process alive. */
  deadline(at: number): void {
    if (at === this.#timerAt || this.#isStopped) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#timerAt = at;
    if (at === Number.POSITIVE_INFINITY) return;
    const wait = Math.min(Math.max(0, Math.ceil(at - this.#clock.now())), TIMER_MAX_MS);
    this.#timer = setTimeout(() => this.#due(), wait);
    this.#timer.unref();
  }

  /** Nothing runs any more. */
  stop(): void {
    this.#isStopped = true;
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#immediate = null;
    this.#timer = null;
  }

  #schedule(): void {
    if (this.#immediate !== null || this.#pumped === null || this.#isStopped) return;
    this.#immediate = setImmediate(() => this.#slice());
  }

  #due(): void {
    this.#timer = null;
    this.#timerAt = Number.POSITIVE_INFINITY;
    this.wanted();
  }

  #slice(): void {
    const pumped = this.#pumped;
    if (pumped === null) return;
    const end = this.#clock.now() + this.#sliceMs;
    do {
      this.#isWanted = false;
      pumped.run(STEPS);
    } while (this.#isWanted && !this.#isStopped && this.#clock.now() < end);
    this.#immediate = null;
    if (this.#isWanted) this.#schedule();
    this.deadline(pumped.nextDeadline());
  }
}
