/**
 * The rules in which the dialects of Mach differ, side by side. A kernel is given one profile when it boots and keeps
 * it; the code asks for the rule, never for the name, and only off the straight path of send and receive. A further
 * profile is one more object here. `ports/README.md` tells where each rule comes from.
 */
import type { KernFailure, MachMsgReturn } from './kern-return.ts';
import { DEAD_UREFS_MAX, SEND_UREFS_MAX } from './limits.ts';

/** The rules of one dialect. `{ ...MACH3, name: 'mine', deallocatesSets: true }` is a dialect, too. */
export interface Profile {
  /** For people and reports; no rule hangs on it. */
  readonly name: string;
  /** User references of a send right. */
  readonly sendUrefsMax: number;
  /** User references of a dead name. */
  readonly deadUrefsMax: number;
  /** What `delta` makes of a count of user references that may be `max` at most: the new count, or a refusal. */
  readonly changeUrefs: (urefs: number, delta: number, max: number) => number | KernFailure;
  /** `mach_port_deallocate` takes a port set, and destroys it. */
  readonly deallocatesSets: boolean;
  /** A dead name may stand for the reply right of a message, whose receiver then sees DEAD. */
  readonly takesDeadReply: boolean;
  /** A dead-name request on what is dead already is answered at once if its sync is not 0. */
  readonly tellsOfTheDead: boolean;
  /** A second port-destroyed request takes the place of the first; else it is refused. */
  readonly replacesBackup: boolean;
  /** A disposition that is none is found before anything is taken; else when its descriptor's turn comes. */
  readonly examinesDispositions: boolean;
  /** How a receive ends whose right or set goes away. */
  readonly receiverGone: Extract<MachMsgReturn, 'MACH_RCV_PORT_DIED' | 'MACH_RCV_PORT_CHANGED'>;
}

/** An operation that would pass the limit is refused, and nothing has changed. */
const refuseOverflow: Profile['changeUrefs'] = (urefs, delta, max) => {
  const after = urefs + delta;
  if (after < 0) return 'KERN_INVALID_VALUE';
  return delta > 0 && after > max ? 'KERN_UREFS_OVERFLOW' : after;
};

/** A count that reaches the limit stays there, as nobody knows it any more; only giving up all of it frees the name. */
const pegOverflow: Profile['changeUrefs'] = (urefs, delta, max) => {
  if (urefs >= max) return delta === -max ? 0 : max;
  const after = urefs + delta;
  return after < 0 ? 'KERN_INVALID_VALUE' : Math.min(after, max);
};

/** Mach 3 as CMU and GNU have it, with the mends that are named in `ports/README.md`. The default. */
export const MACH3: Profile = {
  name: 'mach3',
  sendUrefsMax: SEND_UREFS_MAX,
  deadUrefsMax: DEAD_UREFS_MAX,
  changeUrefs: refuseOverflow,
  deallocatesSets: false,
  takesDeadReply: true,
  tellsOfTheDead: true,
  replacesBackup: true,
  examinesDispositions: true,
  receiverGone: 'MACH_RCV_PORT_DIED',
};

/** Apple's kernel. */
export const XNU: Profile = {
  name: 'xnu',
  sendUrefsMax: DEAD_UREFS_MAX,
  deadUrefsMax: DEAD_UREFS_MAX,
  changeUrefs: pegOverflow,
  deallocatesSets: true,
  takesDeadReply: false,
  tellsOfTheDead: false,
  replacesBackup: false,
  examinesDispositions: false,
  receiverGone: 'MACH_RCV_PORT_CHANGED',
};
