/**
 * Exceptions (mach-ipc 2.19): the thread's handler is asked, then the task's; nobody willing, the task ends. The thread
 * waits for the answer, and a handler that says KERN_SUCCESS lets it run the same handler of its program again, in
 * whatever state it was put.
 */
import { destroyItems, killPort } from '../ports/fate.ts';
import { MACH_PORT_NULL } from '../ports/name.ts';
import { DEAD, type Item, type KernelServer, Message, type Port } from '../ports/port.ts';
import { deliver } from '../ports/queue.ts';
import { PORT_SEND, PORT_SEND_ONCE } from '../ports/right.ts';
import type { Thread } from './kernel.ts';
import { kernelPort, terminateTask } from './lives.ts';
import { taskSelf, threadSelf } from './serve/kernel-ports.ts';

/** Number of the message to a handler. Rights: thread (send), task (send). Its reply has that number + 100. */
export const EXCEPTION_RAISE = 2400;

/** What happened. `subcode` is the address of a bad access. */
export interface Exception {
  readonly exception: 'EXC_BAD_ACCESS' | 'EXC_SOFTWARE';
  readonly code: string;
  readonly subcode: number;
}

/** One exception of one thread, asked about at one level. Takes the handler's reply. */
class Raised implements KernelServer {
  readonly #thread: Thread;
  readonly #what: Exception;
  readonly #isLast: boolean;

  constructor(thread: Thread, what: Exception, isLast: boolean) {
    this.#thread = thread;
    this.#what = what;
    this.#isLast = isLast;
  }

  serve(message: Message): void {
    const thread = this.#thread;
    const { ipc } = thread.task.kernel;
    const port = message.dest;
    message.dest = null;
    if (port !== null) {
      port.sorights -= 1;
      killPort(ipc, port);
    }
    const isOver = thread.raised !== this; // aborted, or dead
    const isHandled = isSuccess(message);
    destroyItems(ipc, message);
    ipc.work.push(message);
    if (isOver) return;
    thread.raised = null;
    if (isHandled) resume(thread);
    else if (this.#isLast) terminateTask(thread.task);
    else raiseAtTask(thread, this.#what);
  }
}

/** A reply is exactly as the interface says, or it is none: a mismatch counts as a refusal. */
const isSuccess = ({ id, reply, items, body }: Message): boolean =>
  id === EXCEPTION_RAISE + 100 &&
  reply === null &&
  items === null &&
  typeof body === 'object' &&
  body !== null &&
  'retcode' in body &&
  body.retcode === 'KERN_SUCCESS';

const resume = (thread: Thread): void => {
  thread.waitsFor = 'none';
  thread.wake();
};

/** Stops the thread with an exception. The last word may be the end of its task. */
export const raise = (thread: Thread, what: Exception): void => {
  const { kernel, space, name } = thread.task;
  kernel.life.record(kernel.now, 'exception', space.identity.token, { name, ...what });
  if (isAlive(thread.exceptionPort)) ask(thread, what, thread.exceptionPort, false);
  else raiseAtTask(thread, what);
};

const raiseAtTask = (thread: Thread, what: Exception): void => {
  const { task } = thread;
  if (isAlive(task.exceptionPort)) ask(thread, what, task.exceptionPort, true);
  else terminateTask(task);
};

const isAlive = (port: Port | null): port is Port => port !== null && port.where !== DEAD;

const ask = (thread: Thread, { exception, code, subcode }: Exception, port: Port, isLast: boolean): void => {
  const { kernel } = thread.task;
  const raised = new Raised(thread, { exception, code, subcode }, isLast);
  thread.run = 'waiting';
  thread.waitsFor = 'exception';
  thread.raised = raised;
  const message = new Message(EXCEPTION_RAISE, { exception, code, subcode }, port, PORT_SEND, null);
  port.srights += 1;
  message.items = [send(threadSelf(thread)), send(taskSelf(thread.task))];
  message.reply = kernelPort(kernel, raised);
  message.reply.sorights = 1;
  message.localType = PORT_SEND_ONCE;
  deliver(kernel.ipc, message);
};

const send = (port: Port): Item => ({ kind: 'port', type: PORT_SEND, name: MACH_PORT_NULL, port });
