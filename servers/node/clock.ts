import { performance } from 'node:perf_hooks';
import type { Clock } from './environment.ts';

/** Milliseconds since the process began, never going back. */
export const monotonicClock: Clock = Object.freeze({ now: () => performance.now() });

/** Milliseconds since 1970 at which a `monotonicClock` of this process said 0: times of several processes are compared so. */
export const clockOrigin = (): number => performance.timeOrigin;
