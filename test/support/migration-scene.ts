/** Nodes with migration servers, a task to move, and whoever talks to it. */

import type { Task } from '../../kernel/kernel.ts';
import { createTask, createThread, kernelPort } from '../../kernel/lives.ts';
import type { Program } from '../../kernel/program.ts';
import { hostServer } from '../../kernel/serve/move.ts';
import { MACH_PORT_NULL, type PortName, portName } from '../../ports/name.ts';
import { allocate, carry, insertRight } from '../../ports/name-calls.ts';
import { Port } from '../../ports/port.ts';
import { COPY_SEND, MAKE_SEND, PORT_SEND } from '../../ports/right.ts';
import type { Space } from '../../ports/space.ts';
import { migrationCourier } from '../../servers/migration/courier.ts';
import { type MigrateRequest, type MoveRecord, migrationService } from '../../servers/migration/protocol.ts';
import { migrationServer, migrationState } from '../../servers/migration/server.ts';
import type { Journal, MigrationState } from '../../servers/migration/state.ts';
import { STRATEGIES } from '../../servers/migration/strategies/table.ts';
import { type Actor, copyRight, type Node, World } from './two-kernels.ts';

/** Gives `to` a send right to what `name` denotes in `from`. */
export const pass = (from: Space, name: PortName, disposition: number, to: Space): PortName => {
  const right = carry(from, name, disposition);
  if (typeof right === 'string') throw new Error(right);
  for (let at = 1000; ; at += 4) {
    if (to.lookup(portName(at)) !== undefined) continue;
    const kr = insertRight(to, portName(at), right);
    if (kr === 'KERN_SUCCESS') return portName(at);
    if (kr !== 'KERN_NAME_EXISTS') throw new Error(kr);
  }
};

/** A node's migration server, and a way to fill the disk under its journal. */
export interface Migration {
  readonly state: MigrationState;
  readonly task: Task;
  /** Its receive right as a mover. */
  readonly mover: PortName;
  refuseJournal(): void;
}

/** What is given to a migration server beyond the ordinary. */
export interface MigrationExtras {
  /** Its journal, in place of one that keeps everything until `refuseJournal`. */
  readonly journal?: Journal;
  readonly isSuccessor?: (node: string, before: string) => boolean;
  /** Gives the server's space a right to a code server. */
  readonly code?: (space: Space) => PortName;
}

/** Brings up a migration server on a node and registers it, as the composition root does. */
export const addMigration = (node: Node, { code, ...extras }: MigrationExtras = {}): Migration => {
  let isFull = false;
  const kept: string[] = [];
  const { kernel } = node;
  const task = createTask(kernel, 'migration');
  task.pinned = 'it moves the others';
  const host = kernelPort(kernel, hostServer(kernel));
  host.srights = 1;
  const hostName = portName(4);
  insertRight(task.space, hostName, { port: host, type: PORT_SEND });
  const service = allocate(task.space, 'RECEIVE') as PortName;
  const mover = allocate(task.space, 'RECEIVE') as PortName;
  let ids = 0;
  const state = migrationState({
    node: node.name,
    host: hostName,
    net: node.serviceFor(task),
    service,
    mover,
    journal: {
      append: (record) => {
        if (isFull) throw new Error('no space left on the device');
        kept.push(record);
      },
      records: () => kept,
      replace: (records) => void kept.splice(0, kept.length, ...records),
    },
    ...extras,
    ...(code === undefined ? {} : { code: code(task.space) }),
    newId: () => {
      ids += 1;
      return `${node.name}-${ids}`;
    },
  });
  createThread(task, migrationServer, migrationServer.start(state));
  createThread(task, migrationCourier, migrationCourier.start(state));
  const registrar = node.actor('registrar');
  const right = pass(task.space, service, MAKE_SEND, registrar.host.task.space);
  registrar.ask('check_in', { name: 'migration' }, [copyRight(right)]);
  return { state, task, mover, refuseJournal: () => void (isFull = true) };
};

/** Starts a task that holds a send right to its node's net service as bootstrap port. */
export const startTask = (node: Node, name: string, program: Program, args: unknown): Task => {
  node.kernel.programs.set(program.name, program);
  const task = createTask(node.kernel, name);
  const right = carry(task.space, node.serviceFor(task), COPY_SEND);
  if (typeof right === 'string') throw new Error(right);
  task.bootstrapPort = right.port ?? new Port();
  createThread(task, program, program.start(args));
  return task;
};

/** Asks a node's migration server to move a task, and answers its record. */
export const migrate = (actor: Actor, request: MigrateRequest): MoveRecord => {
  const { record } = requestMove(actor, request);
  if (record === null) throw new Error('no record');
  return record;
};

/** What a dry run finds in the way of a move of `task` to `node`. */
export const dryRun = (actor: Actor, task: string, node: string): readonly string[] => {
  const { record, blockers } = requestMove(actor, { task, node, dryRun: true });
  return record === null || record.why === '' ? blockers : [record.why, ...blockers];
};

type Moved = { readonly record: MoveRecord | null; readonly blockers: readonly string[] };

const requestMove = (actor: Actor, request: MigrateRequest): Moved => {
  const service = actor.lookUp(actor.node, 'migration');
  if (service === MACH_PORT_NULL) throw new Error('no migration service');
  const reply = actor.port();
  actor.host.sys.send(migrationService.request(service, reply, 'migrate', request));
  const { world } = actor.node;
  let message = null;
  for (let tries = 0; message === null && tries < 100; tries += 1) {
    world.run();
    message = actor.take(reply);
    if (message === null) world.pass(100);
  }
  const answer = migrationService.reply('migrate', message);
  if (!('value' in answer)) throw new Error(JSON.stringify(answer));
  return answer.value;
};

/** Every way to move a task: each strategy, pushing what is left and not, if it leaves anything. */
export const WAYS: readonly (readonly [string, 'idle' | 'off'])[] = STRATEGIES.flatMap(({ name, hasPagers }) =>
  hasPagers
    ? ([
        [name, 'idle'],
        [name, 'off'],
      ] as const)
    : ([[name, 'off']] as const),
);

export { World };
