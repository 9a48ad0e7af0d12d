/** The queue of a port: admission, hand-over to a waiting receiver, blocked senders. Hot path. */

import { bodySize } from './body.ts';
import type { Ipc } from './ipc.ts';
import { sizeInBuffer } from './message-size.ts';
import { DEAD, IN_KERNEL, type Message, type Port, type PortSet, type ReceiveWait, shiftReceiver } from './port.ts';
import { carriedType, PORT_SEND_ONCE } from './right.ts';

/** Bytes a message takes in its receiver's buffer. */
export const messageSize = ({ body, bodySize: charged, items }: Message): number =>
  sizeInBuffer(body === undefined ? 0 : charged < 0 ? bodySize(body) : charged, items);

/** True if the port takes a message of this sender now: room, a send-once right, or the kernel as sender. */
export const hasRoom = (port: Port, message: Message): boolean =>
  message.remoteType === PORT_SEND_ONCE || port.msgcount < port.room || port.where >= IN_KERNEL;

/** True if a right given under `disposition` reaches a port that takes no message of an ordinary sender now. */
export const isFull = (port: Port | null, disposition: number): boolean =>
  port !== null && port.msgcount >= port.room && port.where < IN_KERNEL && carriedType(disposition) !== PORT_SEND_ONCE;

/**
 * Puts a message where it belongs: to a waiting receiver, into the queue, to the kernel itself; a dead port makes it
 * vanish. The caller has seen that there is room, or does not ask.
 */
export const deliver = (ipc: Ipc, message: Message): void => {
  const port = message.dest;
  if (port === null || port.where === DEAD || message.circular) {
    ipc.work.push(message);
    return;
  }
  if (port.where === IN_KERNEL && port.server !== null) {
    port.server.serve(message);
    return;
  }
  const waiting = port.set ?? port;
  if (waiting.receivers !== null && handOver(waiting, message)) return;
  ipc.messages += 1;
  port.enqueue(message);
};

/** Gives a message to the first waiting receiver that has room for it; those that have none are sent away. */
const handOver = (waiting: Port | PortSet, message: Message): boolean => {
  for (let wait = shiftReceiver(waiting); wait !== null; wait = shiftReceiver(waiting)) {
    if (fits(wait, message)) {
      wait.waker.deliver(message);
      return true;
    }
    wait.end('MACH_RCV_TOO_LARGE');
  }
  return false;
};

/** False if the message must stay queued because the receiver asked to be told its size instead (RCV_LARGE). */
export const fits = (wait: ReceiveWait, message: Message): boolean => {
  if (!wait.isSpecial || !wait.large || wait.limit === Number.POSITIVE_INFINITY) return true;
  const size = messageSize(message);
  wait.outcome.size = size;
  return size <= wait.limit;
};

/** A slot has come free: the first blocked senders' messages take their places (first come, first served). */
export const admitBlocked = (ipc: Ipc, port: Port): void => {
  const senders = port.senders;
  if (senders === null) return;
  while (senders.length > 0 && port.msgcount < port.room) {
    if (senders.at(0)?.isHeld === true) return;
    const wait = senders.shift();
    if (wait === undefined) return;
    ipc.messages -= 1;
    wait.done();
    deliver(ipc, wait.message);
  }
};
