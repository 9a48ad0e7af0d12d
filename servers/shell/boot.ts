/**
 * Where a node is put together: the kernel with real time and a real pump, netmsg with its sessions, the servers, and
 * which of them holds which right. `startNode` makes a node that runs tasks; `connect` a small one that only asks,
 * inside a command.
 */
import { v4, v7 } from 'uuid';
import { bootKernel } from '../../kernel/boot.ts';
import { HostTask } from '../../kernel/host-task.ts';
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
import { COPY_SEND, MAKE_SEND, PORT_SEND, PORT_SEND_ONCE } from '../../ports/right.ts';
import { consoleServer, type Sink } from '../console/console.ts';
import { fileServer } from '../files/files.ts';
import { migrationCourier } from '../migration/courier.ts';
import { migrationServer, migrationState } from '../migration/server.ts';
import { nameServer } from '../names/names.ts';
import { nameService } from '../names/protocol.ts';
import { netmsg } from '../net/netmsg.ts';
import { netService } from '../net/protocol.ts';
import type { SessionSettings } from '../net/session/settings.ts';
import { monotonicClock } from '../node/clock.ts';
import { openFileStore } from '../node/file-store.ts';
import { noJournal, openJournal } from '../node/journal.ts';
import { messageOf, OperatorError, systemCode } from '../node/operator-error.ts';
import { openPageStore } from '../node/page-store.ts';
import { NodePump } from '../node/pump.ts';
import { isNodeName, type NodeRecord, nameOfNode, StateDir } from '../node/state-dir.ts';
import { UnixNet } from '../node/unix-net.ts';
import { pagerServer } from '../pager/pager.ts';
import { type Agent, ask, callKernelPort, valueOf } from './agent.ts';
import type { Client } from './client.ts';
import { serveNode } from './node-server.ts';
import { VERSION } from './version.ts';

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

/** How a node is to be. */
export interface NodeSettings {
  readonly name: string;
  readonly stateDir?: string;
  /** What its file service shows; the working folder if absent. */
  readonly root?: string;
  /** `off`: decisions of moves do not survive a crash. */
  readonly journal?: 'on' | 'off';
  /** Where the lines of the console go besides. */
  readonly sink?: Sink;
  readonly limits?: NodeLimits;
}

/** A node that runs. */
export interface RunningNode {
  readonly record: NodeRecord;
  readonly agent: Agent;
  /** Resolves when it has stopped, for whatever reason. */
  readonly stopped: Promise<void>;
  stop(): Promise<void>;
}

const LOCAL_MS = 5000;
/** Between two looks of a client at nothing. */
const STAY_MS = 60_000;
/** Pages of a page file that is not told otherwise: 4 GiB. It is as long as it has ever been full. */
const PAGE_FILE_MAX: number = 1 << 20;

/**
 * Messages on their way to one port: enough to keep a link busy. A remote queue may be longer by that much than its
 * limit says.
 */
const LIMITS = { credit: 32, proxyQlimit: 16 } as const;

/** A kernel on the net, and what it takes to give its tasks their rights. */
class Composition {
  readonly kernel: Kernel;
  readonly pump: NodePump;
  readonly net: UnixNet;
  readonly #netTask: Task;
  readonly #netName: PortName;
  readonly #doorbell: Port;
  readonly #host: Port;

  /** What is to be closed with the node. */
  readonly #open: { close(): void }[] = [];

