/** The model of `mach_msg`: copyin, queues, copyout, pseudo-receive [2.6 to 2.11], of port sets [2.14] and time. */
import { arrivingType, type ModelKernel, NONE, takeOut } from './kernel.ts';
import {
  type Acceptance,
  DEAD,
  type Expected,
  type ExpectedItem,
  type LooseRight,
  type ModelCall,
  type ModelEntry,
  type ModelItem,
  type ModelMessage,
  ModelPort,
  type ModelSet,
  type ModelSpace,
  MOVE_RECEIVE,
  MOVE_SEND,
  MOVE_SEND_ONCE,
  NULL,
  type Slot,
} from './records.ts';
import { type Given, offered, putRight, received, takeRight } from './rights.ts';
import { takeMemory } from './memory.ts';

/** A message as its sender writes it. */
export interface ModelDraft {
  readonly remote: Given;
  readonly local: Given;
  readonly id: number;
  readonly items: readonly DraftPart[];
}

/** One thing that a sender puts into a message. */
export type DraftPart =
  | { readonly kind: 'port'; readonly right: Given }
  | { readonly kind: 'ool_ports'; readonly names: readonly number[]; readonly disposition: number }
  | { readonly kind: 'ool'; readonly address: number; readonly size: number; readonly deallocate: boolean };

/** What a sender asks beside. */
export interface SendHalf {
  readonly timeoutMs: number | null;
  readonly notify: number | null;
  readonly cancel: number | null;
}

const isSendDisposition = (disposition: number): boolean => disposition > MOVE_RECEIVE && disposition <= 21;
const isName = (name: number): boolean => name !== NULL && name !== DEAD;

/** The port of a receive right, for the options that name one. */
const notifyPort = (k: ModelKernel, space: ModelSpace, name: number): ModelPort | null => {
  const port = received(k, space, name);
  return typeof port === 'string' ? null : port;
};

/** Why the header is refused; then nothing has been touched. */
const headerRefusal = (k: ModelKernel, space: ModelSpace, draft: ModelDraft, cancel: number | null): string | null => {
  const { remote, local, items } = draft;
  for (const item of items) {
    const disposition = item.kind === 'port' ? item.right.disposition : item.kind === 'ool_ports' ? item.disposition : 16;
    if (arrivingType(disposition) === 0) return 'MACH_SEND_INVALID_TYPE';
  }
  if (!isSendDisposition(remote.disposition)) return 'MACH_SEND_INVALID_HEADER';
  if (local.disposition === 0 ? local.name !== NULL : !isSendDisposition(local.disposition)) {
    return 'MACH_SEND_INVALID_HEADER';
  }
  if (cancel !== null && notifyPort(k, space, cancel) === null) return 'MACH_SEND_INVALID_NOTIFY';
  const dest = isName(remote.name) ? k.find(space, remote.name) : undefined;
  if (dest === undefined) return 'MACH_SEND_INVALID_DEST';
  if (isName(local.name)) {
    const reply = k.find(space, local.name);
    if (reply === undefined || offered(reply, local.disposition) === 'nothing') return 'MACH_SEND_INVALID_REPLY';
    if (reply === dest) {
      if (remote.disposition === MOVE_SEND_ONCE || local.disposition === MOVE_SEND_ONCE) return 'MACH_SEND_INVALID_DEST';
      const both = remote.disposition === MOVE_SEND && local.disposition === MOVE_SEND;
      if (both && dest.send < 2) return 'MACH_SEND_INVALID_DEST';
    }
  }
  return offered(dest, remote.disposition) === 'right' ? null : 'MACH_SEND_INVALID_DEST';
};

/** SEND_CANCEL: the request on the name that this send uses up goes in silence if it would tell that port. */
const cancelRequest = (k: ModelKernel, space: ModelSpace, { name, disposition }: Given, cancel: number): void => {
  const entry = k.find(space, name);
  const port = notifyPort(k, space, cancel);
  if (entry === undefined || port === null || entry.request !== port) return;
  const isUsedUp = disposition === MOVE_SEND_ONCE || (disposition === MOVE_SEND && entry.send === 1 && !entry.receive);
  if (!isUsedUp) return;
  entry.request = null;
  if (entry.port !== null) entry.port.watchers = entry.port.watchers.filter((each) => each !== entry);
};

