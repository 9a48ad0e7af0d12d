/** The logical stack: who awaits whom, in lines of the source. Being data, it is the same before and after a move. */
import { Fiber, JoinSlot } from './fiber.ts';
import { ENDED, type Frame } from './frame.ts';

/** One call of a logical stack. Line and column count from 1, and name the await that it waits at. */
export interface StackEntry {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Entries of one logical stack that are told, the innermost. */
const ENTRIES_MAX = 64;

/** Where a frame waits; null of a frame of the runtime itself. */
export const placeOf = ({ $meta, $n }: Frame): StackEntry | null => {
  if ($meta === null) return null;
  const [line, column] = $meta.places[$n] ?? [$meta.line, $meta.column];
  return { name: $meta.name, file: $meta.module.file, line, column };
};

/** The fiber that waits for the end of this one, if any does. */
const awaiterOf = ({ end }: Fiber): Fiber | null => {
  for (let waited = end instanceof JoinSlot ? end.join : end; waited !== null; ) {
    const first = waited.waiting?.[0];
    if (first === undefined) return null;
    if (first instanceof Fiber) return first;
    waited = first.join;
  }
  return null;
};

/**
 * The logical stack of a fiber, innermost call first, on through the fibers that wait for it. `skip` leaves out as many
 * of the innermost calls.
 */
export const stackOf = (fiber: Fiber, skip = 0): StackEntry[] =>
  framesOf(fiber, skip).flatMap((frame) => placeOf(frame) ?? []);

/** The frames of that stack, those of the runtime itself among them. */
export const framesOf = (fiber: Fiber, skip = 0): Frame[] => {
  const frames: Frame[] = [];
  let depth = fiber.stack.length - skip;
  for (let at: Fiber | null = fiber; at !== null; at = awaiterOf(at), depth = at?.stack.length ?? 0) {
    for (let i = depth - 1; i >= 0; i -= 1) {
      const frame = at.stack[i];
      if (frame !== undefined && frame.$n !== ENDED && frames.push(frame) === ENTRIES_MAX) return frames;
    }
  }
  return frames;
};

/** A logical stack as lines of an `Error.stack`. */
export const stackLines = (entries: readonly StackEntry[]): string =>
  entries.map(({ name, file, line, column }) => `\n    at async ${name} (${file}:${line}:${column})`).join('');

/**
 * A step has thrown: the callers of its frame, which is on top, are added to the stack of the error. Once: one that
 * is thrown on has them already.
 */
export const traceThrown = (fiber: Fiber, thrown: unknown): void => {
  try {
    if (!(thrown instanceof Error) || typeof thrown.stack !== 'string') return;
    const lines = stackLines(stackOf(fiber, 1));
    if (lines !== '' && !thrown.stack.includes(lines)) setStack(thrown, thrown.stack + lines);
  } catch {
    // It is frozen, or throws when it is looked at: it is thrown on as it is.
  }
};

/** A kernel call has failed: its stack is the logical one, since no other frame of the program is on the native one. */
export const traceCall = (fiber: Fiber, thrown: unknown): void => {
  if (thrown instanceof Error) setStack(thrown, `${thrown.name}: ${thrown.message}${stackLines(stackOf(fiber))}`);
};

const setStack = (error: Error, stack: string): void => {
  Object.defineProperty(error, 'stack', { value: stack, writable: true, enumerable: false, configurable: true });
};
