/**
 * Kernel calls as traps: on oneself, answered at once; through a send right, answered wherever the kernel port's
 * receiver is.
 */

import { admitBody, type Body, BodyRefusal } from '../ports/body.ts';
import { destroyItems, dropSend, killPort, NOTIFY_SEND_ONCE, settle } from '../ports/fate.ts';
import type { KernReturn } from '../ports/kern-return.ts';
import { isName, MACH_PORT_NULL, type PortName } from '../ports/name.ts';
import { type Carried, carry, discard, land } from '../ports/name-calls.ts';
import { type Item, type KernelServer, Message } from '../ports/port.ts';
import { deliver } from '../ports/queue.ts';
import { COPY_SEND, MOVE_RECEIVE, MOVE_SEND, MOVE_SEND_ONCE, PORT_SEND, PORT_SEND_ONCE } from '../ports/right.ts';
import { copyInRight, copyOutRight, offers } from '../ports/transfer.ts';
import type { Answer, KernelRequest, RightArgument } from './interface/calls.ts';
import { CALL_FORMS, readRequest } from './interface/ids.ts';
import type { Thread, WaitKind } from './kernel.ts';
import { kernelPort } from './lives.ts';
import { answerOf, put } from './serve/answer.ts';
import type { Served } from './serve/request.ts';
import { isFault } from './vm/access.ts';

/** A kernel call of a thread on its own task. */
export const callSelf = (thread: Thread, given: KernelRequest): Answer => {
  const { task } = thread;
  // A handler that has ended its own thread runs on to its end, and makes nothing that would outlive the thread.
  if (thread.run === 'dead' && task.isAlive) return { kr: 'KERN_FAILURE' };
  const request = readRequest(given);
  if (request === null) return { kr: 'MIG_BAD_ID' };
  if (request === false) return { kr: 'MIG_BAD_ARGUMENTS' };
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

/** The fields of a request as a body: what goes to whoever receives on a kernel port must not change, nor run. */
const bodyOf = (request: KernelRequest): Body | BodyRefusal => {
  const { op, ...fields } = request;
  for (const field of CALL_FORMS[op].rights) delete (fields as Record<string, unknown>)[field.replace('[]', '')];
  return admitBody(fields);
};

/**
 * Issues the kernel call that a thread is parked in. True if it is over: a kernel port of this kernel answers in the
 * same trap, while the thread still counts as running, so that a call on oneself is known as one.
 */
export const issueKernelCall = (thread: Thread, name: PortName, given: KernelRequest): boolean => {
  const { space, kernel } = thread.task;
  const request = readRequest(given);
  const entry = isName(name) ? space.lookup(name) : undefined;
  const answer = (kr: Answer['kr']): true => {
    thread.result.answer = { kr };
    return true;
  };
  if (request === null) return answer('MIG_BAD_ID');
  if (request === false) return answer('MIG_BAD_ARGUMENTS');
  const body = bodyOf(request);
  if (body instanceof BodyRefusal) return answer('MACH_SEND_INVALID_DATA');
  if (entry === undefined || offers(entry, COPY_SEND) !== 'right') return answer('MACH_SEND_INVALID_DEST');
  // As in any message: the destination first, so that the call may give away the very right that it is made through.
  const dest = copyInRight(space, entry, COPY_SEND);
  const carried = takeArguments(thread, request);
  if (typeof carried === 'string') {
    dropSend(kernel.ipc, dest);
    return answer(carried);
  }
  const message = new Message(CALL_FORMS[request.op].id, body, dest, PORT_SEND, space.identity);
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
