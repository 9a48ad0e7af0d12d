import { performance } from 'node:perf_hooks';

/** Time, in milliseconds from any fixed start, never going back: what a kernel asks for. */
export interface Clock {
  now(): number;
}

/** Milliseconds since the process began. */
export const monotonicClock: Clock = Object.freeze({ now: () => performance.now() });

/**
 * Milliseconds since 1970 at which the clock of this process said 0: by it the times of several processes are
 * compared.
 */
export const clockOrigin = (): number => performance.timeOrigin;
