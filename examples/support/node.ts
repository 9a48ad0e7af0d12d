/** A node in this process: a kernel with netmsg and a migration server, joined to others by links in memory. */
import { HostTask } from '../../kernel/host-task.ts';
import type { Kernel, Task } from '../../kernel/kernel.ts';
import { createTask, createThread, kernelPort } from '../../kernel/lives.ts';
import { NetDoor } from '../../kernel/move/door.ts';
import { hostServer } from '../../kernel/serve/move.ts';
import type { PortName } from '../../ports/name.ts';
import { allocate, land, receivePort } from '../../ports/name-calls.ts';
import { Message, type Port } from '../../ports/port.ts';
import { deliver } from '../../ports/queue.ts';
import { COPY_SEND, PORT_SEND, PORT_SEND_ONCE } from '../../ports/right.ts';
import { migrationCourier } from '../../servers/migration/courier.ts';
import { type MoveRecord, migrationService } from '../../servers/migration/protocol.ts';
import { migrationServer, migrationState } from '../../servers/migration/server.ts';
import type { Journal } from '../../servers/migration/state.ts';
import { NetDriver } from '../../servers/net/driver.ts';
import { memoryLinks } from '../../servers/net/memory-link.ts';
import { netmsg } from '../../servers/net/netmsg.ts';
import { netService } from '../../servers/net/protocol.ts';
import { monotonicClock } from '../../servers/node/clock.ts';
import { introduce, openKernel } from './local.ts';

/** A node of an example does not outlive its process. */
const forgetful: Journal = { append: () => undefined, records: () => null, replace: () => undefined };

/** What can only be refused if the composition itself is wrong. */
const must = <T>(result: T | string): T => {
  if (typeof result === 'string') throw new Error(result);
  return result as T;
};

/** One node. */
export class LocalNode implements Disposable {
  readonly name: string;
  readonly kernel: Kernel;
  /** Speaks to the services of this node for whoever composes it. */
  readonly operator: HostTask;
  readonly #driver: NetDriver;
  readonly #netTask: Task;
  readonly #service: PortName;
  readonly #doorbell: Port;
  readonly #ticking: NodeJS.Timeout;
  readonly #close: () => void;

  constructor(name: string) {
    const { kernel, close } = openKernel(name);
    this.name = name;
    this.kernel = kernel;
    this.#driver = new NetDriver({
      self: { node: name, incarnation: '1' },
      now: () => monotonicClock.now(),
      ring: () => this.#ring(),
      dial: () => undefined,
    });
    this.#netTask = createTask(kernel, 'netmsg');
    this.#netTask.pinned = 'it is the net message server of its node';
    const { space } = this.#netTask;
    this.#service = must(allocate(space, 'RECEIVE'));
    const doorbell = must(allocate(space, 'RECEIVE'));
    this.#doorbell = must(receivePort(space, doorbell));
    const parts = {
      node: name,
      service: this.#service,
      doorbell,
      sessions: this.#driver,
      door: new NetDoor(this.#netTask),
    };
    createThread(this.#netTask, netmsg, netmsg.start(parts));
    this.operator = new HostTask(kernel, 'operator');
    this.#ticking = setInterval(() => this.#driver.tick(monotonicClock.now()), 25);
    this.#close = close;
  }

  /** Opens a node whose tasks can move. */
  static async open(name: string): Promise<LocalNode> {
    const node = new LocalNode(name);
    await node.checkIn('migration', node.#startMigration());
    return node;
  }

  /** Joins two nodes by a link. */
  static join(one: LocalNode, other: LocalNode): void {
    const [left, right] = memoryLinks(setImmediate);
    one.#driver.open(left, 'self', other.name);
    other.#driver.open(right, 'peer');
  }

  /** Gives a task a send right to the net service of this node. */
  grantNet(task: Task): PortName {
    return introduce(this.#netTask, this.#service, task);
  }

  /** Registers what `right` of the operator denotes, for every node to find. */
  async checkIn(name: string, right: PortName): Promise<void> {
    await this.#ask('check_in', { name }, right);
  }

  /** A send right of the operator to what is registered at a node; null if nothing is. */
  async lookUp(node: string, name: string): Promise<PortName | null> {
    const { items } = await this.#ask('look_up', { node, name });
    const item = items?.[0];
    return item?.kind === 'port' ? item.name : null;
  }

  /** Moves a task of this node, by name. */
  async move(task: string, node: string): Promise<MoveRecord | null> {
    const server = must<PortName>((await this.lookUp(this.name, 'migration')) ?? 'no migration server');
    const reply = this.operator.allocate();
    const request = migrationService.request(server, reply, 'migrate', { task, node });
    const answer = migrationService.reply('migrate', await this.operator.rpc(request, reply));
    return 'value' in answer ? answer.value.record : null;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#ticking);
    this.#close();
  }

  async #ask(routine: 'check_in' | 'look_up', args: { node?: string; name: string }, right?: PortName) {
    const { operator } = this;
    const reply = operator.allocate();
    const descriptors = right === undefined ? [] : [{ kind: 'port', name: right, disposition: COPY_SEND } as const];
    const draft = netService.request(this.grantNet(operator.task), reply, routine, args as never);
    return await operator.rpc({ ...draft, descriptors }, reply);
  }

  /** Starts the migration server, and answers the operator's right to it. */
  #startMigration(): PortName {
    const task = createTask(this.kernel, 'migration');
    task.pinned = 'it moves the others';
    const host = kernelPort(this.kernel, hostServer(this.kernel));
    host.srights = 1;
    const hostName = must(land(task.space, { port: host, type: PORT_SEND }));
    let moves = 0;
    const newId = () => `${this.name}-${(moves += 1)}`;
    const service = must(allocate(task.space, 'RECEIVE'));
    const rights = { host: hostName, net: this.grantNet(task), service };
    const state = migrationState({ node: this.name, ...rights, journal: forgetful, newId });
    createThread(task, migrationServer, migrationServer.start(state));
    createThread(task, migrationCourier, migrationCourier.start(state));
    return introduce(task, service, this.operator.task);
  }

  /** Rings netmsg's doorbell, unless an earlier ring is still unheard. */
  #ring(): void {
    if (this.#doorbell.msgcount > 0) return;
    this.#doorbell.sorights += 1;
    deliver(this.kernel.ipc, new Message(0, undefined, this.#doorbell, PORT_SEND_ONCE, null));
  }
}
