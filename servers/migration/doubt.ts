/**
 * A task that has come whole to a node whose source has died before it said what was decided (protocols 2.3.4). The
 * image is kept and does not run. When the source's next life appears it is asked; what its journal says is done.
 */
import type { Sys } from '../../kernel/program.ts';
import { MACH_PORT_NULL } from '../../ports/name.ts';
import type { Received } from '../../ports/port.ts';
import { COPY_SEND } from '../../ports/right.ts';
import { giveUp, heldRights } from '../kernel-stub.ts';
import { netService } from '../net/protocol.ts';
import { type DecisionVerdict, migrationService } from './protocol.ts';
import type { Arrival, MigrationState } from './state.ts';

/** The source of a staged image has died. An image that was not yet prepared cannot have been decided. */
export const onOrphaned = (sys: Sys, s: MigrationState, mid: string, from: string): void => {
  const arrival = s.arrivals.get(mid);
  if (arrival?.isPrepared !== true || s.own.isSuccessor === undefined) return settle(sys, s, mid, false);
  arrival.inDoubt = from;
  sys.send(netService.request(s.own.net, arrival.port, 'nodes', null));
};

/** A node can be reached: it may be the next life of one that has left a task in doubt. */
export const onNodeUp = (sys: Sys, s: MigrationState, node: string): void => {
  for (const arrival of s.arrivals.values()) askIfSuccessor(sys, s, arrival, node);
};

const askIfSuccessor = (sys: Sys, s: MigrationState, arrival: Arrival, node: string): void => {
  if (arrival.inDoubt === null || s.own.isSuccessor?.(node, arrival.inDoubt) !== true) return;
  sys.send(netService.request(s.own.net, arrival.port, 'look_up', { node, name: 'migration' }));
};

/** Something about an arrival in doubt. True if it was for here. */
export const onDoubtMessage = (sys: Sys, s: MigrationState, arrival: Arrival, message: Received): boolean => {
  if (arrival.inDoubt === null) return false;
  if (message.id === netService.id('look_up') + 100) {
    const [server] = heldRights(message.items);
    if (server === undefined) return true; // not yet: it is asked again when it comes back
    const question = { mid: arrival.mid, asker: s.own.node };
    sys.send(migrationService.request(server.name, arrival.port, 'decision', question));
    giveUp(sys, server);
    return true;
  }
  if (message.id === netService.id('nodes') + 100) {
    const reply = netService.reply('nodes', message);
    if ('value' in reply) for (const node of reply.value) askIfSuccessor(sys, s, arrival, node);
    return true;
  }
  if (message.id !== migrationService.id('decision') + 100) return false;
  const reply = migrationService.reply('decision', message) as { value?: DecisionVerdict };
  if (reply.value !== undefined) settle(sys, s, arrival.mid, reply.value === 'COMMIT');
  return true;
};

/** Tells netmsg what becomes of the rights that came with the image; it answers as for any stage. */
const settle = (sys: Sys, s: MigrationState, mid: string, commit: boolean): void => {
  const draft = netService.request(s.own.net, s.reply, 'settle', { mid, commit });
  sys.send({ ...draft, local: MACH_PORT_NULL, localDisposition: 0, remoteDisposition: COPY_SEND });
};

/** Makes room: of the tasks in doubt the one that has been so longest is given up. True if there was one. */
export const dropOldestDoubt = (sys: Sys, s: MigrationState): boolean => {
  const oldest = [...s.arrivals.values()].find(({ inDoubt }) => inDoubt !== null);
  if (oldest !== undefined) settle(sys, s, oldest.mid, false);
  return oldest !== undefined;
};
