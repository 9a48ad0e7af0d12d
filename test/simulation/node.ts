/** One simulated node: a kernel, netmsg, its sessions and a migration server, wired as the composition root does. */
import { bootKernel } from '../../kernel/boot.ts';
import { HostTask } from '../../kernel/host-task.ts';
import type { Kernel, Task } from '../../kernel/kernel.ts';
import { createTask, createThread, kernelPort } from '../../kernel/lives.ts';
import { NetDoor } from '../../kernel/move/door.ts';
import type { Program } from '../../kernel/program.ts';
import { runKernel } from '../../kernel/scheduler.ts';
import { hostServer } from '../../kernel/serve/move.ts';
import { type PortName, portName } from '../../ports/name.ts';
import { allocate, carry, insertRight, receivePort } from '../../ports/name-calls.ts';
import { Message, Port } from '../../ports/port.ts';
import { deliver } from '../../ports/queue.ts';
import { COPY_SEND, MAKE_SEND, PORT_SEND, PORT_SEND_ONCE } from '../../ports/right.ts';
import { migrationCourier } from '../../servers/migration/courier.ts';
import type { MigrateRequest } from '../../servers/migration/protocol.ts';
import { migrationService } from '../../servers/migration/protocol.ts';
import { migrationServer, migrationState } from '../../servers/migration/server.ts';
import type { Journal, MigrationState } from '../../servers/migration/state.ts';
import type { NetDriver } from '../../servers/net/driver.ts';
import { netmsg } from '../../servers/net/netmsg.ts';
import type { Net } from '../../servers/net/netmsg-state.ts';
import type { NetLimits, Sessions } from '../../servers/net/protocol.ts';
import { netService } from '../../servers/net/protocol.ts';
import { pass } from '../support/migration-scene.ts';
import type { SeededRandom } from './random.ts';
import type { Timeline } from './timeline.ts';

/** What a node is made with. */
export interface NodeParts {
  readonly name: string;
  readonly timeline: Timeline;
  readonly random: SeededRandom;
  readonly journal: Journal;
  readonly limits: Partial<NetLimits>;
  /** The sessions of the node; `ring` tells netmsg that there is input. */
  readonly driver: (ring: () => void) => NetDriver;
  /** What netmsg sees of them. */
  readonly sessions: (driver: NetDriver) => Sessions;
}

/** Tables of netmsg in which something may be left. */
type NetTable = 'outgoing' | 'incoming' | 'copies' | 'loads' | 'claims' | 'barred' | 'records' | 'onces';

/** See the head of this file. */
export class SimNode {
  readonly name: string;
  readonly kernel: Kernel;
  readonly driver: NetDriver;
  readonly migration: MigrationState;
  isUp: boolean = true;
  /** When the timer of its sessions goes off. */
  tickAt: number = Number.POSITIVE_INFINITY;
  readonly #parts: NodeParts;
  readonly #netTask: Task;
  readonly #service: PortName;
  readonly #doorbell: PortName;
  readonly #operator: HostTask;
  readonly #migrationRight: PortName;

