/**
 * The records of one kernel instance: the kernel, its tasks and threads. State only; what is done with it stands in
 * `trap.ts`, `scheduler.ts`, `serve/` and `vm/`. They refer to each other, hence one file.
 */

import type { Draft } from '../ports/draft.ts';
import { Ipc } from '../ports/ipc.ts';
import { MACH_PORT_NULL, type PortName } from '../ports/name.ts';
import type { Carried } from '../ports/name-calls.ts';
import { Identity, type Message, type Port, ReceiveWait, type SendWait, type Waker } from '../ports/port.ts';
import { acceptMessage } from '../ports/receive.ts';
import type { Space } from '../ports/space.ts';
import type { Environment } from './environment.ts';
import { EventRing, LifeRing } from './events.ts';
import { Few } from './few.ts';
import type { KernelRequest } from './interface/calls.ts';
import type { TaskMemory } from './out-of-line.ts';
import type { Program, ReceiveOptions, Result, SendOptions, Sys } from './program.ts';
import { ProgramTable } from './programs.ts';
import { RunQueue } from './run-queue.ts';
import type { Served } from './serve/request.ts';
import { Timers } from './timers.ts';
import type { PageFault } from './vm/access.ts';
import type { AddressMap } from './vm/address-map.ts';
import type { PagerControl } from './vm/control.ts';
import type { MemoryObject } from './vm/object.ts';
import { PagePool } from './vm/pool.ts';
import type { PageWait, PageWaiter } from './vm/wait.ts';

/**
 * What a thread is doing. Suspension is counted beside it: a thread runs only if it is runnable and nothing suspends
 * it.
 */
export type RunState =
  | 'runnable' // it has a result to go on with
  | 'running' // it is between two parked calls, now
  | 'on-processor' // a processor of its own runs it (wasm); the kernel hears from it by an event
  | 'waiting' // in the call it is parked in
  | 'dead';

/**
 * What a waiting thread waits for: `page` to run its handler again, `memory` to issue its call again, whose out-of-line
 * memory is not there yet.
 */
export type WaitKind = 'none' | 'send' | 'receive' | 'answer' | 'page' | 'memory' | 'state' | 'exception';

/** The call that a thread is parked in: data, so that it can be issued again elsewhere. */
export interface Parked {
  op: 'none' | 'msg' | 'kernel' | 'pause' | 'yield' | 'exit';
  draft: Draft | null;
  sendOptions: SendOptions | null;
  receive: PortName;
  receiveOptions: ReceiveOptions | null;
  port: PortName;
  request: KernelRequest | null;
}

/** Nothing is received: `Parked.receive` of a call that only sends. */
export const NO_RECEIVE: PortName = -1 as PortName;

const newResult = (): Result => ({
  kr: 'MACH_MSG_SUCCESS',
  bits: null,
  message: null,
  returned: false,
  size: 0,
  local: MACH_PORT_NULL,
  why: null,
  answer: null,
});

/** A thread: a program, its state, and the call it is parked in. */
export class Thread implements Waker, PageWaiter {
  readonly serial: number;
  readonly task: Task;
  readonly program: Program;
  state: object;
  run: RunState = 'runnable';
  waitsFor: WaitKind = 'none';
  suspendCount = 0;
  isQueued = false;
  readonly parked: Parked = {
    op: 'none',
    draft: null,
    sendOptions: null,
    receive: NO_RECEIVE,
    receiveOptions: null,
    port: MACH_PORT_NULL,
    request: null,
  };
  readonly result: Result = newResult();
  sys: Sys | null = null;
  receiving: ReceiveWait | null = null;
  sending: SendWait | null = null;
  /** The page that it waits for (`page` and `memory`). */
  paging: PageWait | null = null;
  timer: { live: boolean } | null = null;
  /** The absolute deadline of the wait, Infinity without one. */
  deadline: number = Number.POSITIVE_INFINITY;
  /** The outcome of an interrupted call may still be overwritten by `thread_set_state`. */
  isInterrupted = false;
  /** Plain register that programs and debuggers may use (`thread_set_state` flavor `state`). */
  register: unknown = null;
  kernelPort: Port | null = null;
  self: Port | null = null;
  exceptionPort: Port | null = null;
  /** The exception that the thread waits for an answer to: a late answer to another one is told apart by it. */
  raised: object | null = null;
  /** The event that made the thread run last. */
  cause = 0;

  constructor(task: Task, program: Program, state: object) {
    this.task = task;
    this.serial = task.kernel.nextSerial();
    this.program = program;
    this.state = state;
  }

  get isStopped(): boolean {
    return this.suspendCount > 0 || this.task.suspendCount > 0 || this.task.isFrozen;
  }

  /** (Queued) It runs before threads of ordinary tasks. */
  get isUrgent(): boolean {
    return this.task.isUrgent;
  }

  /** The thread's receive, made when first needed and used again. */
  get receiver(): ReceiveWait {
    if (this.receiving === null) this.receiving = new ReceiveWait(this, this.result);
    return this.receiving;
  }

  /** (Waker) A message for the receive that the thread waits in. Hot path. */
  deliver(message: Message): void {
    acceptMessage(this.task.space, this.receiver, message);
    this.wake();
  }

  /** Waits for a page. If the answer has come meanwhile, the thread is runnable at once. */
  awaitPage(wait: PageWait, kind: 'page' | 'memory'): void {
    this.run = 'waiting';
    this.waitsFor = kind;
    this.paging = wait;
    wait.join(this);
  }

  /** (PageWaiter) The page has been decided about: the thread looks again. */
  pageReady(): void {
    this.paging = null;
    if (this.run !== 'waiting') return;
    if (this.waitsFor === 'page') this.waitsFor = 'none';
    this.wake();
  }

