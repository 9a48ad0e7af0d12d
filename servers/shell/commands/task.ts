/** `task ls|show|kill`. */
import { OperatorError } from '../../node/operator-error.ts';
import { nameOfNode } from '../../node/state-dir.ts';
import { callKernelPort, letGo } from '../agent.ts';
import { ASK, type FoundTask, gather, type TaskFacts, tasksOf } from '../client.ts';
import type { Context } from '../context.ts';
import { type Fate, fateOf, fatesOf, fateText } from '../fates.ts';
import { taskNamed } from '../find-task.ts';
import { bytesText, table } from '../terminal.ts';
import { leftBehind, leftLines } from './task-drain.ts';
import { withClient } from './with-client.ts';

/** Shows the tasks of all nodes; `own` leaves out the servers of the nodes, and tasks that have ended well. */
export const taskLs = (context: Context, which: 'all' | 'own'): Promise<number> =>
  withClient(context, async (client) => {
    const { values, silent } = await gather(client, (record) => tasksOf(client, record));
    for (const task of values.flat()) letGo(client.agent, task.port);
    const tasks = values
      .flat()
      .filter((task) => which === 'all' || task.pinned === null)
      .map(factsOnly);
    const running = new Set(tasks.map(({ name }) => name));
    const isShown = ({ state, name }: Fate): boolean => which === 'all' || (state === 'failed' && !running.has(name));
    const ended = (await fatesOf(client)).values.filter(isShown);
    const left = await leftBehind(client);
    context.terminal.result({ tasks, ended, left, silent }, [
      ...listed(tasks, ended),
      ...leftLines(left),
      ...silent.map((each) => `✗ ${each}`),
    ]);
    if (tasks.length + ended.length === 0) {
      const nodes = client.records.length === 1 ? 'the node' : `${client.records.length} nodes`;
      context.terminal.say(`no task runs on ${nodes}; start one: portolan task run FILE, or portolan demo`);
    }
    return 0;
  });

/** Those that run first; why a task failed stands below, for it is longer than a column. */
const listed = (tasks: readonly TaskFacts[], ended: readonly Fate[]): string[] => {
  if (tasks.length + ended.length === 0) return [];
  const rows = tasks.map(({ name, node, program, pages, bytes }) => [
    name,
    node,
    'running',
    program,
    String(pages),
    bytesText(bytes),
  ]);
  const over = ended.map(({ name, node, state }) => [name, node, state, '', '', '']);
  const failures = ended.filter(({ state }) => state === 'failed').map((fate) => `✗ ${fateText(fate)}`);
  return [...table([['TASK', 'NODE', 'STATE', 'PROGRAM', 'PAGES', 'MAPPED'], ...rows, ...over]), ...failures];
};

const factsOnly = ({ port: _port, ...facts }: FoundTask): TaskFacts => facts;

/** Shows a task, and what would keep it from moving; of one that has ended, how it ended. */
export const taskShow = (context: Context, name: string): Promise<number> =>
  withClient(context, async (client) => {
    const found = await taskNamed(client, name).catch(async (error: unknown) => {
      const fate = await fateOf(client, name);
      if (fate === undefined) throw error;
      return fate;
    });
    if (!('port' in found)) return showEnd(context, found);
    const task = found;
    const { kr: _kr, ...described } = await callKernelPort(client.agent, task.port, { op: 'task_describe' }, ASK);
    const facts = { ...factsOnly(task), state: 'running', ...described };
    const pagedOut = Number(described['pagedOut'] ?? 0);
    const blockers = (described['blockers'] ?? []) as readonly string[];
    context.terminal.result(facts, [
      ...table([
        ['task', task.name],
        ['identity', task.identity],
        ['state', 'running'],
        ['node', task.node],
        ['born on', nameOfNode(task.identity)],
        ['program', task.program],
        ['threads', String(task.threads)],
        ['memory', `${task.pages} pages resident, ${pagedOut} in the page file, ${bytesText(task.bytes)} mapped`],
        ['moves', blockers.length === 0 ? 'freely' : `not now: ${blockers.join('; ')}`],
      ]),
    ]);
    return 0;
  });

const showEnd = ({ terminal }: Context, fate: Fate): number => {
  const { name, identity, node, state, why, stack, time } = fate;
  const rows = [
    ['task', name],
    ['identity', identity],
    ['state', state],
    ['node', node],
    ['born on', nameOfNode(identity)],
    ['at', new Date(time).toISOString()],
  ];
  if (state === 'failed') rows.push(['why', why], ...stack.map((line) => ['', line]));
  terminal.result(fate, table(rows));
  return 0;
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