  constructor(parts: NodeParts) {
    this.#parts = parts;
    this.name = parts.name;
    const { timeline } = parts;
    this.kernel = bootKernel({
      node: parts.name,
      clock: { now: () => timeline.now },
      pump: { wanted: () => this.#plan(parts.random.next() * 2), deadline: (at) => this.#planAt(at) },
      eventsMax: 0,
    });
    this.driver = parts.driver(() => this.#ring());
    this.#netTask = createTask(this.kernel, 'netmsg');
    this.#netTask.pinned = 'it is the net message server of its node';
    this.#netTask.isUrgent = true;
    const { space } = this.#netTask;
    this.#service = allocate(space, 'RECEIVE') as PortName;
    this.#doorbell = allocate(space, 'RECEIVE') as PortName;
    const own = { node: this.name, service: this.#service, doorbell: this.#doorbell };
    const door = new NetDoor(this.#netTask);
    const given = { ...own, sessions: parts.sessions(this.driver), door, limits: parts.limits };
    createThread(this.#netTask, netmsg, netmsg.start(given));
    this.#operator = new HostTask(this.kernel, 'operator');
    const { state, task } = this.#startMigration();
    this.migration = state;
    this.#migrationRight = pass(task.space, state.own.service, MAKE_SEND, this.#operator.task.space);
    this.checkIn(this.#operator, this.#migrationRight, 'migration');
  }

  /** The tables of netmsg, to look for what it has forgotten to forget. */
  get netLeft(): Readonly<Record<NetTable, number>> {
    const [thread] = this.#netTask.threads;
    const { net } = (thread?.state ?? { net: null }) as unknown as { readonly net: Net | null };
    if (net === null) throw new Error(`netmsg of ${this.name} has ended`);
    const { outgoing, incoming, copies, loads, claims, records, onces } = net;
    return {
      outgoing: outgoing.size,
      incoming: incoming.size,
      copies: copies.size,
      loads: loads.size,
      claims: claims.size,
      barred: records.all().filter((record) => record.at === 'here' && record.isBarred).length,
      records: records.all().length,
      onces: onces.exported.size + onces.imported.size,
    };
  }

  /** Puts a send right to the net service into a task. */
  netRight(task: Task): PortName {
    return pass(this.#netTask.space, this.#service, MAKE_SEND, task.space);
  }

  /** Registers a right for other nodes to look up. */
  checkIn(host: HostTask, right: PortName, name: string): void {
    const draft = netService.request(this.netRight(host.task), host.allocate(), 'check_in', { name });
    host.sys.send({ ...draft, descriptors: [{ kind: 'port', name: right, disposition: COPY_SEND }] });
  }

  /** Starts a task that may move. */
  start(name: string, program: Program): Task {
    const task = createTask(this.kernel, name);
    const right = carry(task.space, this.netRight(task), COPY_SEND);
    if (typeof right === 'string') throw new Error(right);
    task.bootstrapPort = right.port ?? new Port();
    createThread(task, program, program.start(undefined));
    return task;
  }

  /** Asks the migration server to move a task. The answer does not matter here. */
  migrate(request: MigrateRequest): void {
    const host = this.#operator;
    host.sys.send(migrationService.request(this.#migrationRight, host.allocate(), 'migrate', request));
  }

  /** Sets the timer of the sessions if something is due before it goes off. */
  arm(): void {
    if (!this.isUp) return;
    const at = this.driver.nextDeadline();
    if (at >= this.tickAt) return;
    this.tickAt = at;
    const { timeline } = this.#parts;
    timeline.after(Math.max(1, at - timeline.now), `~${this.name}: timer`, () => {
      if (!this.isUp || at !== this.tickAt) return;
      this.tickAt = Number.POSITIVE_INFINITY;
      this.driver.tick(timeline.now);
    });
  }

  #startMigration(): { readonly state: MigrationState; readonly task: Task } {
    const { kernel, name } = this;
    const task = createTask(kernel, 'migration');
    task.pinned = 'it moves the others';
    task.isUrgent = true;
    const host = kernelPort(kernel, hostServer(kernel));
    host.srights = 1;
    const hostName = portName(4);
    insertRight(task.space, hostName, { port: host, type: PORT_SEND });
    const service = allocate(task.space, 'RECEIVE') as PortName;
    let ids = 0;
    const newId = (): string => {
      ids += 1;
      return `${name}-${ids}`;
    };
    const { journal } = this.#parts;
    const state = migrationState({ node: name, host: hostName, net: this.netRight(task), service, journal, newId });
    createThread(task, migrationServer, migrationServer.start(state));
    createThread(task, migrationCourier, migrationCourier.start(state));
    return { state, task };
  }

  #plan(delay: number): void {
    const { timeline, random } = this.#parts;
    timeline.after(delay, `~${this.name}: runs`, () => {
      if (!this.isUp) return;
      runKernel(this.kernel, random.between(1, 120));
      if (!this.#netTask.isAlive) throw new Error(`netmsg of ${this.name} has ended`);
    });
  }

  #planAt(at: number): void {
    if (at !== Number.POSITIVE_INFINITY) this.#plan(at - this.#parts.timeline.now);
  }

  #ring(): void {
    const port = receivePort(this.#netTask.space, this.#doorbell);
    if (typeof port === 'string' || port.msgcount > 0) return;
    port.sorights += 1;
    deliver(this.kernel.ipc, new Message(0, undefined, port, PORT_SEND_ONCE, null));
  }
}