/** Takes a message out of its sender's space, or the code. The message is in the kernel's hands. */
const compose = (k: ModelKernel, space: ModelSpace, draft: ModelDraft, cancel: number | null): ModelMessage | string => {
  const refused = headerRefusal(k, space, draft, cancel);
  if (refused !== null) return refused;
  if (cancel !== null) cancelRequest(k, space, draft.remote, cancel);
  const { remote, local } = draft;
  const message: ModelMessage = { id: draft.id, body: draft.id, dest: NONE, reply: NONE, items: [], circular: false, accepted: null };
  k.inHand.push(message);
  const take = ({ name, disposition }: Given): LooseRight => {
    if (name === NULL) return { port: null, type: arrivingType(disposition) };
    if (name === DEAD) return { port: k.dead, type: arrivingType(disposition) };
    return takeRight(k, k.find(space, name) as ModelEntry, disposition);
  };
  // One reference is enough for a copy and a move of one name: the copy is made while the name is there.
  const copyFirst = remote.name === local.name && remote.disposition === MOVE_SEND;
  if (copyFirst) message.reply = take(local);
  message.dest = take(remote);
  if (!copyFirst) message.reply = take(local);
  for (const part of draft.items) {
    const failed = copyIn(k, space, message, part);
    if (failed === null) continue;
    k.inHand.pop();
    k.destroyLater(message);
    return failed;
  }
  k.inHand.pop();
  return message;
};

const copyIn = (k: ModelKernel, space: ModelSpace, message: ModelMessage, part: DraftPart): string | null => {
  if (part.kind === 'ool') {
    const bytes = takeMemory(space, part);
    if (bytes === null) return 'MACH_SEND_INVALID_MEMORY';
    message.items.push({ kind: 'ool', bytes, offset: part.address % 4096 });
    return null;
  }
  if (part.kind === 'port') {
    const right = copyInRight(k, space, message, part.right);
    if (right === null) return 'MACH_SEND_INVALID_RIGHT';
    message.items.push({ kind: 'port', right });
    return null;
  }
  const item: ModelItem = { kind: 'ool_ports', type: arrivingType(part.disposition), rights: [] };
  message.items.push(item);
  for (const name of part.names) {
    const right = copyInRight(k, space, message, { name, disposition: part.disposition });
    if (right === null) return 'MACH_SEND_INVALID_RIGHT';
    item.rights.push(right);
  }
  return null;
};

const copyInRight = (k: ModelKernel, space: ModelSpace, message: ModelMessage, given: Given): LooseRight | null => {
  const type = arrivingType(given.disposition);
  if (given.name === NULL) return { port: null, type };
  if (given.name === DEAD) return { port: k.dead, type };
  const entry = k.find(space, given.name);
  if (entry === undefined || offered(entry, given.disposition) === 'nothing') return null;
  const right = takeRight(k, entry, given.disposition);
  if (given.disposition === MOVE_RECEIVE && right.port !== null) {
    if (message.dest.port !== null && k.wouldCircle(right.port, message.dest.port)) message.circular = true;
    else right.port.carrier = message.dest.port;
  }
  return right;
};

/** True if the message goes in whatever is queued. */
const isExempt = (message: ModelMessage): boolean => {
  const { port, type } = message.dest;
  return port === null || !port.alive || message.circular || type === 18 || port.kernelOf !== null;
};

const isFull = (k: ModelKernel, port: ModelPort): boolean => k.queued(port).length >= port.qlimit;

/** The send that does not wait: refused whole if there is no room. */
export const sendNow = (k: ModelKernel, space: ModelSpace, draft: ModelDraft): string => {
  const refused = headerRefusal(k, space, draft, null);
  if (refused !== null) return refused;
  const dest = k.find(space, draft.remote.name)?.port ?? null;
  const isOnce = arrivingType(draft.remote.disposition) === 18;
  if (dest !== null && dest.kernelOf === null && !isOnce && isFull(k, dest)) return 'MACH_SEND_TIMED_OUT';
  const message = compose(k, space, draft, null);
  if (typeof message === 'string') return message;
  k.deliver(message);
  return 'MACH_MSG_SUCCESS';
};

