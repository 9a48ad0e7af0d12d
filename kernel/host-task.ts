/**
 * Embedding: a task whose program is the host's own asynchronous code. It has the same rights and limits as any task
 * and speaks to the kernel by the same traps; each call runs on a thread of its own for as long as it takes. Host code
 * cannot move, so the task is pinned and a dry run names it. The only place of the kernel that makes promises; it
 * awaits none.
 */
import type { Draft } from '../ports/draft.ts';
import type { PortName } from '../ports/name.ts';
import type { Received } from '../ports/port.ts';
import type { Answer, KernelRequest } from './interface/calls.ts';
import type { Kernel, Task } from './kernel.ts';
import { createTask, createThread, terminateTask, terminateThread } from './lives.ts';
import type { MsgCall, Program, ReceiveOptions, Result, SendOptions, Sys } from './program.ts';
import { ThreadSys } from './sys.ts';

/** A message call of host code failed. `code` is Mach's. */
export class MachError extends Error {
  override readonly name = 'MachError';
  readonly code: string | number;
  /** What is known beyond the code: the path to what could not be sent, or was refused. */
  readonly why: string | null;

  constructor(code: string | number, what: string, why: string | null = null) {
    super(`${what}: ${code}${why === null ? '' : ` (${why})`}`);
    this.code = code;
    this.why = why;
  }
}

/** How a call of host code may be ended early. Aborted, it rejects with the signal's reason and nothing is lost. */
export interface Cancellation {
  readonly signal?: AbortSignal;
}

interface Job {
  readonly park: (sys: Sys) => void;
  readonly done: (result: Result) => void;
  begun: boolean;
}

/** Runs one call of the host: parks it, then hands its result over and ends. */
const hostProgram: Program = {
  name: 'host',
  hash: 'host',
  start: (args: unknown): object => args as object,
  resume(sys: Sys, state: object, result: Result): void {
    const job = state as Job;
    if (job.begun) {
      job.done(result);
      sys.exit();
      return;
    }
    job.begun = true;
    job.park(sys);
  },
};

/** A task of the host. `await using` ends it and everything it holds. */
export class HostTask implements AsyncDisposable {
  readonly task: Task;
  readonly sys: Sys;
  readonly #kernel: Kernel;

  constructor(kernel: Kernel, name: string) {
    this.#kernel = kernel;
    this.task = createTask(kernel, name);
    this.task.pinned = 'its program is code of the host process';
    // One thread that never runs keeps the task alive between calls and speaks for it in calls that do not wait.
    const anchor = createThread(
      this.task,
      hostProgram,
      { park: (sys: Sys) => sys.pause(), done: () => undefined, begun: false },
      true,
    );
    this.sys = new ThreadSys(anchor);
  }

  /** A kernel call on the host task itself. Throws `MachError` unless it succeeds. */
  call(request: KernelRequest): Answer {
    const answer = this.sys.call(request);
    if (answer.kr !== 'KERN_SUCCESS') throw new MachError(answer.kr, request.op);
    return answer;
  }

  /** A new receive right. */
  allocate(): PortName {
    return this.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName;
  }

  /** Sends, waiting for room. */
  async send(draft: Draft, options: SendOptions & Cancellation = {}): Promise<void> {
    await this.msg({ send: draft, sendOptions: options }, options.signal);
  }

  /** Receives one message. Its rights are the host task's from now on. */
  async receive(name: PortName, options: ReceiveOptions & Cancellation = {}): Promise<Received> {
    const result = await this.msg({ receive: name, receiveOptions: options }, options.signal);
    if (result.message === null) throw new MachError(result.kr, 'receive');
    return result.message;
  }

  /** Sends and receives the answer on `name`. */
  async rpc(draft: Draft, name: PortName, options: ReceiveOptions & Cancellation = {}): Promise<Received> {
    const result = await this.msg({ send: draft, receive: name, receiveOptions: options }, options.signal);
    if (result.message === null) throw new MachError(result.kr, 'rpc');
    return result.message;
  }

  /** A whole message call. Rejects with `MachError` unless it succeeds. */
  msg(call: MsgCall, signal?: AbortSignal): Promise<Result> {
    return this.#run('mach_msg', (sys) => sys.msg(call), signal);
  }

  /** A kernel call through a send right, wherever that kernel is. Rejects only if no answer came. */
  async kernelCall(port: PortName, request: KernelRequest, options: Cancellation = {}): Promise<Answer> {
    const result = await this.#run(request.op, (sys) => sys.kernelCall(port, request), options.signal);
    return result.answer ?? { kr: 'MIG_SERVER_DIED' };
  }

  /** Every message that arrives on a port, until the loop is left. */
  async *listen(name: PortName, options: Cancellation = {}): AsyncGenerator<Received, void, void> {
    while (this.task.isAlive) yield await this.receive(name, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    terminateTask(this.task);
  }

  #run(what: string, park: (sys: Sys) => void, signal: AbortSignal | undefined): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason);
      const onAbort = (): void => {
        terminateThread(thread);
        reject(signal?.reason);
      };
      const done = (result: Result): void => {
        signal?.removeEventListener('abort', onAbort);
        if (result.kr === 'MACH_MSG_SUCCESS') resolve({ ...result });
        else reject(new MachError(result.kr, what, result.why));
      };
      const job: Job = { park, done, begun: false };
      const thread = createThread(this.task, hostProgram, job);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#kernel.wantRun();
    });
  }
}
