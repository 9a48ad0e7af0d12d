/** `task stack` and `task locals`: where the threads of a task wait in their sources, and what they hold there. */
import type { CallLocals, LogicalCall, LogicalWait, ThreadStack } from '../../../kernel/interface/inspect.ts';
import type { PortName } from '../../../ports/name.ts';
import { OperatorError } from '../../node/operator-error.ts';
import { callKernelPort, letGo } from '../agent.ts';
import { ASK, type Client, type FoundTask } from '../client.ts';
import type { Context, TaskLocalsOptions } from '../context.ts';
import { taskNamed } from '../find-task.ts';
import { table } from '../terminal.ts';
import { withClient } from './with-client.ts';

/** Threads of a task that are told of. */
const THREADS_MAX = 200;
/** Characters of a hash that are shown. */
const HASH_SHOWN = 12;

interface Threads {
  readonly stacks: readonly (ThreadStack & { readonly port: PortName })[];
  /** Threads beyond the limit. */
  readonly more: number;
}

/** Shows the logical stack of every thread. */
export const taskStack = (context: Context, name: string): Promise<number> =>
  withClient(context, async (client) => {
    const task = await taskNamed(client, name);
    const { stacks, more } = await stacksOf(client, task);
    for (const { port } of stacks) letGo(client.agent, port);
    const threads = stacks.map(({ port: _port, ...stack }) => stack);
    const lines = threads.flatMap((stack) => [
      headOf(stack),
      ...table(stack.calls.map(rowOf)),
      ...moreLine(stack.more),
    ]);
    context.terminal.result({ task: task.name, node: task.node, threads, more }, [...lines, ...moreThreads(more)]);
    return 0;
  });

/** Shows the variables of one call of every thread, or of the one that is named. */
export const taskLocals = (context: Context, name: string, options: TaskLocalsOptions): Promise<number> =>
  withClient(context, async (client) => {
    const task = await taskNamed(client, name);
    const { stacks, more } = await stacksOf(client, task);
    const { frame = 0, thread: only } = options;
    const meant = stacks.filter(({ thread }) => only === undefined || thread === only);
    const found = await Promise.all(meant.map((stack) => localsOf(client, stack, frame)));
    for (const { port } of stacks) letGo(client.agent, port);
    const threads = found.filter((each) => each !== null);
    if (threads.length === 0) throw noSuchCall(task, stacks, options);
    const lines = threads.flatMap(({ thread, call, locals, more: rest }) => [
      `thread ${thread}  ${rowOf(call).join('  ').trim()}`,
      ...table(locals.map(({ name: variable, text }) => [`  ${variable}`, text])),
      ...(locals.length === 0 ? ['  it holds nothing'] : []),
      ...(rest === 0 ? [] : [`  … ${rest} more`]),
    ]);
    context.terminal.result({ task: task.name, node: task.node, frame, threads }, [...lines, ...moreThreads(more)]);
    return 0;
  });

const stacksOf = async (client: Client, task: FoundTask): Promise<Threads> => {
  const { agent } = client;
  const answer = await callKernelPort(agent, task.port, { op: 'task_threads' }, ASK);
  letGo(agent, task.port);
  if (answer.kr !== 'KERN_SUCCESS') throw gone(task, String(answer.kr));
  const ports = (answer['threads'] ?? []) as readonly PortName[];
  for (const port of ports.slice(THREADS_MAX)) letGo(agent, port);
  const shown = ports.slice(0, THREADS_MAX);
  const stacks = await Promise.all(
    shown.map(async (port) => {
      const { kr, ...fields } = await callKernelPort(agent, port, { op: 'thread_get_stack' }, ASK);
      if (kr === 'KERN_SUCCESS') return { ...(fields as unknown as ThreadStack), port };
      letGo(agent, port); // it has ended meanwhile
      return null;
    }),
  );
  return { stacks: stacks.filter((each) => each !== null), more: Math.max(0, ports.length - THREADS_MAX) };
};

const localsOf = async (
  client: Client,
  { thread, port }: Threads['stacks'][number],
  frame: number,
): Promise<(CallLocals & { readonly thread: number }) | null> => {
  const { kr, ...fields } = await callKernelPort(client.agent, port, { op: 'thread_get_locals', frame }, ASK);
  return kr === 'KERN_SUCCESS' ? { thread, ...(fields as unknown as CallLocals) } : null;
};

const gone = (task: FoundTask, kr: string): OperatorError =>
  new OperatorError({
    code: 'E_NO_SUCH_TASK',
    text: `${task.name} cannot be looked into on ${task.node}: ${kr}`,
    hint: `portolan task show ${task.name}: it may have ended, or be on its way`,
  });

const noSuchCall = (
  task: FoundTask,
  stacks: Threads['stacks'],
  { frame = 0, thread }: TaskLocalsOptions,
): OperatorError =>
  new OperatorError({
    code: 'E_USAGE',
    text: `${task.name} has no call ${frame}${thread === undefined ? '' : ` in a thread ${thread}`}`,
    details: stacks.map((stack) => `thread ${stack.thread} has the calls 0 to ${stack.calls.length + stack.more - 1}`),
    hint: `portolan task stack ${task.name}`,
  });

const headOf = ({ thread, program, hash, waits, suspendCount }: ThreadStack): string => {
  const stopped = suspendCount === 0 ? '' : `, suspended ${suspendCount} times`;
  return `thread ${thread}  ${program} ${hash.slice(0, HASH_SHOWN)}  ${waitText(waits)}${stopped}`;
};

const waitText = ({ call, port, remainingMs }: LogicalWait): string => {
  const where = port === null ? '' : ` on port ${port}`;
  return `${call}${where}${remainingMs === null ? '' : `, ${Math.ceil(remainingMs)} ms left`}`;
};

const rowOf = ({ name, file, line, column }: LogicalCall, index?: number): string[] => [
  `  ${index ?? ''}`.trimEnd(),
  name,
  file === null ? '' : `${file}:${line}:${column}`,
];

const moreLine = (more: number): string[] => (more === 0 ? [] : [`  … ${more} more calls`]);

const moreThreads = (more: number): string[] => (more === 0 ? [] : [`… ${more} more threads`]);
