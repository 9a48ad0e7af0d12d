/** The material of a node: a kernel with real time and pump, netmsg with its sessions, and who holds which right. */
import { bootKernel } from '../../kernel/boot.ts';
import type { Kernel, Task } from '../../kernel/kernel.ts';
import { createTask, createThread, kernelPort } from '../../kernel/lives.ts';
import { NetDoor } from '../../kernel/move/door.ts';
import type { Program } from '../../kernel/program.ts';
import { runKernel } from '../../kernel/scheduler.ts';
import { hostServer } from '../../kernel/serve/move.ts';
import type { PortName } from '../../ports/name.ts';
import { allocate, carry, land, receivePort } from '../../ports/name-calls.ts';
import { Message, type Port } from '../../ports/port.ts';
import { deliver } from '../../ports/queue.ts';
import { MAKE_SEND, PORT_SEND, PORT_SEND_ONCE } from '../../ports/right.ts';
import { netmsg } from '../net/netmsg.ts';
import type { Sessions } from '../net/protocol.ts';
import type { SessionSettings } from '../net/session/settings.ts';
import { monotonicClock } from '../node/clock.ts';
import { NodePump } from '../node/pump.ts';

/** Bounds of one node that its machine decides; what is absent is as everywhere. */
export interface NodeLimits {
  /** Pages of memory that may be resident in the kernel. */
  readonly pagesMax?: number;
  /** Pages that may be in the page file. */
  readonly pageFileMax?: number;
  /** Bytes that wait for one other node beyond what its session holds: more is the end of the session. */
  readonly backlogMax?: number;
  /** Durations and bounds of sessions. */
  readonly sessions?: Partial<SessionSettings>;
}

/**
 * Messages on their way to one port: enough to keep a link busy. A remote queue may be longer by that much than its
 * limit says.
 */
const LIMITS = { credit: 32, proxyQlimit: 16 } as const;

/** What carries the frames of a node. */
export interface Carrying {
  readonly driver: Sessions;
  close(): Promise<void>;
}

/** A kernel on the net, and what it takes to give its tasks their rights. `makeNet` is given the doorbell's ring. */
export class Composition<N extends Carrying> {
  readonly kernel: Kernel;
  readonly pump: NodePump;
  readonly net: N;
  readonly #netTask: Task;
  readonly #netName: PortName;
  readonly #doorbell: Port;
  readonly #host: Port;

  /** What is to be closed with the node. */
  readonly #open: { close(): void }[] = [];

  constructor(node: string, makeNet: (ring: () => void) => N, { pagesMax }: Pick<NodeLimits, 'pagesMax'> = {}) {
    const clock = monotonicClock;
    this.pump = new NodePump(clock);
    const memory = pagesMax === undefined ? {} : { pagesMax };
    this.kernel = bootKernel({ node, clock, pump: this.pump, random: Math.random, ...memory });
    this.net = makeNet(() => this.#ring());
    this.#netTask = this.task('netmsg', 'it is the net message server of its node');
    this.#netTask.isUrgent = true;
    const service = this.receive(this.#netTask);
    const doorbell = this.receive(this.#netTask);
    this.#netName = service;
    this.#doorbell = right(receivePort(this.#netTask.space, doorbell));
    this.#host = kernelPort(this.kernel, hostServer(this.kernel));
    this.#host.srights = 1; // ours: the host port lives as long as the kernel
    const door = new NetDoor(this.#netTask);
    this.start(this.#netTask, netmsg, { node, service, doorbell, sessions: this.net.driver, door, limits: LIMITS });
    const { kernel } = this;
    this.pump.drive({ run: (steps) => void runKernel(kernel, steps), nextDeadline: () => kernel.timers.next });
  }

  /** A task that stays where it is. */
  task(name: string, why: string): Task {
    const task = createTask(this.kernel, name);
    task.pinned = why;
    return task;
  }

  start(task: Task, program: Program, args: unknown): void {
    createThread(task, program, program.start(args));
  }

  receive(task: Task): PortName {
    return right(allocate(task.space, 'RECEIVE'));
  }

  /** Gives `to` a send right to a port that `from` receives on. */
  grant(from: Task, name: PortName, to: Task): PortName {
    return right(land(to.space, right(carry(from.space, name, MAKE_SEND))));
  }

  /** Send rights to the net service and to the host port. */
  grantNet(to: Task): PortName {
    return this.grant(this.#netTask, this.#netName, to);
  }

  grantHost(to: Task): PortName {
    this.#host.srights += 1;
    return right(land(to.space, { port: this.#host, type: PORT_SEND }));
  }

  /** Something is open as long as the node runs. */
  closing<T extends { close(): void }>(open: T): T {
    this.#open.push(open);
    return open;
  }

  async close(): Promise<void> {
    await this.net.close();
    this.pump.stop();
    for (const each of this.#open.splice(0)) each.close();
  }

  /** One ring that is unheard is enough. */
  #ring(): void {
    const port = this.#doorbell;
    if (port.msgcount > 0) return;
    port.sorights += 1;
    deliver(this.kernel.ipc, new Message(0, undefined, port, PORT_SEND_ONCE, null));
  }
}

/** The result of what can only be refused if the composition itself is wrong. */
const right = <T>(result: T | string): T => {
  if (typeof result === 'string') throw new Error(`composition: ${result}`);
  return result as T;
};
