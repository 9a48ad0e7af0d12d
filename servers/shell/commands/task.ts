/** `task ls|show|kill`. */
import { OperatorError } from '../../node/operator-error.ts';
import { nameOfNode } from '../../node/state-dir.ts';
import { callKernelPort, letGo } from '../agent.ts';
import { ASK, type FoundTask, gather, type TaskFacts, tasksOf } from '../client.ts';
import type { Context } from '../context.ts';
import { type Fate, fateOf, fatesOf, fateText } from '../fates.ts';
import { anyTaskNamed, taskNamed } from '../find-task.ts';
import { type FrozenTask, frozenTasks } from '../frozen.ts';
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
    const frozen = await frozenTasks(client, new Set(values.flat().map(({ identity }) => identity)));
    const living = new Set([...tasks, ...frozen].map(({ name }) => name));
    const isShown = ({ state, name }: Fate): boolean => which === 'all' || (state === 'failed' && !living.has(name));
    const ended = (await fatesOf(client)).values.filter(isShown);
    const left = await leftBehind(client);
    context.terminal.result({ tasks, frozen, ended, left, silent }, [
      ...listed(tasks, frozen, ended),
      ...leftLines(left),
      ...silent.map((each) => `✗ ${each}`),
    ]);
    if (tasks.length + frozen.length + ended.length === 0) {
      const nodes = client.records.length === 1 ? 'the node' : `${client.records.length} nodes`;
      context.terminal.say(`no task runs on ${nodes}; start one: portolan task run FILE, or portolan demo`);
    }
    return 0;
  });

/** Those that run first; what a frozen task waits for, and why one failed, is longer than a column and stands below. */
const listed = (tasks: readonly TaskFacts[], frozen: readonly FrozenTask[], ended: readonly Fate[]): string[] => {
  if (tasks.length + frozen.length + ended.length === 0) return [];
  const rowOf = (state: string, { name, node, program, pages, bytes }: TaskFacts | FrozenTask): string[] => [
    name,
    node,
    state,
    program,
    String(pages),
    bytesText(bytes),
  ];
  const rows = [...tasks.map((task) => rowOf('running', task)), ...frozen.map((task) => rowOf('frozen', task))];
  const over = ended.map(({ name, node, state }) => [name, node, state, '', '', '']);
  const failures = ended.filter(({ state }) => state === 'failed').map((fate) => `✗ ${fateText(fate)}`);
  const waiting = frozen.map(({ name, waits }) => `! ${name} ${waits}`);
  return [...table([HEAD, ...rows, ...over]), ...waiting, ...failures];
};

const HEAD: readonly string[] = ['TASK', 'NODE', 'STATE', 'PROGRAM', 'PAGES', 'MAPPED'];

const factsOnly = ({ port: _port, ...facts }: FoundTask): TaskFacts => facts;

/** Shows a task, and what would keep it from moving; of one that has ended, how it ended. */
export const taskShow = (context: Context, name: string): Promise<number> =>
  withClient(context, async (client) => {
    const found = await anyTaskNamed(client, name).catch(async (error: unknown) => {
      const fate = await fateOf(client, name);
      if (fate === undefined) throw error;
      return fate;
    });
    if ('waits' in found) return showFrozen(context, found);
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

const showFrozen = ({ terminal }: Context, task: FrozenTask): number => {
  const { name, identity, node, program, waits } = task;
  const rows = [
    ['task', name],
    ['identity', identity],
    ['state', 'frozen'],
    ['node', node],
    ['born on', nameOfNode(identity)],
    ['program', program],
    ['it', waits],
  ];
  terminal.result({ ...task, state: 'frozen' }, table(rows));
  return 0;
};

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
