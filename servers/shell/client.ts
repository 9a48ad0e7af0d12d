/** What the commands know of a set of nodes: whom to ask, and how to find a task. Nothing here remembers anything. */
import { isName, type PortName } from '../../ports/name.ts';
import { netService } from '../net/protocol.ts';
import { messageOf, OperatorError } from '../node/operator-error.ts';
import { type NodeFacts, nodeService } from '../node/protocol.ts';
import type { NodeRecord } from '../node/state-dir.ts';
import { type Agent, type AskOptions, ask, callKernelPort, valueOf } from './agent.ts';

/** A command's way to the nodes. */
export interface Client {
  readonly agent: Agent;
  readonly net: PortName;
  /** The nodes that there were when the command began. */
  readonly records: readonly NodeRecord[];
  readonly dir: string;
  /** Connects to a node. */
  reach(node: string): Promise<'up' | 'dead' | 'silent'>;
  /** Another task on the command's kernel, with a right to the net service of its own. */
  newAgent(name: string): { readonly agent: Agent; readonly net: PortName };
  refusalOf(node: string): string | null;
  /** True if a node of that name has run here once. */
  hasKnown(name: string): boolean;
  /** Lets the client's kernel stand still, and go on again: a slow client, to whoever talks to it. */
  hold(): void;
  release(): void;
  close(): Promise<void>;
}

/** A task somewhere. */
export interface TaskFacts {
  readonly name: string;
  readonly identity: string;
  readonly program: string;
  readonly threads: number;
  readonly pages: number;
  readonly bytes: number;
  /** Why it cannot move; null if nothing is known against it. */
  readonly pinned: string | null;
  readonly node: string;
}

/** A task, and a right to its port. */
export interface FoundTask extends TaskFacts {
  readonly port: PortName;
}

/** How long an ordinary question waits. */
export const ASK: AskOptions = Object.freeze({ timeoutMs: 5000 });

/** The node of a name. E_NO_KERNEL for one that has died, E_NO_SUCH_NODE for one that never was. */
export const nodeNamed = (client: Client, name: string): NodeRecord => {
  const found = client.records.find((record) => record.name === name || record.node === name);
  if (found !== undefined) return found;
  const names = client.records.map((record) => record.name).join(', ');
  if (client.hasKnown(name)) {
    throw new OperatorError({
      code: 'E_NO_KERNEL',
      text: `${name} runs no more: its process has ended, and the tasks that were on it with it`,
      details: [`what it printed last: ${client.dir}/${name}.log`, `nodes that run: ${names}`],
      hint: `portolan node start ${name}, or take one that runs`,
    });
  }
  throw new OperatorError({
    code: 'E_NO_SUCH_NODE',
    text: `there is no node ${name} in ${client.dir}`,
    hint: `one of ${names}, or portolan node start ${name}`,
  });
};

/** A right to a service of a node. */
export const serviceOf = async (client: Client, { node, name }: NodeRecord, service: string): Promise<PortName> => {
  const reached = await client.reach(node);
  if (reached !== 'up') throw unreachable(client, { node, name }, reached);
  const args = { node, name: service };
  const { reply, rights } = await ask(
    client.agent,
    { service: netService, server: client.net, routine: 'look_up', args },
    ASK,
  );
  const port = rights[0];
  if ('value' in reply && port !== undefined && isName(port)) return port;
  if (reply.retcode === 'KERN_INVALID_NAME') {
    throw new OperatorError({ code: 'E_FAILED', text: `${name} has no service ${service}` });
  }
  throw unreachable(client, { node, name }, 'dead');
};

const unreachable = (
  client: Client,
  { node, name }: Pick<NodeRecord, 'node' | 'name'>,
  how: 'dead' | 'silent',
): OperatorError => {
  const refusal = client.refusalOf(node) ?? '';
  if (refusal.startsWith('E_VERSION')) {
    return new OperatorError({
      code: 'E_VERSION',
      text: `${name} and this command do not understand each other: ${refusal.replace(/^E_VERSION: /, '')}`,
      hint: `use the portolan that started ${name}, or start it anew with this one: portolan node stop ${name}`,
    });
  }
  if (how === 'silent') {
    return new OperatorError({
      code: 'E_TIMEOUT',
      text: `${name} does not answer; its process lives`,
      hint: `try again; if it stays so, portolan node stop ${name} ends it`,
      outcome: 'not done',
    });
  }
  const why = refusal === '' ? 'its process has ended' : refusal;
  return new OperatorError({ code: 'E_NO_KERNEL', text: `${name} is gone: ${why}`, hint: 'portolan node ls' });
};

/** What a node says of itself. */
export const factsOf = async (client: Client, record: NodeRecord): Promise<NodeFacts> => {
  const server = await serviceOf(client, record, 'node');
  const { reply } = await ask(client.agent, { service: nodeService, server, routine: 'info', args: null }, ASK);
  return valueOf(reply, record.name);
};

/** The tasks of a node, each with a right to its port. */
export const tasksOf = async (client: Client, record: NodeRecord): Promise<readonly FoundTask[]> => {
  const host = await serviceOf(client, record, 'host');
  const answer = await callKernelPort(client.agent, host, { op: 'host_tasks' }, ASK);
  if (answer.kr !== 'KERN_SUCCESS') throw new OperatorError({ code: 'E_FAILED', text: `${record.name}: ${answer.kr}` });
  const tasks = (answer['tasks'] ?? []) as readonly Omit<TaskFacts, 'node'>[];
  const ports = (answer['ports'] ?? []) as readonly PortName[];
  return tasks.map((task, at) => ({ ...task, node: record.name, port: ports[at] ?? (0 as PortName) }));
};

/** The outcome of asking several nodes: who answered, and who did not. */
export interface Gathered<T> {
  readonly values: readonly T[];
  readonly silent: readonly string[];
}

/** Asks all nodes at once. That one does not answer is told, and keeps nobody. */
export const gather = async <T>(client: Client, question: (record: NodeRecord) => Promise<T>): Promise<Gathered<T>> => {
  const results = await Promise.allSettled(client.records.map(question));
  const values: T[] = [];
  const silent: string[] = [];
  results.forEach((result, at) => {
    if (result.status === 'fulfilled') values.push(result.value);
    else silent.push(`${client.records[at]?.name ?? ''}: ${messageOf(result.reason)}`);
  });
  return { values, silent };
};