/** The send half of a message call. */
export const send = (k: ModelKernel, call: ModelCall, draft: ModelDraft, options: SendHalf): void => {
  const message = compose(k, call.space, draft, options.cancel);
  if (typeof message === 'string') return k.end(call, message);
  const { port } = message.dest;
  if (port === null || isExempt(message) || !isFull(k, port)) {
    k.deliver(message);
    if (call.receive === null) return k.end(call, 'MACH_MSG_SUCCESS');
    return receive(k, call);
  }
  call.sendNotify = options.notify;
  call.sending = message;
  if (options.timeoutMs === 0) return noRoom(k, call);
  port.blocked.push(call);
  call.since = k.nextWait();
  if (options.timeoutMs !== null) call.deadline = k.now + options.timeoutMs;
};

/** The sender does not wait (any longer): its message comes back, or is forced in [SEND_NOTIFY]. */
const noRoom = (k: ModelKernel, call: ModelCall): void => {
  const message = call.sending as ModelMessage;
  if (call.sendNotify === null) return giveBack(k, call, 'MACH_SEND_TIMED_OUT');
  const told = isName(call.sendNotify) ? notifyPort(k, call.space, call.sendNotify) : null;
  if (told === null) return giveBack(k, call, 'MACH_SEND_INVALID_NOTIFY');
  const { port } = message.dest;
  const entry = call.space.entries.find((each) => each.port === port && (each.send > 0 || each.receive)) ?? null;
  if (entry !== null && entry.accepted !== null) return giveBack(k, call, 'MACH_SEND_NOTIFY_IN_PROGRESS');
  const record: Acceptance = { entry, notify: told };
  if (entry !== null) entry.accepted = record;
  message.accepted = record;
  call.sending = null;
  k.deliver(message);
  k.end(call, 'MACH_SEND_WILL_NOTIFY');
};

/** Pseudo-receive [2.8]: the message is its sender's again, header rights not swapped. */
const giveBack = (k: ModelKernel, call: ModelCall, kr: string): void => {
  const message = call.sending as ModelMessage;
  call.sending = null;
  k.inHand.push(message);
  const remoteType = message.dest.type;
  const localType = message.reply.type;
  const dest = message.dest;
  message.dest = NONE;
  const remote = putRight(k, call.space, dest);
  const reply = message.reply;
  message.reply = NONE;
  const local = putRight(k, call.space, reply);
  const items = copyOut(k, call.space, message);
  k.inHand.pop();
  const { id, body } = message;
  const expected: Expected = { id, body, remote, remoteType, local, localType, seqno: 0, payload: null, items };
  call.outcome = { kr, message: expected, returned: true };
  call.deadline = Number.POSITIVE_INFINITY;
};

const copyOut = (k: ModelKernel, space: ModelSpace, message: ModelMessage): ExpectedItem[] =>
  message.items.map((item): ExpectedItem => {
    switch (item.kind) {
      case 'port':
        return { kind: 'port', type: item.right.type, slot: putRight(k, space, takeOut(item.right)) };
      case 'ool_ports':
        return {
          kind: 'ool_ports',
          type: item.type,
          slots: item.rights.map((right) => putRight(k, space, takeOut(right))),
        };
      case 'ool':
        return item;
    }
  });

/** The receive half of a message call. */
export const receive = (k: ModelKernel, call: ModelCall): void => {
  const half = call.receive;
  if (half === null) return;
  const from = receivable(k, call.space, half.name);
  if (typeof from === 'string') return k.end(call, from);
  const first = from.queue[0];
  if (first === undefined) {
    if (half.timeoutMs === 0) return k.end(call, 'MACH_RCV_TIMED_OUT');
    from.waiting.push(call);
    call.at = from;
    call.since = k.nextWait();
    if (half.timeoutMs !== null) call.deadline = k.now + half.timeoutMs;
    return;
  }
  if (half.tiny && half.large) return k.end(call, 'MACH_RCV_TOO_LARGE');
  from.queue.shift();
  const { port } = first.dest;
  accept(k, call, first);
  if (port !== null) k.admit(port);
};

/** What a name lets its holder receive from [2.9, 1]. */
export const receivable = (k: ModelKernel, space: ModelSpace, name: number): ModelPort | ModelSet | string => {
  const entry = isName(name) ? k.find(space, name) : undefined;
  if (entry === undefined) return 'MACH_RCV_INVALID_NAME';
  if (entry.set !== null) return entry.set;
  if (!entry.receive || entry.port === null) return 'MACH_RCV_INVALID_NAME';
  return entry.port.set === null ? entry.port : 'MACH_RCV_IN_SET';
};

