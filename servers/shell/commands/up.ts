/** `up` and `down`: nodes as processes. */
import { fork } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { messageOf, type OperatorCode, OperatorError } from '../../node/operator-error.ts';
import { nodeService } from '../../node/protocol.ts';
import { type NodeRecord, StateDir } from '../../node/state-dir.ts';
import { ask } from '../agent.ts';
import { ASK, type Client, serviceOf } from '../client.ts';
import type { Context, UpOptions } from '../context.ts';
import { table } from '../terminal.ts';
import type { NodeWord } from './node-run.ts';
import { withClient } from './with-client.ts';

/** Nodes that `up` starts at most: they are named by letters. */
const NODES_MAX = 26;
/** How long a node may take to start, and to end. */
const START_MS = 20_000;
const END_MS = 5000;
const LOOK_MS = 10;

/** Starts nodes and returns when each can be reached. */
export const up = async (context: Context, options: UpOptions): Promise<number> => {
  if (options.nodes < 1 || options.nodes > NODES_MAX) {
    throw new OperatorError({ code: 'E_USAGE', text: `-n takes a number from 1 to ${NODES_MAX}` });
  }
  const dir = StateDir.open(context.stateDir);
  const names = Array.from({ length: options.nodes }, (_, at) => `node-${String.fromCharCode(97 + at)}`);
  const running = dir.nodes().map(({ name }) => name);
  const taken = names.filter((name) => running.includes(name));
  if (taken.length > 0) {
    throw new OperatorError({
      code: 'E_ADDRESS_IN_USE',
      text: `${taken.join(', ')} run in ${dir.path} already`,
      hint: 'portolan down, or choose another folder with --state',
    });
  }
  const children = names.map((name) => launch(dir, name, options, context.signal));
  const started = await Promise.allSettled(children.map((child) => child.ready));
  const failed = started.find((each) => each.status === 'rejected');
  if (failed !== undefined) {
    for (const child of children) child.kill();
    throw failed.reason;
  }
  const records = dir.nodes().filter(({ name }) => names.includes(name));
  const rows = records.map(({ name, pid }) => [`✓ ${name}`, `process ${pid}`]);
  context.terminal.result({ state: dir.path, nodes: records }, [...table(rows), `state: ${dir.path}`]);
  return 0;
};

interface Child {
  readonly ready: Promise<void>;
  kill(): void;
}

const launch = (dir: StateDir, name: string, options: UpOptions, signal: AbortSignal): Child => {
  const main = fileURLToPath(new URL(`../main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url));
  const args = ['node-run', name, '--state', dir.path, '--root', options.root ?? process.cwd()];
  const log = openSync(dir.log(name), 'a', 0o600);
  const stdio: ('ignore' | 'ipc' | number)[] = ['ignore', log, log, 'ipc'];
  const child = fork(main, options.journal ? args : [...args, '--no-journal'], { detached: true, stdio });
  closeSync(log);
  const ready = new Promise<void>((resolve, reject) => {
    const fail = (code: OperatorCode, text: string, hint = `see ${dir.log(name)}`): void => {
      clearTimeout(timer);
      reject(new OperatorError({ code, text: `${name}: ${text}`, hint }));
    };
    const timer = setTimeout(() => fail('E_TIMEOUT', 'it is not ready in time'), START_MS);
    signal.addEventListener('abort', () => fail('E_INTERRUPTED', 'stopped'), { once: true });
    child.once('error', (error) => fail('E_FAILED', messageOf(error)));
    child.once('exit', (code) => fail('E_FAILED', `it ended with ${code}`));
    child.once('message', (word: NodeWord) => {
      clearTimeout(timer);
      if (word.type === 'ready') resolve();
      else
        fail(String(word.error['code']) as OperatorCode, String(word.error['text']), String(word.error['hint'] ?? ''));
    });
  });
  return {
    ready: ready.finally(() => {
      if (child.connected) child.disconnect();
      child.unref();
    }),
    kill: () => void child.kill('SIGTERM'),
  };
};

/** Stops all nodes of a state folder. */
export const down = async (context: Context): Promise<number> => {
  const dir = StateDir.open(context.stateDir);
  if (dir.nodes().length === 0) {
    context.terminal.result({ stopped: [] }, ['no node runs']);
    return 0;
  }
  return withClient(context, async (client) => {
    const results = await Promise.allSettled(client.records.map((record) => stop(client, dir, record)));
    const stopped = client.records.filter((_, at) => results[at]?.status === 'fulfilled').map(({ name }) => name);
    context.terminal.result(
      { stopped },
      stopped.map((name) => `✓ ${name} has stopped`),
    );
    const failed = results.find((each) => each.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return 0;
  });
};

/** Asks a node to end; one that does not listen gets a signal. */
const stop = async (client: Client, dir: StateDir, record: NodeRecord): Promise<void> => {
  try {
    const server = await serviceOf(client, record, 'node');
    await ask(client.agent, { service: nodeService, server, routine: 'stop', args: null }, ASK);
  } catch {
    terminate(record.pid);
  }
  const end = Date.now() + END_MS;
  while (dir.find(record.name)?.node === record.node) {
    if (Date.now() > end) {
      throw new OperatorError({
        code: 'E_TIMEOUT',
        text: `${record.name} does not end`,
        hint: `look at process ${record.pid}`,
      });
    }
    await new Promise((resolve) => void setTimeout(resolve, LOOK_MS));
  }
};

const terminate = (pid: number): void => {
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    // It has ended by itself.
  }
};
