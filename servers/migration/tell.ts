/** Messages to other nodes: they may have to wait for room, so the courier thread sends them, in order. */

import type { Sys } from '../../kernel/program.ts';
import type { Body } from '../../ports/body.ts';
import type { Draft } from '../../ports/draft.ts';
import type { PortName } from '../../ports/name.ts';
import { COPY_SEND, MAKE_SEND } from '../../ports/right.ts';
import type { MigrationState } from './state.ts';

/** Has a message sent. If its receiver is gone, whoever watches it hears that by a dead name. */
export const post = (sys: Sys, s: MigrationState, draft: Draft): void => {
  s.outbox.push(draft);
  wakeCourier(sys, s);
};

/** Tells the other side of a move something. */
export const tell = (
  sys: Sys,
  s: MigrationState,
  to: PortName,
  message: { readonly id: number; readonly body: Body },
): void => post(sys, s, { remote: to, remoteDisposition: COPY_SEND, ...message });

/** Lets the courier look for work. It looks again before it waits, so one call is enough however many there were. */
export const wakeCourier = (sys: Sys, s: MigrationState): void => {
  sys.send({ remote: s.wake, remoteDisposition: MAKE_SEND, id: 1 });
};
