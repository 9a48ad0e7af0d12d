/** `task run|ls|show|logs|kill`. */
import { resolve } from 'node:path';
import { type ConsoleLine, consoleService } from '../../console/protocol.ts';
import { type OperatorCode, OperatorError } from '../../node/operator-error.ts';
import { type Answered, nodeService, type ProgramFacts, type RunFacts } from '../../node/protocol.ts';
import { type NodeRecord, nameOfNode } from '../../node/state-dir.ts';
import { ask, callKernelPort, letGo, valueOf } from '../agent.ts';
import {
  ASK,
  type Client,
  type FoundTask,
  factsOf,
  gather,
  nodeNamed,
  serviceOf,
  type TaskFacts,
  taskNamed,
  tasksOf,
} from '../client.ts';
import type { Context, TaskRunOptions } from '../context.ts';
import { bytesText, table } from '../terminal.ts';
import { leftBehind, leftLines } from './task-drain.ts';
import { withClient } from './with-client.ts';

/** A program is compiled before it runs. */
const COMPILE = { timeoutMs: 30_000 };

/** Which file, with what, where, and called what. */
export interface TaskRunArguments extends TaskRunOptions {
  readonly file: string;
  readonly args: readonly string[];
}

/** Starts a task. Its program is made known to every node that answers, so that it can move at once. */
export const taskRun = (context: Context, options: TaskRunArguments): Promise<number> =>
  withClient(context, async (client) => {
    const record = options.on === undefined ? client.records[0] : nodeNamed(client, options.on);
    if (record === undefined) throw new OperatorError({ code: 'E_NO_KERNEL', text: 'no node runs' });
    const file = resolve(options.file);
    const program = await loadOn(client, record, file);
    const name = await freeName(
      client,
      options.name ?? program.name,
      options.name === undefined ? 'number it' : 'refuse',
    );
    const server = await serviceOf(client, record, 'node');
    const args = { file, name, args: options.args };
    const { reply } = await ask(
      client.agent,
      { service: nodeService, server, routine: 'run', args },
      { ...COMPILE, signal: context.signal },
    );
    const run: RunFacts & ProgramFacts = opened(valueOf(reply, name));
    const others = client.records.filter((each) => each !== record);
    const elsewhere = await Promise.allSettled(others.map((each) => loadOn(client, each, file)));
    const lacking = others.filter((_, at) => elsewhere[at]?.status === 'rejected').map((each) => each.name);
    for (const each of lacking)
      context.terminal.say(`${each} has not loaded the program: the task cannot move there yet`);
    context.terminal.result({ ...run, node: record.name, lacking }, [`✓ ${run.name} runs on ${record.name}`]);
    return 0;
  });

/** Has a node load the program of a file. */
export const loadOn = async (client: Client, record: NodeRecord, file: string): Promise<ProgramFacts> => {
  const server = await serviceOf(client, record, 'node');
  const { reply } = await ask(client.agent, { service: nodeService, server, routine: 'load', args: { file } }, COMPILE);
  return opened(valueOf(reply, record.name));
};

const opened = <T>(answered: Answered<T>): T => {
  if (answered.ok) return answered.value;
  const { code, text, hint } = answered.trouble;
  throw new OperatorError({ code: code as OperatorCode, text, ...(hint === null ? {} : { hint }) });
};

const freeName = async (client: Client, wanted: string, ifTaken: 'number it' | 'refuse'): Promise<string> => {
  const { values } = await gather(client, (record) => tasksOf(client, record));
  const taken = new Set(values.flat().map((task) => task.name));
  for (const task of values.flat()) letGo(client.agent, task.port);
  if (!taken.has(wanted)) return wanted;
  if (ifTaken === 'refuse')
    throw new OperatorError({ code: 'E_USAGE', text: `a task ${wanted} runs already`, hint: 'choose another --name' });
  let number = 2;
  while (taken.has(`${wanted}-${number}`)) number += 1;
  return `${wanted}-${number}`;
};

