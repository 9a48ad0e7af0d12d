/** One kernel for a test: time stands until the test moves it, and the kernel runs whenever host code waits. */
import { bootKernel } from '../../kernel/boot.ts';
import { HostTask } from '../../kernel/host-task.ts';
import type { Answer, KernelRequest } from '../../kernel/interface/calls.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Program } from '../../kernel/program.ts';
import { runKernel } from '../../kernel/scheduler.ts';
import { type PortName, portName } from '../../ports/name.ts';

/** A kernel with a clock, and tasks of the host in it. */
export class Lab {
  readonly kernel: Kernel;
  /** The kernel does not run by itself. */
  isStill = false;
  #now = 0;

  constructor(...programs: readonly Program[]) {
    this.kernel = bootKernel({
      node: 'lab',
      clock: { now: () => this.#now },
      pump: { wanted: () => queueMicrotask(() => this.isStill || this.rest()), deadline: () => undefined },
    });
    for (const program of programs) this.kernel.programs.set(program.name, program);
  }

  host(name = 'host'): HostTask {
    return new HostTask(this.kernel, name);
  }

  /** Runs the kernel until nothing is left to run. */
  rest(): void {
    while (runKernel(this.kernel, 1_000) > 0);
  }

  /** Lets time pass, and everything happen that was due. */
  advance(ms: number): void {
    this.#now += ms;
    this.rest();
  }
}

/** The name that an answer gives. */
export const nameOf = ({ name }: Answer): PortName => portName(name as number);

/** A task with one thread of a program, through its ports. `go` lets the thread run. */
export const spawn = async (
  host: HostTask,
  program: Program,
  args: unknown = null,
): Promise<{ readonly task: PortName; readonly thread: PortName; readonly go: () => Promise<Answer> }> => {
  const task = nameOf(host.call({ op: 'task_create', inherit: false }));
  const create = { op: 'thread_create', program: program.name, args } as KernelRequest;
  const thread = nameOf(await host.kernelCall(task, create));
  return { task, thread, go: () => host.kernelCall(thread, { op: 'thread_resume' }) };
};
