/**
 * Where a node is put together: the kernel with real time and a real pump, netmsg with its sessions, the servers, and
 * which of them holds which right. `startNode` makes a node that runs tasks; `connect` a small one that only asks,
 * inside a command.
 */
import { v4, v7 } from 'uuid';
import { HostTask } from '../../kernel/host-task.ts';
import { MOVER } from '../../kernel/interface/bootstrap.ts';
import type { Task } from '../../kernel/kernel.ts';
import type { Program } from '../../kernel/program.ts';
import { MACH_PORT_NULL, type PortName } from '../../ports/name.ts';
import { COPY_SEND } from '../../ports/right.ts';
import { codeServer } from '../code/code.ts';
import type { ProgramCode } from '../code/protocol.ts';
import { consoleServer, type Sink } from '../console/console.ts';
import { fileServer } from '../files/files.ts';
import { migrationCourier } from '../migration/courier.ts';
import { migrationServer, migrationState } from '../migration/server.ts';
import { nameServer } from '../names/names.ts';
import { nameService } from '../names/protocol.ts';
import { netService } from '../net/protocol.ts';
import { monotonicClock } from '../node/clock.ts';
import { NodeCodeShelf } from '../node/code-shelf.ts';
import { openFileStore } from '../node/file-store.ts';
import { noJournal, openJournal } from '../node/journal.ts';
import { messageOf, OperatorError, systemCode } from '../node/operator-error.ts';
import { openPageStore } from '../node/page-store.ts';
import { isNodeName, type NodeRecord, nameOfNode, StateDir } from '../node/state-dir.ts';
import { UnixNet } from '../node/unix-net.ts';
import { pagerServer } from '../pager/pager.ts';
import { type Agent, ask, callKernelPort, valueOf } from './agent.ts';
import type { Client } from './client.ts';
import { Composition, type NodeLimits } from './composition.ts';
import { serveNode } from './node-server.ts';

export type { NodeLimits } from './composition.ts';

import { VERSION } from './version.ts';

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
  /**
   * Nodes whose compiled programs may be brought here and run, by name, or all. None by default: code runs with every
   * right of the process.
   */
  readonly acceptCodeFrom?: 'all' | readonly string[];
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

/** What every server is told it is. */
const SERVER = 'it is a server of its node';

/** A node that starts anew has the same name and another identity. */
const isSuccessor = (node: string, before: string): boolean =>
  node !== before && nameOfNode(node) === nameOfNode(before);

type NodeParts = Composition<UnixNet>;

/** A kernel whose sessions go over the sockets of a state folder. */
const composed = (node: string, dir: StateDir, limits: NodeLimits = {}): NodeParts =>
  new Composition(node, (ring) => new UnixNet({ node, dir, clock: monotonicClock, limits, ring }), limits);

interface Services {
  readonly files: PortName;
  readonly console: PortName;
  readonly names: PortName;
  readonly migration: PortName;
  readonly mover: PortName;
  readonly code: PortName;
}

/** The default pager of a node, with a page file; the agent's send right to it. */
const startPager = (parts: NodeParts, agent: Task, { name, limits }: NodeSettings, dir: StateDir): PortName => {
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
const startServers = (
  parts: NodeParts,
  agent: Task,
  shelf: NodeCodeShelf,
  { settings, dir }: { readonly settings: NodeSettings; readonly dir: StateDir },
): Services => {
  const serve = (name: string, run: (task: Task, service: PortName) => void): ServedBy => {
    const task = parts.task(name, SERVER);
    const service = parts.receive(task);
    run(task, service);
    return { task, service, port: parts.grant(task, service, agent) };
  };
  const store = openFileStore(settings.root ?? process.cwd());
  const { sink = () => undefined } = settings;
  const { node } = parts.kernel;
  const identityOf = identities(settings, dir, node);
  const nodeOf = (host: string): string | null => (identityOf(host) === node ? 'here' : identityOf(host));
  const files = serve('files', (task, service) => parts.start(task, fileServer, { service, store }));
  const lines = serve('console', (task, service) => parts.start(task, consoleServer, { service, sink }));
  const names = serve('names', (task, service) =>
    parts.start(task, nameServer, { service, net: parts.grantNet(task), nodeOf }),
  );
  const code = serve('code', (task, service) => {
    const log = (text: string): void => sink({ n: 0, at: parts.kernel.now, task: `${parts.kernel.node}/code`, text });
    const accepts = acceptance(settings.acceptCodeFrom);
    parts.start(task, codeServer, { service, net: parts.grantNet(task), shelf, accepts, log });
  });
  let mover: PortName = MACH_PORT_NULL;
  const migration = serve('migration', (task, service) => {
    const own = parts.receive(task);
    mover = parts.grant(task, own, agent);
    startMigration(parts, task, { service, mover: own }, { settings, dir, code, nodeOf: identityOf });
  });
  return {
    files: files.port,
    console: lines.port,
    names: names.port,
    migration: migration.port,
    code: code.port,
    mover,
  };
};

/** The identity of the node that a task means: it says a name, or the identity that it has been told. */
const identities =
  ({ name }: NodeSettings, dir: StateDir, node: string) =>
  (host: string): string | null => {
    if (host === name || host === node) return node;
    const found = dir.find(nameOfNode(host));
    return found !== undefined && (host === found.name || host === found.node) ? found.node : null;
  };

interface ServedBy {
  readonly task: Task;
  readonly service: PortName;
  /** The agent's send right. */
  readonly port: PortName;
}

interface MigrationSettings {
  readonly settings: NodeSettings;
  readonly dir: StateDir;
  readonly code: ServedBy;
  readonly nodeOf: (host: string) => string | null;
}

const startMigration = (
  parts: NodeParts,
  task: Task,
  receives: { readonly service: PortName; readonly mover: PortName },
  { settings, dir, code, nodeOf }: MigrationSettings,
): void => {
  task.isUrgent = true;
  const journal = settings.journal === 'off' ? noJournal() : openJournal(dir.journal(settings.name));
  const state = migrationState({
    node: parts.kernel.node,
    host: parts.grantHost(task),
    net: parts.grantNet(task),
    code: parts.grant(code.task, code.service, task),
    ...receives,
    nodeOf,
    journal,
    newId: () => v7(),
    isSuccessor,
  });
  parts.start(task, migrationServer, state);
  parts.start(task, migrationCourier, state);
};

/** Whom this node takes code from. */
const acceptance = (from: NodeSettings['acceptCodeFrom'] = []): ((node: string) => boolean) =>
  from === 'all' ? () => true : (node) => from.includes(nameOfNode(node));

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
  for (const name of ['files', 'console', MOVER] as const) {
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
  const parts = composed(record.node, dir, settings.limits);
  try {
    await parts.net.listen(dir.socket(name));
  } catch (error) {
    await parts.close();
    throw asTrouble(name, error);
  }
  const host = new HostTask(parts.kernel, 'node');
  const known = (program: Program): void => parts.kernel.programs.set(program.name, program);
  const shelf = new NodeCodeShelf(known);
  const services = startServers(parts, host.task, shelf, { settings, dir });
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
  const install = (program: Program, code: ProgramCode): void => {
    known(program);
    shelf.keep(program, code);
  };
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

const endingOf = (parts: NodeParts, dir: StateDir, record: NodeRecord) => {
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
  const parts = composed(`cli.${v4()}`, dir, limits);
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