/** A message that has left its queue becomes its receiver's [2.9, 4 to 7]. */
export const accept = (k: ModelKernel, call: ModelCall, message: ModelMessage): void => {
  const port = message.dest.port as ModelPort;
  const half = call.receive;
  k.inHand.push(message);
  k.acceptedNow(message);
  const seqno = port.seqno;
  port.seqno += 1;
  let kr = 'MACH_MSG_SUCCESS';
  let remote: Slot = NULL;
  const told = half?.notify == null ? null : notifyPort(k, call.space, half.notify);
  if (half?.tiny === true) kr = 'MACH_RCV_TOO_LARGE';
  else if (half?.notify != null && told === null) kr = 'MACH_RCV_INVALID_NOTIFY';
  const localType = message.dest.type;
  const remoteType = message.reply.type;
  if (kr === 'MACH_MSG_SUCCESS') {
    const before = [...call.space.entries];
    remote = putRight(k, call.space, takeReply(message));
    if (told !== null && typeof remote === 'object' && !before.includes(remote) && remote.port !== null) {
      remote.request = told;
      remote.port.watchers.push(remote);
    }
  } else {
    const reply = takeReply(message);
    if (reply.port !== null && !reply.port.alive) remote = DEAD;
    k.destroyRight(reply);
    k.destroyItems(message);
  }
  const local = port.alive ? (call.space.entries.find((each) => each.port === port && each.receive) ?? NULL) : DEAD;
  const { payload } = port;
  message.dest = NONE;
  if (localType === 17) k.sendRightGone(port);
  const items = copyOut(k, call.space, message);
  k.inHand.splice(k.inHand.indexOf(message), 1);
  const body = kr === 'MACH_MSG_SUCCESS' ? message.body : undefined;
  const expected: Expected = { id: message.id, body, remote, remoteType, local, localType, seqno, payload, items };
  call.outcome = { kr, message: expected, returned: false };
  call.deadline = Number.POSITIVE_INFINITY;
};

const takeReply = (message: ModelMessage): LooseRight => {
  const { reply } = message;
  message.reply = NONE;
  return reply;
};

/** `thread_abort` of the thread that makes a waiting call. */
export const abort = (k: ModelKernel, call: ModelCall): void => {
  leave(call);
  if (call.sending !== null) giveBack(k, call, 'MACH_SEND_INTERRUPTED');
  else k.end(call, 'MACH_RCV_INTERRUPTED');
};

/** The thread of a waiting call is no more: what it was sending goes with it. */
export const abandon = (k: ModelKernel, call: ModelCall): void => {
  leave(call);
  if (call.sending !== null) k.destroyLater(call.sending);
  call.sending = null;
  call.isAbandoned = true;
};

/** Takes a call off the queue that it waits in. */
const leave = (call: ModelCall): void => {
  const port = call.sending?.dest.port ?? null;
  if (port !== null) port.blocked = port.blocked.filter((each) => each !== call);
  if (call.at !== null) call.at.waiting = call.at.waiting.filter((each) => each !== call);
  call.at = null;
};

/** True while a call waits. */
export const isWaiting = (call: ModelCall): boolean => call.outcome === null && !call.isAbandoned;

/** Time passes: waits end in the order of their deadlines, and then of their beginnings. */
export const advance = (k: ModelKernel, ms: number): void => {
  k.now += ms;
  const due = k.calls.filter((call) => isWaiting(call) && call.deadline <= k.now);
  due.sort((a, b) => a.deadline - b.deadline || a.since - b.since);
  for (const call of due) {
    if (!isWaiting(call)) continue;
    leave(call);
    if (call.sending !== null) noRoom(k, call);
    else k.end(call, 'MACH_RCV_TIMED_OUT');
  }
};

/** `move_member` and its kin [2.14]: into a set, or out of any. */
export const joinSet = (k: ModelKernel, port: ModelPort, set: ModelSet): void => {
  k.leaveSet(port);
  set.members.push(port);
  const mine = port.queue;
  port.queue = [];
  port.set = set;
  set.queue.push(...mine);
  while (set.waiting.length > 0 && set.queue.length > 0) {
    const call = set.waiting.shift() as ModelCall;
    call.at = null;
    if (call.receive?.tiny === true && call.receive.large) {
      k.end(call, 'MACH_RCV_TOO_LARGE');
      continue;
    }
    accept(k, call, set.queue.shift() as ModelMessage);
    k.admit(port);
  }
  for (const call of port.waiting.splice(0)) {
    call.at = null;
    k.end(call, 'MACH_RCV_PORT_CHANGED');
  }
};
