/** The kernel's side: tasks that do what a test says, by the traps that every program has. */
import { bootKernel } from '../../kernel/boot.ts';
import type { Answer, KernelRequest } from '../../kernel/interface/calls.ts';
import type { Kernel, Task, Thread } from '../../kernel/kernel.ts';
import { abort, createTask, createThread, terminateTask, terminateThread } from '../../kernel/lives.ts';
import type { Program, Result, Sys } from '../../kernel/program.ts';
import { runKernel } from '../../kernel/scheduler.ts';
import { portName } from '../../ports/name.ts';
import { COPY_SEND } from '../../ports/right.ts';

interface Job {
  readonly begin: (sys: Sys) => void;
  readonly done: (result: Result) => void;
  begun: boolean;
}

/** Makes one call and hands over its result. A job that begins by pausing keeps its task alive. */
const errand: Program = {
  name: 'errand',
  hash: 'errand',
  start: (args) => args as object,
  resume(sys, state, result) {
    const job = state as Job;
    if (job.begun) {
      job.done(result);
      return sys.exit();
    }
    job.begun = true;
    job.begin(sys);
  },
};

/** A call that a thread of its own makes. */
export interface Errand {
  readonly thread: Thread;
  /** Null as long as it waits. */
  result: Result | null;
}

/** One task. */
export class Actor {
  readonly task: Task;
  sys!: Sys;
  readonly #kernel: Kernel;

  constructor(kernel: Kernel, task: Task) {
    this.#kernel = kernel;
    this.task = task;
    const begin = (sys: Sys): void => {
      this.sys = sys;
      sys.pause();
    };
    createThread(task, errand, { begin, done: () => undefined, begun: false });
    rest(kernel);
  }

  /** A call that may wait. The kernel runs until nothing is left to run. */
  begin(park: (sys: Sys) => void): Errand {
    const job: Job = {
      begin: park,
      begun: false,
      done: (result) => {
        call.result = { ...result };
      },
    };
    const call: Errand = { thread: createThread(this.task, errand, job), result: null };
    rest(this.#kernel);
    return call;
  }

  /** A kernel call: as a trap on itself, or through a right to another task's port. */
  call(request: KernelRequest, port: number | null = null): Answer {
    if (port === null) {
      const answer = this.sys.call(request);
      rest(this.#kernel);
      return answer;
    }
    const { result } = this.begin((sys) => sys.kernelCall(portName(port), request));
    return result?.answer ?? { kr: 'MIG_SERVER_DIED' };
  }
}

const rest = (kernel: Kernel): void => {
  while (runKernel(kernel, 10_000) > 0);
};

/** A kernel with a clock that stands until it is moved, and tasks that hold rights to each other's ports. */
export class Troupe {
  readonly kernel: Kernel;
  readonly actors: Actor[] = [];
  #now = 0;

  /** The names of the task ports of all, in each: `portAt(index)`. */
  constructor(count: number) {
    this.kernel = bootKernel({
      node: 'model',
      clock: { now: () => this.#now },
      pump: { wanted: () => undefined, deadline: () => undefined },
      eventsMax: 0,
    });
    const root = new Actor(this.kernel, createTask(this.kernel, 'root'));
    const ports: number[] = [];
    for (let i = 0; i < count; i += 1) ports.push(this.spawn(root));
    for (const to of ports) {
      for (const [index, from] of ports.entries()) {
        const right = { name: portName(from), disposition: COPY_SEND };
        root.call({ op: 'port_insert_right', name: portName(portAt(index)), right }, to);
      }
    }
    terminateTask(root.task);
    rest(this.kernel);
  }

  /** A new task, child of another; answers the parent's name for its port. */
  spawn(parent: Actor): number {
    const before = new Set(this.kernel.tasks);
    const { name } = parent.call({ op: 'task_create', inherit: false });
    const task = [...this.kernel.tasks].find((each) => !before.has(each));
    if (task === undefined) throw new Error('no task was created');
    this.actors.push(new Actor(this.kernel, task));
    return name as number;
  }

  rest(): void {
    rest(this.kernel);
  }

  advance(ms: number): void {
    this.#now += ms;
    rest(this.kernel);
  }

  /** `thread_abort` of the thread that makes a call. */
  abort(call: Errand): string {
    const kr = abort(call.thread);
    rest(this.kernel);
    return kr;
  }

  terminate(call: Errand): string {
    const kr = terminateThread(call.thread);
    rest(this.kernel);
    return kr;
  }
}

/** The name of the task port of each of the first tasks, in all of them. */
export const portAt = (index: number): number => 0x5001 + 16 * index;
