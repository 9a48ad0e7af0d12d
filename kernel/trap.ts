/**
 * The message trap: what happens to the call that a thread is parked in. Issued, it is over at once (`true`) or the
 * thread waits. A wait ends by a message, room in a queue, a deadline, an abort, a death, or because the task is frozen
 * to be moved.
 */
import { BodyRefusal } from '../ports/body.ts';
import type { Draft } from '../ports/draft.ts';
import { ReadDraft, readDraft } from '../ports/draft-read.ts';
import { destroyMessage, settle } from '../ports/fate.ts';
import type { MachMsgReturn } from '../ports/kern-return.ts';
import { isName, type PortName } from '../ports/name.ts';
import { Message, Port, type PortSet, type Received, SendWait } from '../ports/port.ts';
import { deliver, hasRoom } from '../ports/queue.ts';
import { pseudoReceive, receivable, takeMessage } from '../ports/receive.ts';
import { MAKE_SEND_ONCE } from '../ports/right.ts';
import { Ring } from '../ports/ring.ts';
import { compose } from '../ports/send.ts';
import { copyInRight, offers } from '../ports/transfer.ts';
import { EVENT_RECEIVE, EVENT_SEND } from './events.ts';
import { type Kernel, NO_RECEIVE, type Thread } from './kernel.ts';
import type { SendOptions } from './program.ts';
import { PageFault } from './vm/access.ts';
import type { Blocked } from './vm/fault.ts';

/** Issues the message call that a thread is parked in. True if it is over; else the thread waits. Hot path. */
export const issueMsg = (kernel: Kernel, thread: Thread): boolean => {
  const { parked } = thread;
  const { draft } = parked;
  if (draft !== null) {
    if (!issueSend(kernel, thread, draft)) return false;
    parked.draft = null;
    if (thread.result.kr !== 'MACH_MSG_SUCCESS') return true;
  }
  return parked.receive === NO_RECEIVE || issueReceive(kernel, thread, parked.receive);
};

const issueSend = (kernel: Kernel, thread: Thread, draft: Draft): boolean => {
  const { space } = thread.task;
  const options = thread.parked.sendOptions;
  const read = readDraft(draft);
  const blocked = typeof read === 'string' ? null : blockedBy(thread, read);
  if (blocked !== null) {
    thread.awaitPage(blocked.wait, 'memory');
    return false;
  }
  const message = typeof read === 'string' ? read : compose(space, read, options?.cancel ?? null);
  if (!(message instanceof Message)) {
    fail(thread, message instanceof BodyRefusal ? 'MACH_SEND_INVALID_DATA' : message);
    thread.result.why = message instanceof BodyRefusal ? `${message.path}: ${message.why}` : null;
    return true;
  }
  return place(kernel, thread, message);
};

/** What has to be waited for before the memory of a message can be copied: nothing is taken until it is there. */
const blockedBy = (thread: Thread, draft: Draft): Blocked | null => {
  if (!(draft instanceof ReadDraft)) return null;
  for (const item of draft.descriptors) {
    const blocked = item.kind === 'ool' ? thread.task.memory.blocked(item.address, item.size) : null;
    if (blocked !== null) return blocked;
  }
  return null;
};

/** Puts a whole message into its queue, or makes the thread wait for room. */
const place = (kernel: Kernel, thread: Thread, message: Message): boolean => {
  const port = message.dest;
  noteSend(kernel, thread, message);
  if (port === null || message.circular || hasRoom(port, message)) {
    deliver(kernel.ipc, message);
    succeed(thread);
    return true;
  }
  const options = thread.parked.sendOptions;
  if (options?.timeoutMs === 0) return noRoom(thread, message, options);
  const wait = new SendWait(thread, message, port);
  if (port.senders === null) port.senders = new Ring();
  port.senders.push(wait);
  kernel.ipc.messages += 1;
  thread.sending = wait;
  startWait(kernel, thread, 'send', options?.timeoutMs);
  return false;
};

