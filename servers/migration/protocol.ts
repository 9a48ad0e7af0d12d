/** What can be asked of a migration server, and what two of them say to each other. */

import type { ProgramLack, ProgramNeed } from '../../kernel/interface/move.ts';
import { type Routine, routine, type Subsystem, subsystem } from '../../kernel/interface/subsystem.ts';
import type { Body } from '../../ports/body.ts';
import type { MoveStrategy } from './strategies/strategy.ts';

/** How memory follows a task in one move: what both sides know of its strategy (`strategies/`), as data. */
export interface Strategy extends Omit<MoveStrategy, 'nextInFreeze'> {
  /** Pages come while the task stands still, and `MOVE_PAGES_END` after them. */
  readonly sendsInFreeze: boolean;
}

/** Everything that is known of one move. */
export interface MoveRecord {
  readonly mid: string;
  /** The task as the request called it, and its own name. */
  readonly task: string;
  readonly name: string;
  readonly identity: string;
  readonly from: string;
  readonly to: string;
  readonly strategy: string;
  readonly phase: string;
  readonly outcome: 'under way' | 'moved' | 'refused' | 'aborted';
  readonly why: string;
  /** If the destination has refused: its kind, '' where none is told; and the programs that the destination lacks. */
  readonly code: RefusalCode;
  readonly missing: readonly ProgramLack[];
  /** Milliseconds between the last instruction here and the first there, as this node measured them. */
  readonly freezeMs: number;
  readonly bytesInFreeze: number;
  readonly pagesInFreeze: number;
  readonly pagesAtFreeze: number;
  readonly demandFaults: number;
  readonly pagesOnDemand: number;
  readonly pagesPushed: number;
  /** If what is left is sent unasked. */
  readonly push: Strategy['push'];
  /** Pages that the destination still needs of this node. */
  readonly pagesLeft: number;
}

/** A request to move a task of this node. */
export interface MigrateRequest {
  readonly task: string;
  readonly node: string;
  readonly strategy?: string;
  readonly k?: number;
  readonly push?: 'idle' | 'off';
  readonly dryRun?: boolean;
}

interface Routines extends Readonly<Record<string, Routine<never, unknown>>> {
  /** Answered when the task runs at the destination, or again here, or (`dryRun`) when every blocker is known. */
  readonly migrate: Routine<
    MigrateRequest,
    { readonly record: MoveRecord | null; readonly blockers: readonly string[] }
  >;
  /** Every move that this node has been the source of, oldest first. */
  readonly moves: Routine<null, readonly MoveRecord[]>;
  /**
   * Pushes what is left, also of moves with `push: 'off'`. Answered when no task that left needs this node for pages.
   */
  readonly drain: Routine<null, readonly MoveRecord[]>;
  /** Between two migration servers: what was decided of a move, by this node or its lives before. */
  readonly decision: Routine<{ readonly mid: string; readonly asker: string }, DecisionVerdict>;
  /** Between two migration servers. The send right in the first descriptor hears of the move from now on. */
  readonly offer: Routine<Offer, Verdict>;
  /** Images that are here and do not run, because their moves have not been decided yet, or nobody can say it. */
  readonly arrivals: Routine<null, readonly ArrivalRecord[]>;
}

/** A task that is here as an image. */
export interface ArrivalRecord {
  readonly mid: string;
  readonly name: string;
  readonly identity: string;
  /** The node that it comes from. */
  readonly from: string;
  /** Its source has died, and only its next life can say if the move was decided. */
  readonly isInDoubt: boolean;
}

/** What the destination is told before anything is frozen. */
export interface Offer {
  readonly mid: string;
  readonly task: string;
  /** The node that the task runs on, which may be asked for the code. */
  readonly from: string;
  /** Every program that a thread of the task runs, in its version. */
  readonly programs: readonly ProgramNeed[];
  readonly pages: number;
  readonly strategy: Strategy;
  readonly dryRun: boolean;
}

/** The answer to a node that has an image, and whose source has died. */
export type DecisionVerdict =
  | 'COMMIT' // it was decided: the task is that node's
  | 'ABORT' // it was not, and never will be
  | 'UNKNOWN'; // nothing durable says so: the journal was off, or has forgotten

/** Kinds of a destination's refusal that a program can act on. */
export type RefusalCode =
  | 'E_VERSION' // it lacks code
  | 'E_NO_ROOM' // it has no room
  | 'E_IMAGE' // what it has been sent makes no task with its code: the move was called off while the task was frozen
  | '';

/** The destination's answer to an offer. The first descriptor of an acceptance is where it listens for this move. */
export interface Verdict {
  readonly accepted: boolean;
  readonly why: string;
  readonly code: RefusalCode;
  readonly missing: readonly ProgramLack[];
}

/** The service of a migration server. */
export const migrationService: Subsystem<Routines> = subsystem('migration', 5200, {
  migrate: routine(),
  moves: routine(),
  drain: routine(),
  offer: routine(),
  decision: routine(),
  arrivals: routine(),
} as unknown as Routines);

/** Destination to source: the image is here and whole; nothing runs. */
export const MOVE_PREPARED = 5310;
/** Destination to source: the image cannot be used. Body `{ mid, why, code }`. */
export const MOVE_REFUSED = 5311;
/** Destination to source: the task runs here. */
export const MOVE_ACTIVATED = 5312;
/** Destination to source: it has every page it will ever need. */
export const MOVE_PAGES_DONE = 5313;
/** Source to destination: pages in the freeze. Body `Pages`. */
export const MOVE_PAGES = 5314;
/** Source to destination: every page of the image has been sent. */
export const MOVE_PAGES_END = 5315;

/** Source to destination, after the decision: does the task run? Answered by MOVE_ACTIVATED if it does. */
export const MOVE_QUERY = 5316;

/** Pages of one object, each 4096 bytes. */
export interface Pages {
  readonly mid: string;
  readonly object: number;
  readonly pages: readonly { readonly page: number; readonly bytes: Body }[];
}
