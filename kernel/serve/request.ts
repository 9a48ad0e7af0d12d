/** How a request meets its server, whichever way it came: the rights it carries stand beside it, in order. */
import { destroyRight } from '../../ports/fate.ts';
import type { Ipc } from '../../ports/ipc.ts';
import type { KernReturn } from '../../ports/kern-return.ts';
import type { Carried } from '../../ports/name-calls.ts';
import type { Answer } from '../interface/calls.ts';
import { PageFault } from '../vm/access.ts';
import { type Blocked, isBlocked } from '../vm/fault.ts';

/** Fields of an answer, and the rights it gives (named, in order) before they have names. */
export interface Served {
  readonly kr: Answer['kr'];
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Rights given, under the names of the fields that will hold their names. An array field has several. */
  readonly rights?: readonly GivenRight[];
}

/** One right of an answer: which field gets its name, and whether the field is a list. */
export interface GivenRight {
  readonly field: string;
  readonly list: boolean;
  readonly right: Carried;
}

/** An answer that is a code and nothing else. */
export const only = (kr: KernReturn): Served => ({ kr });

/** The answer of a kernel port to a request that is for another kind of port. What it carries is destroyed. */
export const foreign = (ipc: Ipc, carried: readonly Carried[]): Served => {
  for (const { port, type } of carried) destroyRight(ipc, port, type);
  return { kr: 'MIG_BAD_ID' };
};

/** An answer of success with fields. */
export const success = (fields: Readonly<Record<string, unknown>>): Served => ({ kr: 'KERN_SUCCESS', fields });

/**
 * The result of an operation on memory, unless it must wait: then the call is made again when the page is there, from
 * the handler that made it or from its message.
 */
export const settled = <T>(result: T | Blocked, address: number): Exclude<T, Blocked> => {
  if (isBlocked(result)) throw new PageFault(address, 'read', result);
  return result as Exclude<T, Blocked>;
};
