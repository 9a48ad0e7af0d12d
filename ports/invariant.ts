/** A law of the system does not hold: a fault of the kernel itself, never of a program. Nobody catches it. */
export class KernelPanic extends Error {
  override readonly name = 'KernelPanic';
}

/** Asserts a law. `law` states it positively; a panic quotes it. */
export function invariant(holds: boolean, law: string): asserts holds {
  if (!holds) throw new KernelPanic(`does not hold: ${law}`);
}
