/** One-way messages between two migration servers. */
import type { Body } from '../../ports/body.ts';
import type { PortName } from '../../ports/name.ts';
import { COPY_SEND } from '../../ports/right.ts';
import type { Sys } from '../../kernel/program.ts';

/** Tells the other side of a move something. If it is gone, whoever watches it hears that by a dead name. */
export const tell = (sys: Sys, to: PortName, id: number, body: Body): void => {
  sys.send({ remote: to, remoteDisposition: COPY_SEND, id, body });
};
