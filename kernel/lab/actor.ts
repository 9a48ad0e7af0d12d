/** The program of a laboratory's threads: it makes one call when it is told to, keeps the outcome, and waits. */

import type { PortName } from '../../ports/name.ts';
import type { KernelRequest } from '../interface/calls.ts';
import type { Thread } from '../kernel.ts';
import type { MsgCall, Program, Result, Sys } from '../program.ts';

/** A call for an actor. */
export type ActorCall = (
  | { readonly kind: 'self'; readonly request: KernelRequest }
  /** Through a right to a kernel port. */
  | { readonly kind: 'kernel'; readonly port: PortName; readonly request: KernelRequest }
  | { readonly kind: 'msg'; readonly call: MsgCall }
) & {
  /** Where it stands, for a census: a line of a script. */
  readonly at?: string;
};

/** What came of it: the answer of a kernel call, or the result of a message call. */
export type Outcome = Readonly<Record<string, unknown>> & { readonly kr: string | number };

/** The state of an actor. */
interface ActorState {
  /** Where the next call stands. */
  at: string;
  /** Calls to make, first come first served. */
  readonly calls: ActorCall[];
  isWaiting: boolean;
  outcome: Outcome | null;
}

const outcomeOf = ({ kr, bits, message, returned, size, local, why, answer }: Result, call: ActorCall): Outcome =>
  call.kind === 'msg'
    ? { kr, bits, message, returned, size, local, why }
    : ((answer ?? { kr: 'MIG_SERVER_DIED' }) as Outcome);

const next = (state: ActorState): void => {
  state.calls.shift();
  state.at = state.calls[0]?.at ?? 'actor';
};

const begin = (sys: Sys, state: ActorState, call: ActorCall): void => {
  switch (call.kind) {
    case 'self':
      state.outcome = sys.call(call.request) as Outcome;
      next(state);
      return state.calls.length === 0 ? sys.pause() : sys.yield();
    case 'kernel':
      state.isWaiting = true;
      return sys.kernelCall(call.port, call.request);
    case 'msg':
      state.isWaiting = true;
      return sys.msg(call.call);
  }
};

/** The program of every actor. */
export const actor: Program = {
  name: 'actor',
  hash: 'actor',
  start: (): object => ({ at: 'actor', calls: [], isWaiting: false, outcome: null }) satisfies ActorState,
  resume(sys, held, result): void {
    const state = held as ActorState;
    const [call] = state.calls;
    if (state.isWaiting && call !== undefined) {
      state.isWaiting = false;
      state.outcome = outcomeOf(result, call);
      next(state);
    }
    const [following] = state.calls;
    if (following === undefined) sys.pause();
    else begin(sys, state, following);
  },
};

/** Gives an actor one call more. */
export const tellActor = (thread: Thread, call: ActorCall): void => {
  const state = thread.state as ActorState;
  state.calls.push(call);
  if (state.calls.length === 1) state.at = call.at ?? 'actor';
  state.outcome = null;
  if (thread.run === 'waiting' && thread.waitsFor === 'state') thread.wake();
};

/** True while an actor has a call to make, or waits in one. */
export const isBusy = ({ state }: Thread): boolean => (state as ActorState).calls.length > 0;

/** What came of an actor's last call; null while it waits. */
export const outcomeOfActor = ({ state }: Thread): Outcome | null => (state as ActorState).outcome;
