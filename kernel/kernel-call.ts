/**
 * Kernel calls as traps: on oneself, answered at once; through a send right, answered wherever the kernel port's
 * receiver is.
 */

import type { Body } from '../ports/body.ts';
import { destroyItems, dropSend, killPort, NOTIFY_SEND_ONCE, settle } from '../ports/fate.ts';
import type { KernReturn } from '../ports/kern-return.ts';
import { isName, MACH_PORT_NULL, type PortName } from '../ports/name.ts';
import { type Carried, carry, discard, land } from '../ports/name-calls.ts';
import { type Item, type KernelServer, Message } from '../ports/port.ts';
import { deliver } from '../ports/queue.ts';
import { COPY_SEND, MOVE_RECEIVE, MOVE_SEND, MOVE_SEND_ONCE, PORT_SEND, PORT_SEND_ONCE } from '../ports/right.ts';
import { copyInRight, copyOutRight, offers } from '../ports/transfer.ts';
import type { Answer, KernelRequest, RightArgument } from './interface/calls.ts';
import { CALL_FORMS } from './interface/ids.ts';
import type { Thread, WaitKind } from './kernel.ts';
import { kernelPort } from './lives.ts';
import { answerOf, put } from './serve/answer.ts';
import type { Served } from './serve/request.ts';
import { isFault } from './vm/access.ts';

/** A kernel call of a thread on its own task. */
export const callSelf = (thread: Thread, request: KernelRequest): Answer => {
  const { task } = thread;
  if (!isKnown(request)) return { kr: 'MIG_BAD_ID' };
  const carried = takeArguments(thread, request);
  if (typeof carried === 'string') return { kr: carried };
  let served: Served;
  try {
    served = task.kernel.serve(task, thread, request, carried);
  } catch (thrown) {
    // The call waits for a page: nothing has happened, and nothing is to be missing when it is made again.
    if (isFault(thrown)) returnArguments(thread, request, carried);
    throw thrown;
  }
  const answer = answerOf(task.space, served);
  settle(task.kernel.ipc);
  return answer;
};

const returnArguments = (thread: Thread, request: KernelRequest, carried: readonly Carried[]): void => {
  const { space } = thread.task;
  for (const [index, { disposition }] of rightArguments(request).entries()) {
    const right = carried[index];
    if (right === undefined) continue;
    if (disposition === MOVE_SEND || disposition === MOVE_SEND_ONCE || disposition === MOVE_RECEIVE) land(space, right);
    else discard(space, right);
  }
};

/** A request may have come with a thread's image: its name is looked at before anything else. */
const isKnown = (request: KernelRequest): boolean => Object.hasOwn(CALL_FORMS, request.op);

/** The rights that a request gives, out of the caller's space. Refused whole. */
const takeArguments = (thread: Thread, request: KernelRequest): Carried[] | KernReturn => {
  const { space } = thread.task;
  const carried: Carried[] = [];
  for (const argument of rightArguments(request)) {
    const right = carryArgument(thread, argument);
    if (typeof right === 'string') {
      for (const taken of carried) discard(space, taken);
      return right;
    }
    carried.push(right);
  }
  return carried;
};

const carryArgument = (thread: Thread, argument: RightArgument): Carried | KernReturn => {
  const { space } = thread.task;
  if (argument.name === MACH_PORT_NULL) return { port: null, type: PORT_SEND };
  if (!isName(argument.name)) return { port: space.ipc.dead, type: PORT_SEND };
  return carry(space, argument.name, argument.disposition);
};

const rightArguments = (request: KernelRequest): RightArgument[] => {
  const given = request as unknown as Record<string, unknown>;
  const found: RightArgument[] = [];
  for (const field of CALL_FORMS[request.op].rights) {
    const value = given[field.replace('[]', '')];
    if (value === null || value === undefined) continue;
    for (const each of Array.isArray(value) ? value : [value]) {
      if (typeof each === 'object' && each !== null) found.push(each as RightArgument);
    }
  }
  return found;
};

/** Takes the reply to a kernel call for the thread that waits for it: a kernel port that nobody can name. */
class ReplyServer implements KernelServer {
  readonly #thread: Thread;

  constructor(thread: Thread) {
    this.#thread = thread;
  }

  serve(message: Message): void {
    const thread = this.#thread;
    const port = message.dest;
    message.dest = null;
    if (port !== null) {
      port.sorights -= 1;
      killPort(thread.task.kernel.ipc, port);
    }
    if (thread.waitsFor === 'answer') {
      thread.result.answer = readAnswer(thread, message);
      thread.waitsFor = 'none';
      if (thread.run === 'waiting') thread.wake(); // else it is still in the trap: the kernel itself has answered
    }
    destroyItems(thread.task.kernel.ipc, message);
  }
}

const readAnswer = (thread: Thread, message: Message): Answer => {
  if (message.id === NOTIFY_SEND_ONCE) return { kr: 'MIG_SERVER_DIED' };
  const { retcode, rights, ...fields } = (message.body ?? {}) as Record<string, unknown>;
  const answer: Record<string, unknown> = { kr: retcode, ...fields };
  const names = Array.isArray(rights) ? (rights as string[]) : [];
  let at = 0;
  for (const item of message.items ?? []) {
    const field = names[at];
    if (item.kind !== 'port' || field === undefined) continue;
    const name = copyOutRight(thread.task.space, item.port, item.type);
    item.port = null;
    put(answer, { field: field.replace('[]', ''), list: field.endsWith('[]') }, name ?? MACH_PORT_NULL);
    at += 1;
  }
  return answer as unknown as Answer;
};

/**
 * Issues the kernel call that a thread is parked in. True if it is over: a kernel port of this kernel answers in the
 * same trap, while the thread still counts as running, so that a call on oneself is known as one.
 */
export const issueKernelCall = (thread: Thread, name: PortName, request: KernelRequest): boolean => {
  const { space, kernel } = thread.task;
  if (!isKnown(request)) {
    thread.result.answer = { kr: 'MIG_BAD_ID' };
    return true;
  }
  const entry = isName(name) ? space.lookup(name) : undefined;
  const answer = (kr: Answer['kr']): true => {
    thread.result.answer = { kr };
    return true;
  };
  if (entry === undefined || offers(entry, COPY_SEND) !== 'right') return answer('MACH_SEND_INVALID_DEST');
  // As in any message: the destination first, so that the call may give away the very right that it is made through.
  const dest = copyInRight(space, entry, COPY_SEND);
  const carried = takeArguments(thread, request);
  if (typeof carried === 'string') {
    dropSend(kernel.ipc, dest);
    return answer(carried);
  }
  const { op, ...fields } = request;
  const form = CALL_FORMS[op];
  for (const field of form.rights) delete (fields as Record<string, unknown>)[field.replace('[]', '')];
  const message = new Message(form.id, fields as Body, dest, PORT_SEND, space.identity);
  message.cause = thread.cause;
  if (carried.length > 0)
    message.items = carried.map(({ port, type }): Item => ({ kind: 'port', type, name: MACH_PORT_NULL, port }));
  const reply = kernelPort(kernel, new ReplyServer(thread));
  reply.sorights = 1;
  message.reply = reply;
  message.localType = PORT_SEND_ONCE;
  thread.waitsFor = 'answer';
  deliver(kernel.ipc, message);
  if ((thread.waitsFor as WaitKind) !== 'answer') return true;
  thread.run = 'waiting';
  return false;
};
