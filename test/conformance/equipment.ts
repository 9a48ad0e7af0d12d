/** What joins a kernel to others, put together as a composition root does: netmsg, its sessions, a migration server. */
import type { Kernel, Task } from '../../kernel/kernel.ts';
import { createTask, createThread } from '../../kernel/lives.ts';
import { NetDoor } from '../../kernel/move/door.ts';
import type { PortName } from '../../ports/name.ts';
import { allocate, receivePort } from '../../ports/name-calls.ts';
import { Message } from '../../ports/port.ts';
import { deliver } from '../../ports/queue.ts';
import { COPY_SEND, MAKE_SEND, PORT_SEND_ONCE } from '../../ports/right.ts';
import { migrationCourier, migrationServer, migrationState } from '../../servers/migration/server.ts';
import type { MigrationState } from '../../servers/migration/state.ts';
import { NetDriver } from '../../servers/net/driver.ts';
import { netmsg } from '../../servers/net/netmsg.ts';
import type { SessionSettings } from '../../servers/net/session/settings.ts';
import { pass } from '../support/migration-scene.ts';
import type { Stage } from './stage.ts';
import { type Guard, Valve } from './valve.ts';

/** Fewer signs of life than on a real network: a case lets a minute pass at its end, and every link has two ends. */
const SETTINGS: Partial<SessionSettings> = { pingIdleMs: 5_000, suspectAfterMs: 10_000 };

/** What the world gives to a kernel that joins it. */
export interface Surroundings {
  readonly now: () => number;
  /** A session without a carrier is wanted. */
  readonly dial: (other: string) => void;
  readonly guard: Guard;
}

/** See the head of this file. */
export class Equipment {
  readonly driver: NetDriver;
  readonly valve: Valve;
  readonly migration: MigrationState;
  /** The runner's send rights to the net service and to the migration server. */
  readonly net: PortName;
  readonly migrate: PortName;
  readonly #kernel: Kernel;
  readonly #netTask: Task;
  readonly #service: PortName;
  readonly #doorbell: PortName;

  constructor({ kernel, runner, host }: Stage, { now, dial, guard }: Surroundings) {
    this.#kernel = kernel;
    const self = { node: kernel.node, incarnation: '1' };
    this.driver = new NetDriver({ self, now, ring: () => this.#ring(), dial, settings: SETTINGS });
    this.valve = new Valve(this.driver, guard);
    this.#netTask = createTask(kernel, 'netmsg');
    this.#netTask.pinned = 'it is the net message server of its node';
    const { space } = this.#netTask;
    this.#service = allocate(space, 'RECEIVE') as PortName;
    this.#doorbell = allocate(space, 'RECEIVE') as PortName;
    const own = { node: kernel.node, service: this.#service, doorbell: this.#doorbell };
    createThread(this.#netTask, netmsg, netmsg.start({ ...own, sessions: this.valve, door: new NetDoor(space) }));
    this.net = this.grantNet(runner.task);
    const { state, task } = this.#startMigration((to) => pass(runner.task.space, host, COPY_SEND, to.space));
    this.migration = state;
    this.migrate = pass(task.space, state.own.service, MAKE_SEND, runner.task.space);
  }

  /** False once netmsg has ended, which it never may. */
  get isSound(): boolean {
    return this.#netTask.isAlive;
  }

  /** Gives a task a send right to the net service. */
  grantNet(task: Task): PortName {
    return pass(this.#netTask.space, this.#service, MAKE_SEND, task.space);
  }

  #startMigration(grantHost: (task: Task) => PortName): { readonly state: MigrationState; readonly task: Task } {
    const kernel = this.#kernel;
    const task = createTask(kernel, 'migration');
    task.pinned = 'it moves the others';
    let moves = 0;
    const state = migrationState({
      node: kernel.node,
      host: grantHost(task),
      net: this.grantNet(task),
      service: allocate(task.space, 'RECEIVE') as PortName,
      journal: { append: () => undefined },
      newId: () => {
        moves += 1;
        return `${kernel.node}-${moves}`;
      },
    });
    createThread(task, migrationServer, migrationServer.start(state));
    createThread(task, migrationCourier, migrationCourier.start(state));
    return { state, task };
  }

  /** A ring that is still unheard is enough. */
  #ring(): void {
    const port = receivePort(this.#netTask.space, this.#doorbell);
    if (typeof port === 'string' || port.msgcount > 0) return;
    port.sorights += 1;
    deliver(this.#kernel.ipc, new Message(0, undefined, port, PORT_SEND_ONCE, null));
  }
}
