/** The console: lines that tasks print, kept for a while by the task that printed them. */
import { type Routine, routine, type Subsystem, subsystem } from '../../kernel/interface/subsystem.ts';

/** Characters of one line; the rest is cut off. */
export const LINE_MAX = 8192;
/** Lines that a console keeps. */
export const LINES_MAX = 4096;
/** Lines that one answer holds. */
export const READ_LINES_MAX = 50;

/** A line, and whose it is. `task` is the identity that a task keeps wherever it moves. */
export interface ConsoleLine {
  readonly n: number;
  readonly at: number;
  readonly task: string;
  readonly text: string;
}

/** Lines of a console from a number on. */
export interface ConsoleLines {
  readonly lines: readonly ConsoleLine[];
  /** There are more after the last. */
  readonly more: boolean;
  /** Lines that were printed and are kept no more. */
  readonly lost: number;
}

interface Routines extends Readonly<Record<string, Routine<never, unknown>>> {
  /** Prints a text, one line or several. No answer is owed: send it without a reply right if none is wanted. */
  readonly print: Routine<{ readonly text: string }, null>;
  /** The lines after number `since`, of one task or, with '', of all. */
  readonly read: Routine<{ readonly since: number; readonly task: string }, ConsoleLines>;
}

/** The service: numbers, client stub, server loop. */
export const consoleService: Subsystem<Routines> = subsystem('console', 5420, {
  print: routine<{ text: string }, null>(),
  read: routine<{ since: number; task: string }, ConsoleLines>(),
} as unknown as Routines);
