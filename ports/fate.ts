/**
 * How rights, messages and ports end, and what the kernel tells whom when they do (mach-ipc 2.12, 2.13).
 * Destruction is iterative: what falls out of a message or a port goes on `ipc.work`, and `settle` empties it, so that
 * a long chain of ports inside ports does not grow the stack. Every trap ends with `settle`. Dead-name notifications of
 * a port come after the effects of the messages that died with it.
 */
import type { Body } from './body.ts';
import type { Ipc } from './ipc.ts';
import { MACH_PORT_NULL } from './name.ts';
import { DEAD, IN_LIMBO, IN_TRANSIT, type Item, Message, type Port } from './port.ts';
import { deliver } from './queue.ts';
import { PORT_RECEIVE, PORT_SEND, PORT_SEND_ONCE } from './right.ts';

export const NOTIFY_PORT_DELETED = 65;
export const NOTIFY_MSG_ACCEPTED = 66;
export const NOTIFY_PORT_DESTROYED = 69;
export const NOTIFY_NO_SENDERS = 70;
export const NOTIFY_SEND_ONCE = 71;
export const NOTIFY_DEAD_NAME = 72;

/**
 * Sends a notification to a send-once right that the kernel holds, and uses the right up. Never blocks, never fails.
 */
export const notify = (ipc: Ipc, right: Port, id: number, body: Body, item: Item | null = null): void => {
  if (right.where === DEAD) {
    if (item !== null) destroyItem(ipc, item);
    return;
  }
  const message = new Message(id, body, right, PORT_SEND_ONCE, null);
  if (item !== null) message.items = [item];
  deliver(ipc, message);
};

/** Takes one send right out of the world; the last one fires no-senders. */
export const dropSend = (ipc: Ipc, port: Port): void => {
  if (port.where === DEAD) return;
  port.srights -= 1;
  if (port.srights > 0 || port.nsrequest === null) return;
  const request = port.nsrequest;
  port.nsrequest = null;
  notify(ipc, request, NOTIFY_NO_SENDERS, { count: port.mscount });
};

/** Destroys a send-once right that was not used: its port is told. */
export const dropSendOnce = (ipc: Ipc, port: Port): void => {
  if (port.where !== DEAD) notify(ipc, port, NOTIFY_SEND_ONCE, undefined);
};

/** Destroys a carried right of any type. */
export const destroyRight = (ipc: Ipc, port: Port | null, type: number): void => {
  if (port === null) return;
  if (type === PORT_SEND) dropSend(ipc, port);
  else if (type === PORT_SEND_ONCE) dropSendOnce(ipc, port);
  else if (type === PORT_RECEIVE) destroyPort(ipc, port);
};

const destroyItem = (ipc: Ipc, item: Item): void => {
  switch (item.kind) {
    case 'port':
      destroyRight(ipc, item.port, item.type);
      item.port = null;
      return;
    case 'ool':
      item.copy?.release();
      item.copy = null;
      return;
    case 'ool_ports':
      for (const port of item.ports) destroyRight(ipc, port, item.type);
      item.ports = [];
      return;
  }
};

/** Destroys what a message carries beside its header. */
export const destroyItems = (ipc: Ipc, message: Message): void => {
  if (message.items !== null) for (const item of message.items) destroyItem(ipc, item);
  message.items = null;
};

/** Answers a MSG_ACCEPTED request: the message has left the queue, or the world. */
export const fireAccepted = (ipc: Ipc, message: Message): void => {
  const record = message.accepted;
  if (record === null) return;
  message.accepted = null;
  const name = record.entry === null ? MACH_PORT_NULL : record.entry.name;
  if (record.entry !== null) record.entry.accepted = null;
  notify(ipc, record.notify, NOTIFY_MSG_ACCEPTED, { name });
};

const destroyMessageNow = (ipc: Ipc, message: Message): void => {
  fireAccepted(ipc, message);
  const { dest, reply, remoteType, localType } = message;
  message.dest = null;
  message.reply = null;
  destroyRight(ipc, dest, remoteType);
  destroyRight(ipc, reply, localType);
  destroyItems(ipc, message);
};

/** Destroys a message with every right and all memory in it, when the work list is next emptied. */
export const destroyMessage = (ipc: Ipc, message: Message): void => ipc.work.push(message);

/** Empties the work list. Re-entrant calls leave the work to the outermost. */
export const settle = (ipc: Ipc): void => {
  if (ipc.isSettling) return;
  ipc.isSettling = true;
  for (let next = ipc.work.shift(); next !== undefined; next = ipc.work.shift()) {
    if (next instanceof Message) destroyMessageNow(ipc, next);
    else answerDeadNameRequests(ipc, next);
  }
  ipc.isSettling = false;
};

const answerDeadNameRequests = (ipc: Ipc, port: Port): void => {
  const requests = port.requests;
  port.requests = null;
  if (requests === null) return;
  for (const request of requests) notify(ipc, request.notify, NOTIFY_DEAD_NAME, { name: request.entry.name });
};

/**
 * Destroys a receive right that is in no space any more (mach-ipc 2.12). With a port-destroyed request the right goes
 * there and the port lives on; else the port dies.
 */
export const destroyPort = (ipc: Ipc, port: Port): void => {
  if (port.where === DEAD) return;
  port.space = null;
  port.entry = null;
  port.carrier = null;
  const backup = port.pdrequest;
  if (backup !== null) {
    port.pdrequest = null;
    port.where = IN_LIMBO;
    if (!carryTo(port, backup)) {
      notify(ipc, backup, NOTIFY_PORT_DESTROYED, undefined, {
        kind: 'port',
        type: PORT_RECEIVE,
        name: MACH_PORT_NULL,
        port,
      });
      return;
    }
    backup.sorights -= 1;
  }
  killPort(ipc, port);
};

/** The port is dead from now on, whoever received on it. */
export const killPort = (ipc: Ipc, port: Port): void => {
  if (port.where === DEAD) return;
  port.set?.remove(port);
  const blocked = port.senders;
  port.senders = null;
  port.where = DEAD;
  port.server = null;
  port.space = null;
  port.entry = null;
  ipc.ports -= 1;
  for (let wait = blocked?.shift(); wait !== undefined; wait = blocked?.shift()) {
    ipc.messages -= 1;
    ipc.work.push(wait.message);
    wait.done();
  }
  if (port.nsrequest !== null) dropSendOnce(ipc, port.nsrequest);
  port.nsrequest = null;
  if (port.pdrequest !== null) dropSendOnce(ipc, port.pdrequest);
  port.pdrequest = null;
  for (let message = port.dequeue(); message !== undefined; message = port.dequeue()) {
    ipc.messages -= 1;
    ipc.work.push(message);
  }
  if (port.requests !== null) ipc.work.push(port);
};

/**
 * Notes that the receive right of `port` is put into a message for `dest`. True if that closes a circle, in which the
 * right could never be received (mach-ipc 2.11).
 */
export const carryTo = (port: Port, dest: Port): boolean => {
  for (let at: Port | null = dest; at !== null; at = at.where === IN_TRANSIT ? at.carrier : null) {
    if (at === port) return true;
  }
  port.where = IN_TRANSIT;
  port.carrier = dest;
  return false;
};
