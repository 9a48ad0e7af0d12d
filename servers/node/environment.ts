/** What is made here for a kernel, by its shape: a server does not know the kernel. `kernel/environment.ts` is the same. */

/** Time, in milliseconds from any fixed start, never going back. */
export interface Clock {
  now(): number;
}