/** Shows the tasks of all nodes; `own` leaves out the servers of the nodes. */
export const taskLs = (context: Context, which: 'all' | 'own'): Promise<number> =>
  withClient(context, async (client) => {
    const { values, silent } = await gather(client, (record) => tasksOf(client, record));
    for (const task of values.flat()) letGo(client.agent, task.port);
    const tasks = values
      .flat()
      .filter((task) => which === 'all' || task.pinned === null)
      .map(factsOnly);
    const rows = tasks.map(({ name, node, program, pages, bytes }) => [
      name,
      node,
      program,
      String(pages),
      bytesText(bytes),
    ]);
    const lines =
      tasks.length === 0 ? ['no task runs'] : table([['TASK', 'NODE', 'PROGRAM', 'PAGES', 'MAPPED'], ...rows]);
    const left = await leftBehind(client);
    context.terminal.result({ tasks, left, silent }, [
      ...lines,
      ...leftLines(left),
      ...silent.map((each) => `✗ ${each}`),
    ]);
    return 0;
  });

const factsOnly = ({ port: _port, ...facts }: FoundTask): TaskFacts => facts;

/** Shows a task, and what would keep it from moving. */
export const taskShow = (context: Context, name: string): Promise<number> =>
  withClient(context, async (client) => {
    const task = await taskNamed(client, name);
    const { kr: _kr, ...described } = await callKernelPort(client.agent, task.port, { op: 'task_describe' }, ASK);
    const facts = { ...factsOnly(task), ...described };
    const blockers = (described['blockers'] ?? []) as readonly string[];
    context.terminal.result(facts, [
      ...table([
        ['task', task.name],
        ['identity', task.identity],
        ['node', task.node],
        ['born on', nameOfNode(task.identity)],
        ['program', task.program],
        ['threads', String(task.threads)],
        ['memory', `${task.pages} pages resident, ${bytesText(task.bytes)} mapped`],
        ['moves', blockers.length === 0 ? 'freely' : `not now: ${blockers.join('; ')}`],
      ]),
    ]);
    return 0;
  });

/** Shows what a task has printed, wherever it was when it did; also if it has ended since. */
export const taskLogs = (context: Context, name: string): Promise<number> =>
  withClient(context, async (client) => {
    const identity = await identityOf(client, name);
    const { values, silent } = await gather(client, (record) => linesOf(client, record, identity));
    const lines = values.flat();
    context.terminal.result(
      { identity, lines, silent },
      lines.map(({ text }) => text),
    );
    for (const each of silent) context.terminal.say(`✗ ${each}`);
    return 0;
  });

const identityOf = async (client: Client, name: string): Promise<string> => {
  try {
    const task = await taskNamed(client, name);
    letGo(client.agent, task.port);
    return task.identity;
  } catch (error) {
    if (!(error instanceof OperatorError) || error.code !== 'E_NO_SUCH_TASK') throw error;
    const { values } = await gather(client, (record) => factsOf(client, record));
    const run = values.flatMap(({ runs }) => runs).findLast((each) => each.name === name || each.identity === name);
    if (run === undefined) throw error;
    return run.identity;
  }
};

const linesOf = async (client: Client, record: NodeRecord, task: string): Promise<readonly ConsoleLine[]> => {
  const server = await serviceOf(client, record, 'console');
  const lines: ConsoleLine[] = [];
  for (let more = true; more; ) {
    const args = { since: lines.at(-1)?.n ?? 0, task };
    const { reply } = await ask(client.agent, { service: consoleService, server, routine: 'read', args }, ASK);
    const part = valueOf(reply, record.name);
    lines.push(...part.lines);
    more = part.more;
  }
  return lines;
};

/** Ends a task. */
export const taskKill = (context: Context, name: string): Promise<number> =>
  withClient(context, async (client) => {
    const task = await taskNamed(client, name);
    if (task.pinned !== null) {
      throw new OperatorError({
        code: 'E_USAGE',
        text: `${task.name} is not yours to kill: ${task.pinned}`,
        hint: 'portolan down',
      });
    }
    const { kr } = await callKernelPort(client.agent, task.port, { op: 'task_terminate' }, ASK);
    if (kr !== 'KERN_SUCCESS') throw new OperatorError({ code: 'E_FAILED', text: `${task.name}: ${kr}` });
    context.terminal.result({ killed: task.name, node: task.node }, [`✓ ${task.name} has ended`]);
    return 0;
  });
