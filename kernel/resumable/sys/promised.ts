/**
 * What a program sees of a kernel call: a promise, to its types. At run time it is a call that has not been carried
 * out (`KCall`) or a call of the facade's own (`Frame`), both plain data, and only `await` in a compiled program can
 * do anything with it. The one file of the runtime that says `Promise`, and the law that forbids it names this file.
 */
import type { Awaitable } from '../frame.ts';

/** A value that a program awaits. */
export type Promised<T> = Promise<T>;

/** Tells the types what awaiting a call gives. */
export const promised = <T>(call: Awaitable): Promised<T> => call as unknown as Promised<T>;
