/**
 * Several kernels in one process, each with netmsg, joined by wires that carry bytes. Everything runs when `run` is
 * called and until nothing is left to do; with a seed, the order in which nodes and wires go on is shuffled.
 */

import { bootKernel } from '../../kernel/boot.ts';
import type { Clock } from '../../kernel/environment.ts';
import { HostTask } from '../../kernel/host-task.ts';
import type { Answer, KernelRequest } from '../../kernel/interface/calls.ts';
import type { Kernel, Task } from '../../kernel/kernel.ts';
import { createTask, createThread } from '../../kernel/lives.ts';
import { NetDoor } from '../../kernel/move/door.ts';
import { runKernel } from '../../kernel/scheduler.ts';
import type { Body } from '../../ports/body.ts';
import type { DraftItem } from '../../ports/draft.ts';
import { MACH_PORT_NULL, type PortName, portName } from '../../ports/name.ts';
import { allocate, carry, insertRight, receivePort } from '../../ports/name-calls.ts';
import { type Item, Message, type Received } from '../../ports/port.ts';
import { deliver } from '../../ports/queue.ts';
import { COPY_SEND, MAKE_SEND, MAKE_SEND_ONCE, MOVE_RECEIVE, MOVE_SEND, PORT_SEND_ONCE } from '../../ports/right.ts';
import { NetDriver } from '../../servers/net/driver.ts';
import { memoryLinks } from '../../servers/net/memory-link.ts';
import { netmsg } from '../../servers/net/netmsg.ts';
import { type Census, type NetInput, type NetLimits, netService, type Sessions } from '../../servers/net/protocol.ts';

/** A task of a test: it calls, sends and receives when it is told to. */
export class Actor {
  readonly node: Node;
  readonly host: HostTask;
  /** Its send right to the net service of its node. */
  readonly net: PortName;

  constructor(node: Node, name: string) {
    this.node = node;
    this.host = new HostTask(node.kernel, name);
    this.net = node.serviceFor(this.host.task);
  }

  call(request: KernelRequest): Answer {
    return this.host.sys.call(request);
  }

  /** A new receive right. */
  port(): PortName {
    return this.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName;
  }

  /** A message by a copy of the send right `to`, or by the send-once right. */
  send(to: PortName, id: number, body?: Body, descriptors: readonly DraftItem[] = [], reply?: PortName): string {
    const isOnce = (this.call({ op: 'port_type', name: to })['type'] as string[]).includes('SEND_ONCE');
    return this.host.sys.send({
      remote: to,
      remoteDisposition: isOnce ? PORT_SEND_ONCE : COPY_SEND,
      id,
      body,
      descriptors,
      ...(reply === undefined ? {} : { local: reply, localDisposition: MAKE_SEND_ONCE }),
    });
  }

  /** What has arrived, if anything. */
  take(name: PortName): Received | null {
    return this.host.sys.poll(name);
  }

  /** Everything that has arrived: the ids, in order. */
  takeIds(name: PortName): number[] {
    const ids: number[] = [];
    for (let next = this.take(name); next !== null; next = this.take(name)) ids.push(next.id);
    return ids;
  }

  /** The name of the first right of a message. */
  right(message: Received | null, at = 0): PortName {
    const item = message?.items?.[at] as Item | undefined;
    return item?.kind === 'port' ? item.name : MACH_PORT_NULL;
  }

  types(name: PortName): unknown {
    return this.call({ op: 'port_type', name })['type'];
  }

  /** Asks the net service, lets everything run, and answers the reply. */
  ask(routine: string, args: Body, descriptors: readonly DraftItem[] = []): Received | null {
    const reply = this.port();
    const draft = netService.request(this.net, reply, routine as 'census', args as never);
    this.host.sys.send({ ...draft, descriptors });
    this.node.world.run();
    return this.take(reply);
  }

  /** Registers a send right to `name` at the node. */
  checkIn(name: PortName, as: string): void {
    this.ask('check_in', { name: as }, [{ kind: 'port', name, disposition: MAKE_SEND }]);
  }

  /** A send right to what is registered at another node. */
  lookUp(node: Node, name: string): PortName {
    return this.right(this.ask('look_up', { node: node.name, name }));
  }
}

/** One kernel and its netmsg. */
export class Node implements Sessions {
  /** Sessions over links in place of the world's wires. */
  driver: NetDriver | null = null;
  readonly world: World;
  readonly name: string;
  readonly kernel: Kernel;
  readonly netTask: Task;
  readonly #service: PortName;
  readonly #doorbell: PortName;
  readonly #input: NetInput[] = [];
  readonly dead: Set<string> = new Set();
  /** Why carriers and peers were refused (`linked`). */
  readonly refusals: string[] = [];

