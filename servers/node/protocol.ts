/** The node service: what the process around a kernel does for an operator. */

import { type Routine, routine, type Subsystem, subsystem } from '../../kernel/interface/subsystem.ts';
import type { Body } from '../../ports/body.ts';

/** A program that a node can run, and the file it was made of. */
export interface ProgramFacts {
  readonly name: string;
  readonly hash: string;
  readonly file: string;
}

/** A task that a node has started. It may have ended, or moved. */
export interface RunFacts {
  readonly name: string;
  /** Keeps its value wherever the task moves. */
  readonly identity: string;
  readonly program: string;
}

/** What a node says of itself. */
export interface NodeFacts {
  readonly name: string;
  readonly node: string;
  readonly pid: number;
  readonly version: string;
  /** Milliseconds since 1970 at which the node's clock said 0. */
  readonly clockOrigin: number;
  readonly now: number;
  readonly root: string;
  readonly programs: readonly ProgramFacts[];
  readonly runs: readonly RunFacts[];
}

/** What is to be run. `file` is a path on the node's machine. */
export interface RunRequest {
  readonly file: string;
  readonly name: string;
  readonly args: Body;
}

/** A failure as a node tells it. */
export interface Trouble {
  readonly code: string;
  readonly text: string;
  readonly hint: string | null;
  readonly details: readonly string[];
}

/** An answer that may be a failure with a text. */
export type Answered<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly trouble: Trouble;
    };

interface Routines extends Readonly<Record<string, Routine<never, unknown>>> {
  readonly info: Routine<null, NodeFacts>;
  /** Makes a program of a file, so that its tasks can run here. */
  readonly load: Routine<{ readonly file: string }, Answered<ProgramFacts>>;
  /** Loads a program and starts a task of it, whose bootstrap port is the name service. */
  readonly run: Routine<RunRequest, Answered<RunFacts & ProgramFacts>>;
  /** Answers, and then ends. */
  readonly stop: Routine<null, null>;
}

/** The service: numbers, client stub, server loop. */
export const nodeService: Subsystem<Routines> = subsystem('node', 5440, {
  info: routine<null, NodeFacts>(),
  load: routine<{ file: string }, Answered<ProgramFacts>>(),
  run: routine<RunRequest, Answered<RunFacts & ProgramFacts>>(),
  stop: routine<null, null>(),
} as unknown as Routines);