  /** The page is not waited for any more. */
  leavePage(): void {
    this.paging?.leave(this);
    this.paging = null;
  }

  /** (Waker) The wait is over. Runs nothing. */
  wake(): void {
    if (this.timer !== null) {
      this.timer.live = false;
      this.timer = null;
    }
    this.task.kernel.makeRunnable(this);
  }
}

const NO_PORTS: readonly (Port | null)[] = [];

/** A task: a space of port names, memory, and threads. */
export class Task {
  readonly kernel: Kernel;
  readonly serial: number;
  readonly name: string;
  readonly space: Space;
  readonly threads: Few<Thread> = new Few();
  suspendCount = 0;
  /** Taken off the run queue by the move interface; nothing of it may change but its ports' limbo. */
  isFrozen = false;
  isAlive = true;
  /** It only passes on what others wait for, and runs before them (`run-queue.ts`). Set by whoever composes a node. */
  isUrgent = false;
  /** Pinned: what would keep the task from moving, by name; null if nothing does. */
  pinned: string | null = null;
  /** Its kernel port and what `task_self` answers (they differ under interposition). Made when first asked for. */
  kernelPort: Port | null = null;
  /**
   * Its memory objects by their numbers in the image: of a task that was taken apart, or put together and not yet
   * thawed. One reference to each, so that they stay what they were.
   */
  described: ReadonlyMap<number, MemoryObject> | null = null;
  /** Objects that a `vm_map` of the task waits for: one reference to each. Null while there has been none. */
  awaitedObjects: Set<MemoryObject> | null = null;
  /** The port of what is left after the task was taken apart. */
  husk: Port | null = null;
  self: Port | null = null;
  exceptionPort: Port | null = null;
  bootstrapPort: Port | null = null;
  registered: readonly (Port | null)[] = NO_PORTS;
  readonly #memory: TaskMemory;

  constructor(kernel: Kernel, name: string, space: Space, memory: TaskMemory) {
    this.kernel = kernel;
    this.#memory = memory;
    this.serial = kernel.nextSerial();
    this.name = name;
    this.space = space;
  }

  /** Its address map, made when it is first looked at: most tasks have no memory. */
  get memory(): AddressMap {
    return this.#memory.addresses;
  }
}

/** Serves a decoded request on the object behind a kernel port, or of the caller itself. */
export type Serve = (task: Task, thread: Thread | null, request: KernelRequest, carried: readonly Carried[]) => Served;

/** What the composition root puts into a kernel: the halves that stand above these records. */
export interface KernelParts {
  readonly serve: Serve;
  readonly fault: (thread: Thread, fault: PageFault) => void;
  readonly programFailed: (thread: Thread, thrown: unknown) => void;
}

const NOBODY: Waker = { deliver: () => undefined, wake: () => undefined };

/** Pages that may be resident in one kernel, unless it is told otherwise: 4 GiB. */
const PAGES_MAX = 1 << 20;

/** One kernel: everything it owns, nothing shared with any other. */
export class Kernel {
  readonly node: string;
  readonly environment: Environment;
  readonly ipc: Ipc;
  readonly tasks: Set<Task> = new Set();
  readonly runQueue: RunQueue<Thread> = new RunQueue();
  readonly timers: Timers<Thread> = new Timers();
  readonly events: EventRing | null;
  readonly life: LifeRing = new LifeRing(4096);
  /** Every program that a task can be started with, or can arrive with. */
  readonly programs: ProgramTable = new ProgramTable();
  /** The page frames of all tasks. */
  readonly pool: PagePool;
  /** External pagers, by the ports of their objects. */
  readonly pagers: Map<Port, PagerControl> = new Map();
  /** The receive of `sys.poll`, which never waits: one for all, as nothing happens while it is made. */
  readonly polling: ReceiveWait = new ReceiveWait(NOBODY, newResult());
  #serial = 0;
  #asked = false;
  /** Serves a request on a task or thread; the composition root binds it to every server there is. */
  readonly serve: Serve;
  /** What a page fault of a thread comes to: it waits and runs its handler again, or it has an exception. */
  readonly fault: (thread: Thread, fault: PageFault) => void;
  /** A program threw: its thread ends and says why. */
  readonly programFailed: (thread: Thread, thrown: unknown) => void;

  constructor(environment: Environment, parts: KernelParts) {
    this.node = environment.node;
    this.environment = environment;
    this.ipc = new Ipc(environment.profile);
    const size = environment.eventsMax ?? 4096;
    this.events = size > 0 ? new EventRing(size) : null;
    this.pool = new PagePool(environment.pagesMax ?? PAGES_MAX);
    this.serve = parts.serve;
    this.fault = parts.fault;
    this.programFailed = parts.programFailed;
  }

  /**
   * When the scheduler last looked at the clock: what events are stamped with. Looking anew for each message would
   * cost as
   * much as a tenth of it.
   */
  lately = 0;

  get now(): number {
    return this.environment.clock.now();
  }

  nextSerial(): number {
    this.#serial += 1;
    return this.#serial;
  }

  identity(): Identity {
    return new Identity(`${this.node}/${this.#serial + 1}`);
  }

  /** Puts a thread on the run queue. Hot path. */
  makeRunnable(thread: Thread): void {
    if (thread.run === 'dead') return;
    thread.run = 'runnable';
    if (thread.isQueued || thread.isStopped) return;
    thread.isQueued = true;
    this.runQueue.push(thread);
    this.wantRun();
  }

  /** The pump has come: it has to be asked again. */
  answered(): void {
    this.#asked = false;
  }

  /** Asks the pump to come. */
  wantRun(): void {
    if (this.#asked) return;
    this.#asked = true;
    this.environment.pump.wanted();
  }
}
