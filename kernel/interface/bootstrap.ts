/**
 * What every task may ask through its bootstrap port, whoever serves it: the two messages that the runtime of programs
 * itself sends. The name service (`servers/names`) and the migration server (`servers/migration`) speak them.
 */
import { type Routine, routine, type Subsystem, subsystem } from './subsystem.ts';

/** `look_up { name, host? }`: a send right in the first descriptor of the reply. `host`: a node's name or identity. */
export const NETNAME_LOOK_UP = 1041;

interface NameRoutines extends Readonly<Record<string, Routine<never, unknown>>> {
  readonly look_up: Routine<{ readonly name: string; readonly host?: string }, null>;
}

/** The part of the name service that the runtime of programs uses. */
export const lookUpService: Subsystem<NameRoutines> = subsystem('netname', NETNAME_LOOK_UP, {
  look_up: routine(),
} as unknown as NameRoutines);

/** The name under which a node's mover is checked in. */
export const MOVER = 'mover';

/** Asks a node's mover to move the task that asks. The kernel's stamp on the message says which that is. */
export interface MoveMe {
  /** Where to: name or identity of a node. */
  readonly node: string;
  /** How memory follows; the default of the node, if absent. */
  readonly strategy?: string;
}

/** What became of it. */
export interface MovedMe {
  readonly outcome: 'moved' | 'refused' | 'aborted';
  /** Identities of the node that the task ran on when it asked, and of the one that it was to go to. */
  readonly from: string;
  readonly to: string;
  /** Empty if it moved. */
  readonly why: string;
}

interface MoverRoutines extends Readonly<Record<string, Routine<never, unknown>>> {
  /** Answered once the task runs: there, or still here. */
  readonly move_me: Routine<MoveMe, MovedMe>;
}

/** The service of a mover: whoever can send to it can move itself, and nobody else. */
export const moverService: Subsystem<MoverRoutines> = subsystem('mover', 5250, {
  move_me: routine(),
} as unknown as MoverRoutines);
