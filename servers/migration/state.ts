/** What a migration server remembers: the moves it is the source of, the tasks that are arriving, whom it can call. */
import type { Body } from '../../ports/body.ts';
import type { Draft } from '../../ports/draft.ts';
import type { PortName } from '../../ports/name.ts';
import type { Received } from '../../ports/port.ts';
import type { HeldRight } from '../kernel-stub.ts';
import type { Decisions, Journal } from './decisions.ts';
import type { MoveState, MoveTimes } from './machine.ts';
import type { Strategy, Verdict } from './protocol.ts';
import type { MoveStrategy } from './strategies/strategy.ts';

export type { Journal } from './decisions.ts';

/** What the composition root gives to a migration server. Names are in its own space. */
export interface MigrationArguments {
  readonly node: string;
  /** Send rights to the kernel's host port and to the net service. */
  readonly host: PortName;
  readonly net: PortName;
  /** Receive right of the service. */
  readonly service: PortName;
  /** Receive right of the mover: what comes here moves the task that sent it, and no other. Absent: tasks cannot. */
  readonly mover?: PortName;
  /** The node that a task means by a name. Without it nodes go by their identities alone. */
  readonly nodeOf?: (host: string) => string | null;
  readonly journal: Journal;
  /** Send right to the node's code server. Without it a task whose program is not here is refused. */
  readonly code?: PortName;
  /** A fresh identity, unique for ever. */
  readonly newId: () => string;
  /** How long a move waits; `MOVE_TIMES` where it does not say. */
  readonly times?: Partial<MoveTimes>;
  /**
   * True if `node` is the next life of `before`. Without it nobody is ever asked what a node had decided that has
   * died: its tasks that were on their way die with it.
   */
  readonly isSuccessor?: (node: string, before: string) => boolean;
}

/** What is known of the pages from `page` to `end`: those that are not among `pages` do not exist. */
export interface PageRun {
  readonly page: number;
  readonly end: number;
  readonly pages: readonly { readonly page: number; readonly bytes: Body }[];
}

/** One memory object of a task that has left. */
export interface SourceObject {
  readonly id: number;
  /** Pages that the destination may still ask for: bit set = here and not sent. */
  unsent: Uint8Array | null;
  left: number;
  /** Receive right of the port that the destination's kernel pages from. */
  readonly pager: PortName;
  /** The destination's control port, once it has introduced itself. */
  control: PortName | null;
  /** Where the push goes on. */
  cursor: number;
  /** Reads that wait for the source's own default pager, and who wants them. */
  readonly reads: { readonly page: number; readonly count: number; readonly why: 'demand' | 'push' }[];
  /** What came of such a read for the push, and has not been sent. */
  come: PageRun | null;
  /**
   * A page cannot be had any more. What can be is served when asked for; the destination is never told that all has
   * come.
   */
  isBroken: boolean;
  /** The destination has been told that nothing more will come. */
  isComplete: boolean;
  /** The destination's kernel has said that it does not need the object here any more. */
  isTerminated: boolean;
}

/** A move, seen from its source. */
export interface SourceMove {
  state: MoveState;
  /** When `due` happens to it. */
  dueAt: number;
  strategy: Strategy;
  readonly nextInFreeze: MoveStrategy['nextInFreeze'];
  readonly isDryRun: boolean;
  readonly name: string;
  readonly identity: string;
  /** Receive right on which everything about this move arrives. */
  readonly port: PortName;
  readonly task: HeldRight;
  /** Where the request to move is answered; null once it has been. */
  client: Received | null;
  peer: HeldRight | null;
  husk: HeldRight | null;
  rights: readonly HeldRight[];
  image: Body;
  objects: SourceObject[];
  /** Every page that goes in the freeze has been sent. */
  isFreezeSent: boolean;
  blockers: string[];
  /** What the destination has said against the offer. */
  refusal: Pick<Verdict, 'code' | 'missing'>;
  wasFrozen: boolean;
  frozenAt: number;
  freezeMs: number;
  bytesInFreeze: number;
  pagesInFreeze: number;
  pagesAtFreeze: number;
  demandFaults: number;
  pagesOnDemand: number;
  pagesPushed: number;
}

/** A task on its way here. */
export interface Arrival {
  readonly mid: string;
  readonly task: string;
  /** The node that it comes from. */
  readonly from: string;
  readonly strategy: Strategy;
  /** Its resident pages, as the offer said. */
  readonly size: number;
  /** Receive right on which pages come; send right to the source's end. */
  readonly port: PortName;
  readonly source: HeldRight;
  image: Body;
  isStaged: boolean;
  /** The source may have heard that everything is here, and may have decided. */
  isPrepared: boolean;
  /** The source, if it has died and nobody knows what it had decided. */
  inDoubt: string | null;
  hasAllPages: boolean;
  hasLanded: boolean;
  /** The task while it is given its pages, before it runs. */
  landing: HeldRight | null;
  /** The source died while the task landed: nobody waits to hear of it. */
  isOrphan: boolean;
  pages: { readonly object: number; readonly page: number; readonly bytes: Body }[];
}

/** Everything. Not data: a migration server never moves. */
export interface MigrationState {
  at: string;
  readonly own: MigrationArguments;
  set: PortName;
  reply: PortName;
  events: PortName;
  /** Where the courier thread waits for work. */
  wake: PortName;
  /** What it has to send before it pushes pages, by destination. */
  readonly outbox: Map<PortName, Draft[]>;
  /** Destinations into whose full queue a message was forced: nothing goes there until it has left. */
  readonly forced: Set<PortName>;
  /** Whose pages were sent last: the index of a move. */
  turn: number;
  readonly times: MoveTimes;
  readonly moves: SourceMove[];
  readonly arrivals: Map<string, Arrival>;
  /** Offers that wait for code, by the port on which the code server answers. */
  readonly bringing: Map<PortName, Received>;
  readonly byPort: Map<PortName, SourceMove>;
  readonly byPager: Map<PortName, { readonly move: SourceMove; readonly object: SourceObject }>;
  readonly drains: Received[];
  readonly decisions: Decisions;
}