  constructor(world: World, name: string, limits: Partial<NetLimits>) {
    this.world = world;
    this.name = name;
    this.kernel = bootKernel({
      node: name,
      clock: world.clock,
      pump: { wanted: () => undefined, deadline: () => undefined },
    });
    this.netTask = createTask(this.kernel, 'netmsg');
    this.netTask.pinned = 'it is the net message server of its node';
    const { space } = this.netTask;
    this.#service = allocate(space, 'RECEIVE') as PortName;
    this.#doorbell = allocate(space, 'RECEIVE') as PortName;
    const args = {
      node: name,
      service: this.#service,
      doorbell: this.#doorbell,
      sessions: this,
      door: new NetDoor(this.netTask),
      limits,
    };
    createThread(this.netTask, netmsg, netmsg.start(args));
  }

  actor(name: string): Actor {
    return new Actor(this, name);
  }

  /** Puts a send right to the net service into a task. */
  serviceFor(task: Task): PortName {
    const carried = carry(this.netTask.space, this.#service, MAKE_SEND);
    if (typeof carried === 'string') throw new Error(carried);
    const name = portName(0x1000);
    insertRight(task.space, name, carried);
    return name;
  }

  /** Bytes of freight that other nodes are charged for now. */
  get charged(): number {
    const [thread] = this.netTask.threads;
    const { net } = thread?.state as { net: { desks: Map<string, { charged: number }> } | null };
    return [...(net?.desks.values() ?? [])].reduce((sum, { charged }) => sum + charged, 0);
  }

  census(): Census {
    const message = this.actor('census').ask('census', null);
    return (message?.body as { value: Census }).value;
  }

  /** Lets the kernel run. A netmsg that ends is a failure. */
  run(): void {
    runKernel(this.kernel, 1_000);
    if (!this.netTask.isAlive)
      throw new Error(`netmsg of ${this.name} ended: ${JSON.stringify(this.kernel.life.read().slice(-2))}`);
  }

  nodes(): readonly string[] {
    if (this.driver !== null) return this.driver.nodes();
    return this.world.nodes.map(({ name }) => name).filter((name) => name !== this.name && !this.dead.has(name));
  }

  isLiving(node: string): boolean {
    return this.driver === null ? !this.dead.has(node) : this.driver.isLiving(node);
  }

  transmit(node: string, lane: number, bytes: Uint8Array): boolean {
    if (this.driver !== null) return this.driver.transmit(node, lane, bytes);
    this.world.carry(this.name, node, lane, bytes);
    return true;
  }

  hasRoom(node: string): boolean {
    return this.driver === null || this.driver.hasRoom(node);
  }

  refuse(node: string, why: string): void {
    if (this.driver === null) throw new Error(`${this.name} refuses ${node}: ${why}`);
    this.driver.refuse(node, why);
  }

  take(): NetInput | undefined {
    return this.driver === null ? this.#input.shift() : this.driver.take();
  }

  /** Input for netmsg, and a ring at its door. */
  hear(input: NetInput): void {
    this.#input.push(input);
    this.ring();
  }

  /** Rings netmsg's doorbell, unless an earlier ring is still unheard. */
  ring(): void {
    const port = receivePort(this.netTask.space, this.#doorbell);
    if (typeof port === 'string') return;
    if (port.msgcount > 0) return;
    port.sorights += 1;
    deliver(this.kernel.ipc, new Message(0, undefined, port, PORT_SEND_ONCE, null));
  }
}

interface Wire {
  readonly from: string;
  readonly to: string;
  readonly queue: Uint8Array[];
}

/** Two nodes joined by sessions. */
interface Linked {
  readonly a: Node;
  readonly b: Node;
  readonly cut: () => void;
  /** Lets everything go on, and some time pass. */
  readonly settle: () => void;
}

/** Nodes and what is on its way between them. Order holds on each lane between two nodes, and nowhere else. */
export class World {
  readonly nodes: Node[] = [];
  readonly #wires: Map<string, Wire> = new Map();
  readonly #held: Set<string> = new Set();
  readonly #jobs: (() => void)[] = [];
  readonly clock: Clock;
  #random: number;
  #now = 0;

  /** Without a clock of its own a world stands at 0 until `pass`. */
  constructor(seed = 0, clock: Clock | null = null) {
    this.clock = clock ?? { now: () => this.#now };
    this.#random = seed;
  }

  /** Lets so much time pass, and everything that it brings. */
  pass(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      this.run();
      const next = Math.min(...this.nodes.map(({ kernel }) => kernel.timers.next));
      this.#now = Math.max(this.#now, Math.min(next, end));
      if (next > end) return;
      for (const node of this.nodes) if (node.kernel.timers.next <= this.#now) node.run();
    }
  }

  node(name: string, limits: Partial<NetLimits> = {}): Node {
    const node = new Node(this, name, limits);
    this.nodes.push(node);
    return node;
  }

  /** Two nodes that speak by sessions over a link in memory. `cut` breaks the link, and another takes its place. */
  linked(first: string, second: string): Linked {
    const [a, b] = [this.node(first), this.node(second)];
    let now = 0;
    for (const node of [a, b]) {
      const self = { node: node.name, incarnation: '1' };
      node.driver = new NetDriver({
        self,
        now: () => now,
        ring: () => node.ring(),
        dial: () => undefined,
        refused: (_, why) => void node.refusals.push(why),
      });
    }
    const connect = () => {
      const [left, right] = memoryLinks((job) => this.#jobs.push(job));
      a.driver?.open(left, 'self', b.name);
      b.driver?.open(right, 'peer');
      return left;
    };
    let link = connect();
    const settle = (): void => {
      for (let n = 0; n < 10; n += 1) {
        this.run();
        now += 25;
        for (const node of [a, b]) node.driver?.tick(now);
      }
      this.run();
    };
    const cut = (): void => {
      link.close('cut');
      link = connect();
    };
    return { a, b, cut, settle };
  }

  carry(from: string, to: string, lane: number, bytes: Uint8Array): void {
    const key = `${from} ${to} ${lane}`;
    const wire = this.#wires.get(key) ?? { from, to, queue: [] };
    wire.queue.push(bytes);
    this.#wires.set(key, wire);
  }

  /** Nothing arrives from one node at another until `release`. */
  hold(from: Node, to: Node): void {
    this.#held.add(`${from.name} ${to.name}`);
  }

  release(from: Node, to: Node): void {
    this.#held.delete(`${from.name} ${to.name}`);
  }

  /** What is on its way from a node never arrives. */
  lose(from: Node): void {
    for (const wire of this.#wires.values()) if (wire.from === from.name) wire.queue.length = 0;
  }

  /** A node is gone: what it sent arrives, then its death. */
  kill(victim: Node): void {
    this.nodes.splice(this.nodes.indexOf(victim), 1);
    for (const wire of this.#wires.values()) {
      if (wire.to === victim.name) wire.queue.length = 0;
      if (wire.from !== victim.name) continue;
      for (const bytes of wire.queue.splice(0)) this.#arrive(wire, bytes);
    }
    for (const node of this.nodes) {
      node.dead.add(victim.name);
      node.hear({ kind: 'dead', node: victim.name });
    }
  }

  /** Lets everything go on until there is nothing to do. */
  run(): void {
    if (!this.steps(20_000)) throw new Error('the world does not come to rest');
  }

  /** Lets things go on, one at a time. True if there is nothing to do any more. */
  steps(count: number): boolean {
    for (let rounds = 0; rounds < count; rounds += 1) {
      const choices: (() => void)[] = [];
      for (const node of this.nodes) if (node.kernel.runQueue.length > 0) choices.push(() => node.run());
      if (this.#jobs.length > 0) choices.push(() => this.#jobs.shift()?.());
      for (const wire of this.#wires.values()) {
        if (wire.queue.length === 0 || this.#held.has(`${wire.from} ${wire.to}`)) continue;
        choices.push(() => this.#arrive(wire, wire.queue.shift() as Uint8Array));
      }
      const chosen = choices[this.#random === 0 ? 0 : this.#next() % choices.length];
      if (chosen === undefined) return true;
      chosen();
    }
    return false;
  }

  #arrive(wire: Wire, bytes: Uint8Array): void {
    const node = this.nodes.find(({ name }) => name === wire.to);
    node?.hear({ kind: 'message', node: wire.from, bytes });
  }

  /** A small generator of numbers (mulberry32). */
  #next(): number {
    this.#random = (this.#random + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#random ^ (this.#random >>> 15), 1 | this.#random);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }
}

/** A descriptor that moves a receive right. */
export const receiveRight = (name: PortName): DraftItem => ({ kind: 'port', name, disposition: MOVE_RECEIVE });
/** A descriptor that makes a send right. */
export const sendRight = (name: PortName): DraftItem => ({ kind: 'port', name, disposition: MAKE_SEND });
/** A descriptor that copies a send right. */
export const copyRight = (name: PortName): DraftItem => ({ kind: 'port', name, disposition: COPY_SEND });
/** A descriptor that moves a send right. */
export const moveRight = (name: PortName): DraftItem => ({ kind: 'port', name, disposition: MOVE_SEND });
/** A descriptor that makes a send-once right. */
export const onceRight = (name: PortName): DraftItem => ({ kind: 'port', name, disposition: MAKE_SEND_ONCE });
