/** Kernels that the event loop of this process runs, and introductions between their tasks. */
import { fileURLToPath } from 'node:url';
import { bootKernel } from '../../kernel/boot.ts';
import type { Kernel, Task } from '../../kernel/kernel.ts';
import { runKernel } from '../../kernel/scheduler.ts';
import type { PortName } from '../../ports/name.ts';
import { carry, land } from '../../ports/name-calls.ts';
import { MAKE_SEND } from '../../ports/right.ts';
import { monotonicClock } from '../../servers/node/clock.ts';
import { NodePump } from '../../servers/node/pump.ts';

/** A kernel, and the way to stop running it. */
export interface LocalKernel {
  readonly kernel: Kernel;
  close(): void;
}

/** Boots a kernel that runs whenever it has something to do. */
export const openKernel = (node: string): LocalKernel => {
  const pump = new NodePump(monotonicClock);
  const kernel = bootKernel({ node, clock: monotonicClock, pump });
  pump.drive({ run: (steps) => void runKernel(kernel, steps), nextDeadline: () => kernel.timers.next });
  return { kernel, close: () => pump.stop() };
};

/** Gives a task its first right to a port of another. From then on rights travel in messages. */
export const introduce = (from: Task, name: PortName, to: Task): PortName => {
  const right = carry(from.space, name, MAKE_SEND);
  if (typeof right === 'string') throw new Error(right);
  const landed = land(to.space, right);
  if (typeof landed === 'string') throw new Error(landed);
  return landed;
};

/** True if the module was started, not imported. */
export const isMain = (url: string): boolean => process.argv[1] === fileURLToPath(url);
