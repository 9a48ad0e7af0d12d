/**
 * The server of the calls: it answers each from what was asked and how many were answered before, and keeps a trace.
 */
import { read, write } from './values.program.ts';

/** Calls after which a program is taken for endless. */
const CALLS_MAX = 4000;

/** One run's server. */
export class Answers {
  /** What was asked, in order; the last is how the run ended (`done`). */
  readonly trace: string[];

  constructor(trace: readonly string[] = []) {
    this.trace = [...trace];
  }

  /** The answer to a call. Throws once there are far too many calls. */
  answer(asked: string): string {
    const [op, a, b] = read(asked) as [string, unknown, unknown];
    const before = this.trace.length;
    if (before > CALLS_MAX) throw new Error(`more than ${CALLS_MAX} calls`);
    this.trace.push(asked);
    switch (op) {
      case 'echo':
        return write(['ok', a]);
      case 'add':
        return write(['ok', (a as number) + (b as number)]);
      case 'fail':
        return write(['error', a]);
      case 'count':
        return write(['ok', before]);
      case 'done':
        return write(['ok', null]);
      default:
        throw new Error(`no call is named ${op}`);
    }
  }
}
