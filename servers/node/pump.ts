/**
 * What makes a kernel run in Node: one `setImmediate` while there is work, one timer for the earliest deadline.
 * Between two slices the event loop gets its turn, so that sockets and signals are heard however busy the kernel is.
 */
import type { Clock } from './clock.ts';

/**
 * Parked calls between two looks at the clock: few while each takes long, more while they are short. A call may take
 * milliseconds (a task that computes) or a quarter of a microsecond (one that sends).
 */
const STEPS_MAX = 64;
/** A run this short may be longer next time; one twice as long was too long. */
const SHORT_MS = 0.1;
/** How long a pump holds the event loop at once, unless it is told otherwise: what comes in waits that long. */
const SLICE_MS = 2;
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
  #isHeld = false;
  #steps = 1;

  constructor(clock: Clock, { sliceMs }: PumpSettings = { sliceMs: SLICE_MS }) {
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

  /** Nothing runs until `release`: the kernel stands still, and what comes for it waits. */
  hold(): void {
    this.#isHeld = true;
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    this.#immediate = null;
  }

  /** Goes on after `hold`. */
  release(): void {
    this.#isHeld = false;
    if (this.#isWanted) this.#schedule();
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
    if (this.#immediate !== null || this.#pumped === null || this.#isStopped || this.#isHeld) return;
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
    let now = this.#clock.now();
    const end = now + this.#sliceMs;
    do {
      this.#isWanted = false;
      pumped.run(this.#steps);
      now = this.#paced(now);
    } while (this.#isWanted && !this.#isStopped && now < end);
    this.#immediate = null;
    if (this.#isWanted) this.#schedule();
    this.deadline(pumped.nextDeadline());
  }

  /** Looks at the clock, and sets how much is run before the next look. */
  #paced(before: number): number {
    const now = this.#clock.now();
    const took = now - before;
    if (took <= SHORT_MS) this.#steps = Math.min(this.#steps * 2, STEPS_MAX);
    else if (took > 2 * SHORT_MS) this.#steps = Math.max(1, this.#steps >> 1);
    return now;
  }
}
