/** The receive half of `mach_msg` (mach-ipc 2.9) and the pseudo-receive of a failed send (2.8). */
import { destroyItems, destroyRight, dropSend, fireAccepted } from './fate.ts';
import { type Ipc, withBit } from './ipc.ts';
import type { MachMsgReturn, SpecialBit } from './kern-return.ts';
import { isName, MACH_PORT_DEAD, MACH_PORT_NULL, type PortName, portName } from './name.ts';
import { DEAD, type Message, type Port, type PortSet, type ReceiveWait } from './port.ts';
import { admitBlocked, fits, messageSize } from './queue.ts';
import { MAKE_SEND_ONCE, PORT_SEND, PORT_SET, RECEIVE } from './right.ts';
import type { Space } from './space.ts';
import { copyInRight, copyOutRight, offers } from './transfer.ts';

/** What of a message was lost on its way into a space; null for nothing. */
type Lost = readonly SpecialBit[] | null;

/**
 * Finds what a name lets its holder receive from. Under `mach3` a member of a set is received from by its set alone.
 */
export const receivable = (space: Space, name: PortName): Port | PortSet | MachMsgReturn => {
  const entry = space.isActive ? space.lookup(name) : undefined;
  if (entry === undefined) return 'MACH_RCV_INVALID_NAME';
  if (entry.type === PORT_SET && entry.set !== null) return entry.set;
  if ((entry.type & RECEIVE) === 0 || entry.port === null) return 'MACH_RCV_INVALID_NAME';
  return entry.port.set === null ? entry.port : 'MACH_RCV_IN_SET';
};

/**
 * Takes the first message of a port, or of the set `set`, into `space`; the outcome stands in `wait`. False if there is
 * none. Hot path.
 */
export const takeMessage = (space: Space, wait: ReceiveWait, port: Port | null, set: PortSet | null): boolean => {
  if (set === null && port !== null && !wait.isSpecial) {
    const message = port.dequeue();
    if (message === undefined) return false;
    space.ipc.messages -= 1;
    acceptMessage(space, wait, message);
    if (port.senders !== null) admitBlocked(space.ipc, port);
    return true;
  }
  const from = set === null ? port : (set.ready.at(0) ?? null);
  const first = from === null || from.queue === null ? undefined : from.queue.at(0);
  if (from === null || first === undefined) return false;
  if (!fits(wait, first)) {
    wait.outcome.kr = 'MACH_RCV_TOO_LARGE';
    wait.outcome.message = null;
    wait.outcome.local = from.entry?.name ?? MACH_PORT_NULL;
    return true;
  }
  if (set !== null) set.ready.shift();
  from.dequeue();
  space.ipc.messages -= 1;
  acceptMessage(space, wait, first);
  admitBlocked(space.ipc, from);
  return true;
};

/** Makes a message that has left its queue the receiver's: names for rights, addresses for memory. Hot path. */
export const acceptMessage = (space: Space, wait: ReceiveWait, message: Message): void => {
  const { outcome } = wait;
  outcome.kr = 'MACH_MSG_SUCCESS';
  outcome.bits = null;
  outcome.message = message;
  outcome.returned = false;
  const port = message.dest;
  if (port === null || message.items !== null || message.accepted !== null || wait.isSpecial) {
    acceptWhole(space, wait, message);
    return;
  }
  message.seqno = port.seqno;
  port.seqno += 1;
  if (message.reply !== null) copyOutReply(space, wait, message);
  consumeDest(space.ipc, space, message, port);
};

/** Accepts a message with all that one may have, for a receive with all its options. */
const acceptWhole = (space: Space, wait: ReceiveWait, message: Message): void => {
  const ipc = space.ipc;
  const port = message.dest;
  if (message.accepted !== null) fireAccepted(ipc, message);
  if (port === null) return;
  message.seqno = port.seqno;
  port.seqno += 1;
  if (wait.limit !== Number.POSITIVE_INFINITY && messageSize(message) > wait.limit) {
    wait.outcome.kr = 'MACH_RCV_TOO_LARGE';
    bareHeader(ipc, message);
  } else if (wait.notify >= 0) copyOutNotified(space, wait, message);
  else copyOutReply(space, wait, message);
  consumeDest(ipc, space, message, port);
  if (message.items !== null) wait.outcome.bits = copyOutItems(space, message, wait.outcome.bits);
  if (wait.outcome.bits !== null && wait.outcome.kr === 'MACH_MSG_SUCCESS') wait.outcome.kr = 'MACH_RCV_BODY_ERROR';
};

