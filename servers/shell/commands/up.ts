/** `up` and `down`, `node start` and `node stop`: nodes as processes. */
import { OperatorError } from '../../node/operator-error.ts';
import { nodeService } from '../../node/protocol.ts';
import { isNodeName, type NodeRecord, StateDir } from '../../node/state-dir.ts';
import { ask } from '../agent.ts';
import { ASK, type Client, nodeNamed, serviceOf } from '../client.ts';
import type { Context, StartOptions, UpOptions } from '../context.ts';
import { table } from '../terminal.ts';
import { launchNodes } from './launch.ts';
import { withClient } from './with-client.ts';

/** Nodes that `up` starts at most: they are named by letters. */
const NODES_MAX = 26;
/** How long a node may take to end before it is made to. */
const END_MS = 5000;
const LOOK_MS = 10;

/** Starts nodes and returns when each can be reached. `isTied`: they end with this process. */
export const up = (context: Context, options: UpOptions, isTied = false): Promise<number> => {
  if (options.nodes < 1 || options.nodes > NODES_MAX) {
    throw new OperatorError({
      code: 'E_USAGE',
      text: `-n takes a number from 1 to ${NODES_MAX}`,
      hint: 'portolan help up',
    });
  }
  const names = Array.from({ length: options.nodes }, (_, at) => `node-${String.fromCharCode(97 + at)}`);
  return start(context, names, options, isTied);
};

/** Starts one node more, or one that has died anew. */
export const nodeStart = (context: Context, name: string, options: StartOptions): Promise<number> => {
  if (!isNodeName(name)) {
    throw new OperatorError({
      code: 'E_USAGE',
      text: `"${name}" cannot be the name of a node`,
      hint: 'letters, digits, - and _, at most 32, such as node-c',
    });
  }
  return start(context, [name], options, false);
};

const start = async (
  { terminal, stateDir, signal }: Context,
  names: readonly string[],
  options: StartOptions,
  isTied: boolean,
): Promise<number> => {
  const dir = StateDir.open(stateDir);
  const taken = dir.nodes().filter(({ name }) => names.includes(name));
  if (taken.length > 0) {
    throw new OperatorError({
      code: 'E_ADDRESS_IN_USE',
      text: `${taken.map(({ name }) => name).join(', ')} run in ${dir.path} already`,
      details: taken.map(({ name, pid }) => `${name} is process ${pid}, listening on ${dir.socket(name)}`),
      hint: 'portolan down, or portolan node start NAME for one more, or another folder with --state',
    });
  }
  const { root = process.cwd() } = options;
  await launchNodes(dir, names, { ...options, root, isTied }, signal);
  const records = dir.nodes().filter(({ name }) => names.includes(name));
  const rows = records.map(({ name, pid }) => [`✓ ${name}`, `process ${pid}`]);
  terminal.result({ state: dir.path, nodes: records }, table(rows));
  terminal.say(`state: ${dir.path}`);
  terminal.say('next: portolan task run FILE');
  return 0;
};

/** Stops all nodes of a state folder. */
export const down = async (context: Context): Promise<number> => {
  const dir = StateDir.open(context.stateDir);
  if (dir.nodes().length === 0) {
    context.terminal.result({ stopped: [] }, [`no node runs in ${dir.path}`]);
    return 0;
  }
  return withClient(context, (client) => stopAll(context, client, dir, client.records));
};

/** Stops one node, and with it the tasks on it. */
export const nodeStop = (context: Context, name: string): Promise<number> =>
  withClient(context, (client) => {
    const dir = StateDir.open(context.stateDir);
    return stopAll(context, client, dir, [nodeNamed(client, name)]);
  });

const stopAll = async (
  { terminal }: Context,
  client: Client,
  dir: StateDir,
  records: readonly NodeRecord[],
): Promise<number> => {
  const results = await Promise.allSettled(records.map((record) => stop(client, dir, record)));
  const stopped = records.filter((_, at) => results[at]?.status === 'fulfilled').map(({ name }) => name);
  terminal.result(
    { stopped },
    stopped.map((name) => `✓ ${name} has stopped`),
  );
  const failed = results.find((each) => each.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return 0;
};

/** Asks a node to end; one that does not listen gets a signal, and one that does not heed it another. */
const stop = async (client: Client, dir: StateDir, record: NodeRecord): Promise<void> => {
  try {
    const server = await serviceOf(client, record, 'node');
    await ask(client.agent, { service: nodeService, server, routine: 'stop', args: null }, ASK);
  } catch {
    signalTo(record.pid, 'SIGTERM');
  }
  if (await hasEnded(dir, record)) return;
  signalTo(record.pid, 'SIGKILL');
  if (await hasEnded(dir, record)) return;
  throw new OperatorError({
    code: 'E_TIMEOUT',
    text: `${record.name} does not end`,
    hint: `look at process ${record.pid}`,
  });
};

/** True as soon as a node is no more; false if it still is after a while. */
const hasEnded = async (dir: StateDir, { name, node }: NodeRecord): Promise<boolean> => {
  const end = Date.now() + END_MS;
  while (dir.find(name)?.node === node) {
    if (Date.now() > end) return false;
    await new Promise((resolve) => void setTimeout(resolve, LOOK_MS));
  }
  return true;
};

const signalTo = (pid: number, signal: 'SIGTERM' | 'SIGKILL'): void => {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
};
