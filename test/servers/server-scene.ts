/** A server on a node, and somebody who asks it. */

import type { InOf, OutOf, Routines } from '../../kernel/interface/routine.ts';
import type { Subsystem } from '../../kernel/interface/subsystem.ts';
import type { Task } from '../../kernel/kernel.ts';
import { createTask, createThread } from '../../kernel/lives.ts';
import type { Program } from '../../kernel/program.ts';
import type { DraftItem } from '../../ports/draft.ts';
import type { PortName } from '../../ports/name.ts';
import { allocate, carry, land } from '../../ports/name-calls.ts';
import { MAKE_SEND } from '../../ports/right.ts';
import type { Actor, Node } from '../support/two-kernels.ts';

/** A server: its task, and the name of its receive right. */
export interface Served {
  readonly task: Task;
  readonly service: PortName;
}

const sure = (name: PortName | string): PortName => {
  if (typeof name === 'string') throw new Error(name);
  return name;
};

/** Starts a server. `args` gets the name of its service port. */
export const addServer = (node: Node, program: Program, args: (service: PortName, task: Task) => unknown): Served => {
  const task = createTask(node.kernel, program.name);
  const service = sure(allocate(task.space, 'RECEIVE'));
  createThread(task, program, program.start(args(service, task)));
  return { task, service };
};

/** Gives an actor a send right to a server. */
export const grant = ({ task, service }: Served, actor: Actor): PortName => {
  const right = carry(task.space, service, MAKE_SEND);
  if (typeof right === 'string') throw new Error(right);
  return sure(land(actor.host.task.space, right));
};

/** What came back: the reply, and the first right in it. */
export interface Asked<Out> {
  readonly code: string;
  readonly value: Out | undefined;
  readonly right: PortName;
}

/** Asks, lets everything run, and answers the reply. */
export const ask = <R extends Routines, K extends keyof R & string>(
  actor: Actor,
  server: PortName,
  [service, routine, args]: readonly [Subsystem<R>, K, InOf<R[K]>],
  descriptors: readonly DraftItem[] = [],
): Asked<OutOf<R[K]>> => {
  const port = actor.port();
  actor.host.sys.send({ ...service.request(server, port, routine, args), descriptors });
  actor.node.world.run();
  const message = actor.take(port);
  const reply = service.reply(routine, message) as { readonly retcode: string; readonly value?: OutOf<R[K]> };
  return { code: reply.retcode, value: reply.value, right: actor.right(message) };
};

/** A descriptor that makes one. */
export const sendTo = (name: PortName): DraftItem => ({ kind: 'port', name, disposition: MAKE_SEND });
