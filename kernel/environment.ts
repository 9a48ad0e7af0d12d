import type { Profile } from '../ports/profile.ts';

/** Time, in milliseconds from any fixed start, never going back. */
export interface Clock {
  now(): number;
}

/** What runs the kernel from outside: it calls `run` some time after it has been told that there is work. */
export interface Pump {
  /** There is something to run. Called at most once until the kernel has run dry. */
  wanted(): void;
  /** The earliest deadline has changed; Infinity if nothing waits for time. */
  deadline(at: number): void;
}

/** What a kernel is given by whoever composes it: its identity, time, a pump, limits. */
export interface Environment {
  /** Identity of the node: unique for ever among all kernels that may meet. */
  readonly node: string;
  readonly clock: Clock;
  readonly pump: Pump;
  /** Which dialect of Mach its calls speak (`ports/profile.ts`); Mach 3 if absent. */
  readonly profile?: Profile;
  /** Pages of memory that may be resident at once. */
  readonly pagesMax?: number;
  /**
   * Chance, a number from 0 up to but not 1: what resumable programs begin their random numbers with. Without it they
   * follow from the identity of the task, and are the same whenever the same happens.
   */
  readonly random?: () => number;
  /** Events kept in the ring of messages; 0 switches it off. */
  readonly eventsMax?: number;
}