/** A queue is full and the sender does not wait (any longer): the message comes back, or is forced in (SEND_NOTIFY). */
const noRoom = (thread: Thread, message: Message, options: SendOptions | null): boolean => {
  const { space } = thread.task;
  if (options?.notify === undefined) return giveBack(thread, message, 'MACH_SEND_TIMED_OUT');
  const port = message.dest;
  const entry = port === null ? undefined : space.entryOf(port);
  const notifyEntry = isName(options.notify) ? space.lookup(options.notify) : undefined;
  if (notifyEntry === undefined || offers(notifyEntry, MAKE_SEND_ONCE) !== 'right') {
    return giveBack(thread, message, 'MACH_SEND_INVALID_NOTIFY');
  }
  if (entry !== undefined && entry.accepted !== null) return giveBack(thread, message, 'MACH_SEND_NOTIFY_IN_PROGRESS');
  const record = { entry: entry ?? null, notify: copyInRight(space, notifyEntry, MAKE_SEND_ONCE) };
  if (entry !== undefined) entry.accepted = record;
  message.accepted = record;
  deliver(space.ipc, message);
  fail(thread, 'MACH_SEND_WILL_NOTIFY');
  return true;
};

const giveBack = (thread: Thread, message: Message, code: MachMsgReturn): true => {
  const bits = pseudoReceive(thread.task.space, message);
  fail(thread, code);
  thread.result.bits = bits;
  thread.result.message = message;
  thread.result.returned = true;
  return true;
};

const issueReceive = (kernel: Kernel, thread: Thread, name: PortName): boolean => {
  const { space } = thread.task;
  const target = receivable(space, name);
  if (typeof target === 'string') {
    fail(thread, target);
    return true;
  }
  const wait = thread.receiver;
  const options = thread.parked.receiveOptions;
  if (options !== null || wait.isSpecial) {
    wait.setOptions(options?.limit, options?.large === true, options?.notify);
  }
  const port = target instanceof Port ? target : null;
  const set = port === null ? (target as PortSet) : null;
  if (takeMessage(space, wait, port, set)) {
    noteReceive(kernel, thread, thread.result.message);
    return true;
  }
  if (options?.timeoutMs === 0) {
    fail(thread, 'MACH_RCV_TIMED_OUT');
    return true;
  }
  wait.joinQueue(target);
  startWait(kernel, thread, 'receive', options?.timeoutMs);
  return false;
};

const startWait = (kernel: Kernel, thread: Thread, kind: 'send' | 'receive', timeoutMs: number | undefined): void => {
  thread.run = 'waiting';
  thread.waitsFor = kind;
  if (timeoutMs === undefined) {
    thread.deadline = Number.POSITIVE_INFINITY;
    return;
  }
  thread.deadline = kernel.now + timeoutMs;
  thread.timer = kernel.timers.add(thread.deadline, thread);
  kernel.environment.pump.deadline(kernel.timers.next);
};

/**
 * The thread's wait was ended by somebody else: brings the outcome into its result. False if it has to wait on. Hot
 * path.
 */
export const collect = (kernel: Kernel, thread: Thread): boolean => {
  const kind = thread.waitsFor;
  thread.waitsFor = 'none';
  if (kind === 'receive') {
    noteReceive(kernel, thread, thread.result.message);
    return true;
  }
  if (kind === 'send') {
    thread.sending = null;
    thread.parked.draft = null;
    succeed(thread);
    return issueMsg(kernel, thread);
  }
  return kind === 'memory' ? issueMsg(kernel, thread) : true;
};

/** Records a send; the message remembers the event, as its receiver's cause. Hot path. */
const noteSend = (kernel: Kernel, thread: Thread, message: Message): void => {
  if (kernel.events === null) return;
  message.cause = kernel.events.record(EVENT_SEND, kernel.lately, thread.task.serial, message.id, thread.cause);
};

/** Records a receive: what the thread does from now on has it as its cause. Hot path. */
export const noteReceive = (kernel: Kernel, thread: Thread, message: Received | null): void => {
  if (kernel.events === null) return;
  const id = message === null ? 0 : message.id;
  const cause = message === null ? 0 : message.cause;
  thread.cause = kernel.events.record(EVENT_RECEIVE, kernel.lately, thread.task.serial, id, cause);
};

