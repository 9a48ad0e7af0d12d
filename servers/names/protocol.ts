/** The name service: which name stands for which port, on this node or on another (`netname`). */

import { Refusal, type Routine, routine, type Subsystem, subsystem } from '../../kernel/interface/subsystem.ts';
import type { MachCode } from '../../ports/kern-return.ts';

/** Bytes of the longest name. */
export const NAME_MAX = 80;
/** Names that one service keeps. */
export const NAMES_MAX = 4096;

/** Codes of the name service, beside those of Mach. */
export type NetnameCode =
  | 'NETNAME_NOT_YOURS' // checked in under another signature
  | 'NETNAME_NOT_CHECKED_IN' // nobody has that name
  | 'NETNAME_NO_SUCH_HOST' // no node is called that
  | 'NETNAME_HOST_NOT_FOUND'; // it does not answer

interface Routines extends Readonly<Record<string, Routine<never, unknown>>> {
  /**
   * Gives the send right in the first descriptor a name. Whoever holds the right in the second, the signature, may
   * replace it; without a signature everybody may.
   */
  readonly check_in: Routine<{ readonly name: string }, null>;
  /**
   * A send right to what has the name, in the first descriptor of the reply. `host` is another node; empty or absent,
   * this one.
   */
  readonly look_up: Routine<{ readonly name: string; readonly host?: string }, null>;
  /** Takes the name back. The signature is in the first descriptor. */
  readonly check_out: Routine<{ readonly name: string }, null>;
  /** Every name, sorted. */
  readonly list: Routine<null, readonly string[]>;
}

/** The service: numbers, client stub, server loop. */
export const nameService: Subsystem<Routines> = subsystem('netname', 1040, {
  check_in: routine<{ name: string }, null>(),
  look_up: routine<{ name: string; host?: string }, null>(),
  check_out: routine<{ name: string }, null>(),
  list: routine<null, readonly string[]>(),
} as unknown as Routines);

/** A refusal by one of the service's own codes. They travel like Mach's; only the type does not know them. */
export const refuseName = (code: NetnameCode): Refusal => new Refusal(code as string as MachCode);
