/**
 * Messages to other nodes. One for which there is room goes at once. Else it waits in the outbox of its destination,
 * and the courier forces it in (MACH_SEND_NOTIFY) and hears when it has left: a destination that is slow or silent
 * keeps nobody but itself.
 */

import type { Sys } from '../../kernel/program.ts';
import type { Body } from '../../ports/body.ts';
import type { Draft } from '../../ports/draft.ts';
import type { PortName } from '../../ports/name.ts';
import { COPY_SEND, MAKE_SEND, PORT_SEND } from '../../ports/right.ts';
import { giveUp } from '../kernel-stub.ts';
import type { MigrationState } from './state.ts';

/** Has a message sent, behind all that went to the same port before. If its receiver is gone, a dead name tells. */
export const post = (sys: Sys, s: MigrationState, draft: Draft): void => {
  if (isSentAtOnce(sys, s, draft)) return;
  const waiting = s.outbox.get(draft.remote);
  if (waiting === undefined) s.outbox.set(draft.remote, [draft]);
  else waiting.push(draft);
  wakeCourier(sys, s);
};

/** Tried without harm: a full queue takes nothing, not even the right that the message was sent by. */
const isSentAtOnce = (sys: Sys, s: MigrationState, draft: Draft): boolean => {
  if (s.outbox.has(draft.remote) || s.forced.has(draft.remote)) return false;
  return sys.send(draft) !== 'MACH_SEND_TIMED_OUT';
};

/** Tells the other side of a move something. */
export const tell = (
  sys: Sys,
  s: MigrationState,
  to: PortName,
  message: { readonly id: number; readonly body: Body },
): void => post(sys, s, { remote: to, remoteDisposition: COPY_SEND, ...message });

/** Gives up a send right to another node; what was to go there is forgotten. */
export const giveUpPeer = (sys: Sys, s: MigrationState, name: PortName): void => {
  s.outbox.delete(name);
  s.forced.delete(name);
  giveUp(sys, { name, type: PORT_SEND });
};

/** Lets the courier look for work. It looks again before it waits, so one call is enough however many there were. */
export const wakeCourier = (sys: Sys, s: MigrationState): void => {
  sys.send({ remote: s.wake, remoteDisposition: MAKE_SEND, id: 1 });
};
