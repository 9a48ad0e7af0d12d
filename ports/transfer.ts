/**
 * The only place where a right changes hands: out of a space (copyin) and into one (copyout). mach-ipc 2.3, 2.4, 2.10.
 */
import { destroyRight } from './fate.ts';
import type { Ipc } from './ipc.ts';
import { MACH_PORT_DEAD, MACH_PORT_NULL, type PortName } from './name.ts';
import { DEAD, type Entry, IN_LIMBO, IN_SPACE, type Port, shiftAll } from './port.ts';
import {
  COPY_SEND,
  DEAD_NAME,
  MAKE_SEND,
  MAKE_SEND_ONCE,
  MOVE_RECEIVE,
  MOVE_SEND,
  MOVE_SEND_ONCE,
  PORT_RECEIVE,
  PORT_SEND,
  RECEIVE,
  SEND,
  SEND_ONCE,
} from './right.ts';
import type { Space } from './space.ts';

/** What an entry can give under a disposition: a right, a dead one, or nothing. The entry is up to date. */
export const offers = (entry: Entry, disposition: number): 'right' | 'dead' | 'nothing' => {
  switch (disposition) {
    case MAKE_SEND:
    case MAKE_SEND_ONCE:
      return (entry.type & RECEIVE) !== 0 ? 'right' : 'nothing';
    case MOVE_RECEIVE:
      return (entry.type & RECEIVE) !== 0 && entry.port?.guard?.isImmovable !== true ? 'right' : 'nothing';
    case COPY_SEND:
    case MOVE_SEND:
      if ((entry.type & SEND) !== 0) return 'right';
      return entry.type === DEAD_NAME ? 'dead' : 'nothing';
    case MOVE_SEND_ONCE:
      if (entry.type === SEND_ONCE) return 'right';
      return entry.type === DEAD_NAME ? 'dead' : 'nothing';
    default:
      return 'nothing';
  }
};

/** Takes a right that the entry `offers`. A dead name gives the dead port. Hot path. */
export const copyInRight = (space: Space, entry: Entry, disposition: number): Port => {
  const port = entry.port;
  if (port === null) {
    if (disposition !== COPY_SEND) dropDeadName(space, entry);
    return space.ipc.dead;
  }
  switch (disposition) {
    case MAKE_SEND:
      port.mscount += 1;
      port.srights += 1;
      return port;
    case MAKE_SEND_ONCE:
      port.sorights += 1;
      return port;
    case COPY_SEND:
      port.srights += 1;
      return port;
    case MOVE_SEND:
      moveSend(space, entry, port);
      return port;
    case MOVE_RECEIVE:
      releaseReceive(space, entry, port);
      return port;
    default:
      space.free(entry);
      return port;
  }
};

const moveSend = (space: Space, entry: Entry, port: Port): void => {
  if (entry.urefs > 1) {
    entry.urefs -= 1;
    port.srights += 1;
    return;
  }
  if ((entry.type & RECEIVE) === 0) {
    space.free(entry);
    return;
  }
  entry.urefs = 0;
  entry.type &= ~SEND;
};

const dropDeadName = (space: Space, entry: Entry): void => {
  entry.urefs -= 1;
  if (entry.urefs === 0) space.free(entry);
};

/**
 * The receive right leaves the space: what a move does to the port, whoever gets it (2.10). The send part keeps the
 * name.
 */
export const releaseReceive = (space: Space, entry: Entry, port: Port): void => {
  port.set?.remove(port);
  wakeReceivers(port, space.ipc.profile.receiverGone);
  port.mscount = 0;
  port.seqno = 0;
  port.payload = null;
  port.guard = null;
  detachReceive(space, entry, port);
};

/** The receive right leaves the space, and the port keeps its counts: what a migration does. */
export const detachReceive = (space: Space, entry: Entry, port: Port): void => {
  port.where = IN_LIMBO;
  port.space = null;
  port.entry = null;
  entry.type &= ~RECEIVE;
  if ((entry.type & SEND) !== 0) space.index(entry, port);
  else space.free(entry);
};

/** Ends every receive that waits on the port itself. */
export const wakeReceivers = (port: Port, code: 'MACH_RCV_PORT_DIED' | 'MACH_RCV_PORT_CHANGED'): void => {
  for (const wait of shiftAll(port)) wait.end(code);
};

/**
 * Puts a right into a space and answers its name there: NULL for no right, DEAD for a dead one, null if the space has
 * no room (the right is then destroyed). Hot path.
 */
export const copyOutRight = (space: Space, port: Port | null, type: number): PortName | null => {
  if (port === null) return MACH_PORT_NULL;
  if (port.where === DEAD) return MACH_PORT_DEAD;
  if (type !== PORT_SEND && type !== PORT_RECEIVE) return putSendOnce(space, port);
  const known = space.entryOf(port);
  if (known === undefined && !space.hasRoom) return refuse(space.ipc, port, type);
  const entry = known ?? space.allocate();
  if (type === PORT_SEND) putSend(space, entry, port);
  else putReceive(space, entry, port);
  return entry.name;
};

const refuse = (ipc: Ipc, port: Port, type: number): null => {
  destroyRight(ipc, port, type);
  return null;
};

const putSendOnce = (space: Space, port: Port): PortName | null => {
  if (!space.hasRoom) return refuse(space.ipc, port, SEND_ONCE_TYPE);
  const entry = space.allocate();
  entry.type = SEND_ONCE;
  entry.urefs = 1;
  entry.port = port;
  return entry.name;
};

const SEND_ONCE_TYPE = 18;

/** The entry gets one more send right; a second one for the same name is merged into the first. */
export const putSend = (space: Space, entry: Entry, port: Port): void => {
  if ((entry.type & SEND) !== 0) {
    entry.urefs += 1;
    port.srights -= 1;
    return;
  }
  entry.type |= SEND;
  entry.urefs = 1;
  if ((entry.type & RECEIVE) === 0) space.index(entry, port);
};

/** The entry gets the receive right. */
export const putReceive = (space: Space, entry: Entry, port: Port): void => {
  entry.type |= RECEIVE;
  port.where = IN_SPACE;
  port.carrier = null;
  port.payload = null;
  space.index(entry, port);
};

/** Withdraws the dead-name request of an entry and hands its send-once right to the caller. */
export const takeRequest = (entry: Entry): Port | null => {
  const request = entry.request;
  if (request === null) return null;
  entry.request = null;
  entry.port?.requests?.delete(request);
  return request.notify;
};
