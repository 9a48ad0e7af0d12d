/** The trap interface as one thread uses it. A program keeps it as long as it likes: it speaks for this thread only. */
import type { Draft } from '../ports/draft.ts';
import { settle } from '../ports/fate.ts';
import type { MachMsgReturn } from '../ports/kern-return.ts';
import type { PortName } from '../ports/name.ts';
import { Port, type Received } from '../ports/port.ts';
import { receivable, takeMessage } from '../ports/receive.ts';
import { givenName, givenReceiveOptions, givenSendOptions } from './given.ts';
import type { Answer, KernelRequest } from './interface/calls.ts';
import { NO_RECEIVE, type Thread } from './kernel.ts';
import { callSelf } from './kernel-call.ts';
import type { MsgCall, ProgramMemory, ReceiveOptions, Sys } from './program.ts';
import { noteReceive, sendNow } from './trap.ts';

/** In place of a request that is none: the answer says so. */
const NO_REQUEST = {} as KernelRequest;

/** `Sys` for one thread. Made when the thread first runs. */
export class ThreadSys implements Sys {
  /** (Kernel) */
  readonly thread: Thread;
  #vm: ProgramMemory | null = null;

  constructor(thread: Thread) {
    this.thread = thread;
  }

  get vm(): ProgramMemory {
    this.#vm ??= this.thread.task.memory.access;
    return this.#vm;
  }

  now(): number {
    return this.thread.task.kernel.now;
  }

  send(draft: Draft): MachMsgReturn {
    return sendNow(this.thread.task.kernel, this.thread, draft);
  }

  poll(name: PortName): Received | null {
    const { space, kernel } = this.thread.task;
    const target = receivable(space, givenName(name));
    const wait = kernel.polling;
    if (target instanceof Port) {
      if (!takeMessage(space, wait, target, null)) return null;
    } else if (typeof target === 'string' || !takeMessage(space, wait, null, target)) return null;
    const { message } = wait.outcome;
    wait.outcome.message = null;
    noteReceive(kernel, this.thread, message);
    if (kernel.ipc.work.length > 0) settle(kernel.ipc);
    return message;
  }

  call(request: KernelRequest): Answer {
    return callSelf(this.thread, request);
  }

  receive(name: PortName, options?: ReceiveOptions): void {
    const { parked } = this.thread;
    parked.op = 'msg';
    parked.draft = null;
    parked.receive = givenName(name);
    parked.receiveOptions = givenReceiveOptions(options);
  }

  rpc(draft: Draft, name: PortName, options?: ReceiveOptions): void {
    const { parked } = this.thread;
    parked.op = 'msg';
    parked.draft = draft;
    parked.sendOptions = null;
    parked.receive = givenName(name);
    parked.receiveOptions = givenReceiveOptions(options);
  }

  msg(call: MsgCall): void {
    const { parked } = this.thread;
    const { send, sendOptions, receive, receiveOptions } = call ?? {};
    parked.draft = send ?? null;
    parked.sendOptions = givenSendOptions(sendOptions);
    parked.receive = receive === undefined ? NO_RECEIVE : givenName(receive);
    parked.receiveOptions = givenReceiveOptions(receiveOptions);
    parked.op = 'msg';
  }

  kernelCall(port: PortName, request: KernelRequest): void {
    const { parked } = this.thread;
    parked.op = 'kernel';
    parked.port = givenName(port);
    parked.request = request ?? NO_REQUEST;
  }

  pause(): void {
    this.thread.parked.op = 'pause';
  }

  yield(): void {
    this.thread.parked.op = 'yield';
  }

  exit(): void {
    this.thread.parked.op = 'exit';
  }
}

/** The trap interface of a thread. Hot path. */
export const sysOf = (thread: Thread): Sys => {
  thread.sys ??= new ThreadSys(thread);
  return thread.sys;
};

/** The thread that a trap interface speaks for: for the kernel itself, not for programs. */
export const threadOfSys = (sys: Sys): Thread => {
  if (sys instanceof ThreadSys) return sys.thread;
  throw new TypeError('no trap interface of this kernel');
};