/** The destination becomes `local`, in the receiver's name; its right is used up. Types are swapped. */
const consumeDest = (ipc: Ipc, space: Space, message: Message, port: Port): void => {
  const { remoteType, localType } = message;
  message.dest = null;
  message.remoteType = localType;
  message.localType = remoteType;
  const alive = port.where !== DEAD;
  message.local = !alive ? MACH_PORT_DEAD : port.space === space && port.entry ? port.entry.name : MACH_PORT_NULL;
  if (alive) message.payload = port.payload;
  if (remoteType === PORT_SEND) dropSend(ipc, port);
  else if (alive) port.sorights -= 1;
};

const copyOutReply = (space: Space, wait: ReceiveWait, message: Message): void => {
  const reply = message.reply;
  message.reply = null;
  const name = copyOutRight(space, reply, message.localType);
  if (name !== null) {
    message.remote = name;
    return;
  }
  wait.outcome.kr = 'MACH_RCV_HEADER_ERROR';
  wait.outcome.bits = withBit(wait.outcome.bits, 'IPC_SPACE');
  bareHeader(space.ipc, message);
};

/** RCV_NOTIFY: a dead-name request on the reply right, if the receive makes a new name for it. */
const copyOutNotified = (space: Space, wait: ReceiveWait, message: Message): void => {
  const notifyEntry = isName(portName(wait.notify)) ? space.lookup(portName(wait.notify)) : undefined;
  if (notifyEntry === undefined || offers(notifyEntry, MAKE_SEND_ONCE) !== 'right') {
    wait.outcome.kr = 'MACH_RCV_INVALID_NOTIFY';
    bareHeader(space.ipc, message);
    return;
  }
  const reply = message.reply;
  const isNew = reply !== null && (message.localType !== PORT_SEND || space.entryOf(reply) === undefined);
  copyOutReply(space, wait, message);
  const entry = isName(message.remote) ? space.lookup(message.remote) : undefined;
  if (!isNew || reply === null || entry === undefined) return;
  const request = { entry, notify: copyInRight(space, notifyEntry, MAKE_SEND_ONCE) };
  entry.request = request;
  if (reply.requests === null) reply.requests = new Set();
  reply.requests.add(request);
};

/** All but the header goes: reply right, rights and memory of the body. */
const bareHeader = (ipc: Ipc, message: Message): void => {
  const reply = message.reply;
  message.reply = null;
  message.remote = reply !== null && reply.where === DEAD ? MACH_PORT_DEAD : MACH_PORT_NULL;
  destroyRight(ipc, reply, message.localType);
  destroyItems(ipc, message);
  message.body = undefined;
};

const copyOutItems = (space: Space, message: Message, bits: Lost): Lost => {
  let lost = bits;
  for (const item of message.items ?? []) {
    switch (item.kind) {
      case 'port': {
        const name = copyOutRight(space, item.port, item.type);
        item.port = null;
        if (name === null) lost = withBit(lost, 'IPC_SPACE');
        item.name = name ?? MACH_PORT_NULL;
        break;
      }
      case 'ool': {
        const address = item.copy === null ? 0 : space.memory.map(item.copy);
        item.copy = null;
        if (typeof address === 'string') {
          lost = withBit(lost, 'VM_SPACE');
          item.size = 0;
        } else item.address = address;
        break;
      }
      case 'ool_ports':
        for (const port of item.ports) {
          const name = copyOutRight(space, port, item.type);
          if (name === null) lost = withBit(lost, 'IPC_SPACE');
          item.names.push(name ?? MACH_PORT_NULL);
        }
        item.ports = [];
        break;
    }
  }
  return lost;
};

/**
 * Gives a message back to its sender after a failed delivery: header rights as body rights, not swapped, every
 * disposition in its MOVE form, so that the message can be sent again as it is. Answers what was lost on the way.
 */
export const pseudoReceive = (space: Space, message: Message): Lost => {
  const { dest, reply } = message;
  let bits: Lost = null;
  const remote = copyOutRight(space, dest, message.remoteType);
  const local = copyOutRight(space, reply, message.localType);
  if (remote === null || local === null) bits = ['IPC_SPACE'];
  message.dest = null;
  message.reply = null;
  message.circular = false;
  message.remote = remote ?? MACH_PORT_NULL;
  message.local = local ?? MACH_PORT_NULL;
  return message.items === null ? bits : copyOutItems(space, message, bits);
};