const succeed = (thread: Thread): void => {
  const { result } = thread;
  result.kr = 'MACH_MSG_SUCCESS';
  result.bits = null;
  result.message = null;
  result.returned = false;
};

const fail = (thread: Thread, code: MachMsgReturn): void => {
  succeed(thread);
  thread.result.kr = code;
  thread.result.why = null;
};

/** The deadline of a waiting thread has passed. */
export const timeOut = (kernel: Kernel, thread: Thread): void => {
  thread.timer = null;
  if (thread.run !== 'waiting') return;
  if (thread.waitsFor === 'receive') {
    thread.receiver.leave();
    thread.result.kr = 'MACH_RCV_TIMED_OUT';
    thread.wake();
  } else if (thread.waitsFor === 'send' && thread.sending !== null) {
    const { message } = thread.sending;
    thread.sending.leave();
    kernel.ipc.messages -= 1;
    endSend(thread);
    noRoom(thread, message, thread.parked.sendOptions);
    thread.wake();
  }
};

const endSend = (thread: Thread): void => {
  thread.sending = null;
  thread.waitsFor = 'none';
  thread.parked.draft = null;
  thread.parked.receive = NO_RECEIVE;
};

/** `thread_abort`: the message call ends as interrupted; a call that has its outcome already keeps it (2.18). */
export const interrupt = (kernel: Kernel, thread: Thread): void => {
  if (thread.run !== 'waiting') return;
  if (thread.waitsFor === 'receive') {
    // The result stands at once, so that `thread_set_state` can put another in its place.
    thread.receiver.leave();
    thread.waitsFor = 'none';
    fail(thread, 'MACH_RCV_INTERRUPTED');
  } else if (thread.waitsFor === 'send' && thread.sending !== null) {
    const { message } = thread.sending;
    thread.sending.leave();
    kernel.ipc.messages -= 1;
    endSend(thread);
    giveBack(thread, message, 'MACH_SEND_INTERRUPTED');
  } else if (thread.waitsFor === 'exception') {
    // The handler is not waited for any more: the thread tries again.
    thread.raised = null;
    thread.waitsFor = 'none';
  } else if (thread.waitsFor === 'page') {
    // The handler runs again, in the state that it may have been given, and asks again if it still wants to know.
    thread.leavePage();
    thread.waitsFor = 'none';
  } else if (thread.waitsFor === 'memory') {
    thread.leavePage();
    endSend(thread);
    fail(thread, 'MACH_SEND_INTERRUPTED');
  } else return;
  thread.isInterrupted = true;
  thread.wake();
};

/** Takes a dying thread out of whatever it waits in; a message it was sending goes with it. */
export const abandon = (kernel: Kernel, thread: Thread): void => {
  if (thread.timer !== null) thread.timer.live = false;
  thread.timer = null;
  thread.receiving?.leave();
  if (thread.sending?.isWaiting) {
    thread.sending.leave();
    kernel.ipc.messages -= 1;
    destroyMessage(kernel.ipc, thread.sending.message);
  }
  thread.sending = null;
  thread.leavePage();
  thread.raised = null;
  thread.waitsFor = 'none';
};

/**
 * A send that does not wait, for `sys.send`: the message call without a parked thread. Nothing comes back from a full
 * queue, as this call has no place to give it: it is refused before it has taken a right. Hot path.
 */
export const sendNow = (kernel: Kernel, thread: Thread, draft: Draft): MachMsgReturn => {
  const { space } = thread.task;
  const read = readDraft(draft);
  if (typeof read === 'string') return read;
  const blocked = blockedBy(thread, read);
  if (blocked !== null) throw new PageFault(0, 'read', blocked);
  const message = compose(space, read, null, 'refuse');
  if (!(message instanceof Message)) {
    settle(kernel.ipc);
    return message instanceof BodyRefusal ? 'MACH_SEND_INVALID_DATA' : message;
  }
  noteSend(kernel, thread, message);
  deliver(kernel.ipc, message);
  if (kernel.ipc.work.length > 0) settle(kernel.ipc);
  return 'MACH_MSG_SUCCESS';
};