  constructor(node: string, dir: StateDir, { pagesMax, ...limits }: NodeLimits = {}) {
    const clock = monotonicClock;
    this.pump = new NodePump(clock);
    const memory = pagesMax === undefined ? {} : { pagesMax };
    this.kernel = bootKernel({ node, clock, pump: this.pump, ...memory });
    this.net = new UnixNet({ node, dir, clock, limits, ring: () => this.#ring() });
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

/** What can only be refused if the composition itself is wrong. */
const right = <T>(result: T | string): T => {
  if (typeof result === 'string') throw new Error(`composition: ${result}`);
  return result as T;
};

/** What every server is told it is. */
const SERVER = 'it is a server of its node';

/** A node that starts anew has the same name and another identity. */
const isSuccessor = (node: string, before: string): boolean =>
  node !== before && nameOfNode(node) === nameOfNode(before);

interface Services {
  readonly files: PortName;
  readonly console: PortName;
  readonly names: PortName;
  readonly migration: PortName;
}

/** The default pager of a node, with a page file; the agent's send right to it. */
const startPager = (parts: Composition, agent: Task, { name, limits }: NodeSettings, dir: StateDir): PortName => {
  const store = parts.closing(openPageStore(dir.pages(name), limits?.pageFileMax ?? PAGE_FILE_MAX));
  const task = parts.task('pager', SERVER);
  const service = parts.receive(task);
  parts.start(task, pagerServer, { service, store });
  return parts.grant(task, service, agent);
};

/** From now on memory for which there is no frame goes to the pager. */
const registerPager = async (agent: Agent, host: PortName, name: PortName): Promise<void> => {
  const pager = { name, disposition: COPY_SEND };
  const { kr } = await callKernelPort(
    agent,
    host,
    { op: 'vm_set_default_memory_manager', pager },
    { timeoutMs: LOCAL_MS },
  );
  if (kr !== 'KERN_SUCCESS') throw new Error(`composition: ${kr}`);
};

/** The servers, and the agent's send rights to them. */
const startServers = (parts: Composition, agent: Task, settings: NodeSettings, dir: StateDir): Services => {
  const serve = (name: string, run: (task: Task, service: PortName) => void): PortName => {
    const task = parts.task(name, SERVER);
    const service = parts.receive(task);
    run(task, service);
    return parts.grant(task, service, agent);
  };
  const store = openFileStore(settings.root ?? process.cwd());
  const { sink = () => undefined } = settings;
  const nodeOf = (host: string): string | null => (host === settings.name ? 'here' : (dir.find(host)?.node ?? null));
  const journal = settings.journal === 'off' ? noJournal() : openJournal(dir.journal(settings.name));
  return {
    files: serve('files', (task, service) => parts.start(task, fileServer, { service, store })),
    console: serve('console', (task, service) => parts.start(task, consoleServer, { service, sink })),
    names: serve('names', (task, service) =>
      parts.start(task, nameServer, { service, net: parts.grantNet(task), nodeOf }),
    ),
    migration: serve('migration', (task, service) => {
      task.isUrgent = true;
      const { node } = parts.kernel;
      const rights = { host: parts.grantHost(task), net: parts.grantNet(task), service };
      const state = migrationState({ node, ...rights, journal, newId: () => v7(), isSuccessor });
      parts.start(task, migrationServer, state);
      parts.start(task, migrationCourier, state);
    }),
  };
};

/** Registers services: with netmsg for other nodes, with the name service for the tasks of this one. */
const checkIn = async (
  agent: Agent,
  net: PortName,
  services: Services,
  own: Readonly<Record<string, PortName>>,
): Promise<void> => {
  const give = (name: PortName) => ({
    timeoutMs: LOCAL_MS,
    descriptors: [{ kind: 'port', name, disposition: COPY_SEND } as const],
  });
  for (const [name, port] of Object.entries({ ...services, ...own })) {
    const question = { service: netService, server: net, routine: 'check_in', args: { name } } as const;
    valueOf((await ask(agent, question, give(port))).reply, `checking in ${name}`);
  }
  for (const name of ['files', 'console'] as const) {
    const question = { service: nameService, server: services.names, routine: 'check_in', args: { name } } as const;
    valueOf((await ask(agent, question, give(services[name]))).reply, `checking in ${name}`);
  }
};

/**
 * Starts a node. It is ready when this resolves: it can be reached, and has reached every node that was there before.
 */
export const startNode = async (settings: NodeSettings): Promise<RunningNode> => {
  const { name } = settings;
  if (!isNodeName(name)) throw new OperatorError({ code: 'E_USAGE', text: `"${name}" cannot be the name of a node` });
  const dir = StateDir.open(settings.stateDir);
  const record = { name, node: `${name}.${v4()}`, pid: process.pid, version: VERSION, startedAt: Date.now() };
  const parts = new Composition(record.node, dir, settings.limits);
  try {
    await parts.net.listen(dir.socket(name));
  } catch (error) {
    await parts.close();
    throw asTrouble(name, error);
  }
  const host = new HostTask(parts.kernel, 'node');
  const services = startServers(parts, host.task, settings, dir);
  const pager = startPager(parts, host.task, settings, dir);
  const service = host.allocate();
  const own = {
    net: parts.grantNet(host.task),
    host: parts.grantHost(host.task),
    node: parts.grant(host.task, service, host.task),
  };
  const ending = endingOf(parts, dir, record);
  await registerPager(host, own.host, pager);
  await checkIn(host, own.net, services, own);
  const { names } = services;
  const root = settings.root ?? process.cwd();
  const install = (program: Program): void => void parts.kernel.programs.set(program.name, program);
  const now = (): number => parts.kernel.now;
  void serveNode({
    agent: host,
    service,
    host: own.host,
    names,
    record,
    root,
    install,
    now,
    stop: () => void ending.stop(),
  });
  dir.publish(record);
  const others = dir.nodes().filter(({ node }) => node !== record.node);
  // A node is ready when it has met all that were there. One that does not answer does not keep it.
  await Promise.all(others.map(({ node }) => parts.net.reach(node, LOCAL_MS)));
  return { record, agent: host, ...ending };
};

const endingOf = (parts: Composition, dir: StateDir, record: NodeRecord) => {
  let told = (): void => undefined;
  const stopped = new Promise<void>((resolve) => {
    told = resolve;
  });
  let isEnding = false;
  const stop = async (): Promise<void> => {
    if (isEnding) return stopped;
    isEnding = true;
    // What was said last is on its way before the good-bye: one turn of kernel and sockets.
    await new Promise<void>((resolve) => void setImmediate(() => setImmediate(resolve)));
    await parts.close();
    dir.forget(record.name, record.pid); // last: who sees no record may take the name
    told();
  };
  return { stopped, stop };
};

const asTrouble = (name: string, error: unknown): OperatorError => {
  if (error instanceof OperatorError) return error;
  if (systemCode(error) === 'E_ADDRESS_IN_USE') {
    return new OperatorError({
      code: 'E_ADDRESS_IN_USE',
      text: `somebody listens on the socket of ${name} already: ${messageOf(error).replace(/^E_\w+: /, '')}`,
      hint: 'portolan node ls shows who; or name another folder with --state',
      cause: error,
    });
  }
  return new OperatorError({
    code: 'E_STORE',
    text: `${name} cannot listen: ${messageOf(error)}`,
    hint: 'name another folder with --state',
    cause: error,
  });
};

/** A small kernel in this process, that asks and serves nobody. */
export const connect = async (stateDir?: string, limits: NodeLimits = {}): Promise<Client> => {
  const dir = StateDir.open(stateDir);
  const records = dir.nodes();
  if (records.length === 0) {
    throw new OperatorError({ code: 'E_NO_KERNEL', text: `no node runs in ${dir.path}`, hint: 'portolan up -n 2' });
  }
  const parts = new Composition(`cli.${v4()}`, dir, limits);
  const host = new HostTask(parts.kernel, 'cli');
  const net = parts.grantNet(host.task);
  // Nobody can dial this kernel, since it has no socket: nodes that a task may move to must know it before.
  for (const { node } of records) parts.net.dial(node);
  // Timers alone keep no process alive, and a node that dies while it is asked leaves nothing else: whoever asked would
  // end before the verdict tells it so.
  const staysAlive = setInterval(() => undefined, STAY_MS);
  return {
    agent: host,
    net,
    records,
    dir: dir.path,
    reach: (node) => parts.net.reach(node, LOCAL_MS),
    newAgent: (name) => {
      const agent = new HostTask(parts.kernel, name);
      return { agent, net: parts.grantNet(agent.task) };
    },
    refusalOf: (node) => parts.net.refusalOf(node),
    hasKnown: (name) => dir.hasKnown(name),
    hold: () => parts.pump.hold(),
    release: () => parts.pump.release(),
    close: () => {
      clearInterval(staysAlive);
      return parts.close();
    },
  };
};
