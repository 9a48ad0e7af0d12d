/** `task stack` and `task locals`: where the threads of a task wait in their sources, and what they hold there. */
import type { Answer } from '../../../kernel/interface/calls.ts';
import {
  type CallLocals,
  type LogicalCall,
  type LogicalWait,
  THREADS_TOLD_MAX,
  type ThreadStack,
} from '../../../kernel/interface/inspect.ts';
import { MACH_PORT_NULL, type PortName } from '../../../ports/name.ts';
import { OperatorError } from '../../node/operator-error.ts';
import { callKernelPort, letGo } from '../agent.ts';
import { ASK, type Client, type FoundTask, nodeNamed, serviceOf } from '../client.ts';
import type { Context, TaskLocalsOptions } from '../context.ts';
import { anyTaskNamed } from '../find-task.ts';
import { type FrozenTask, frozenError } from '../frozen.ts';
import { table } from '../terminal.ts';
import { withClient } from './with-client.ts';

/** Characters of a hash that are shown. */
const HASH_SHOWN = 12;

interface Threads {
  readonly stacks: readonly ThreadStack[];
  /** Threads beyond the limit. */
  readonly more: number;
  /** What one call of a thread holds; null if there is no such call. */
  localsOf(thread: number, frame: number): Promise<CallLocals | null>;
  /** Gives up what it took to ask. */
  close(): void;
}

/** Threads of a task that runs are asked by their own ports, those of one that is frozen by its kernel. */
const threadsOf = (client: Client, task: FoundTask | FrozenTask): Promise<Threads> =>
  'port' in task ? runningThreads(client, task) : frozenThreads(client, task);

/** Shows the logical stack of every thread. */
export const taskStack = (context: Context, name: string): Promise<number> =>
  withClient(context, async (client) => {
    const task = await anyTaskNamed(client, name);
    const { stacks: threads, more, close } = await threadsOf(client, task);
    close();
    const lines = threads.flatMap((stack) => [
      headOf(stack),
      ...table(stack.calls.map(rowOf)),
      ...moreLine(stack.more),
    ]);
    const said = { task: task.name, node: task.node, ...standOf(task), threads, more };
    context.terminal.result(said, [...lines, ...moreThreads(more)]);
    if ('waits' in task) context.terminal.say(`! ${task.name} is frozen: it ${task.waits}`);
    return 0;
  });

/** Shows the variables of one call of every thread, or of the one that is named. */
export const taskLocals = (context: Context, name: string, options: TaskLocalsOptions): Promise<number> =>
  withClient(context, async (client) => {
    const task = await anyTaskNamed(client, name);
    const { stacks, more, localsOf, close } = await threadsOf(client, task);
    const { frame = 0, thread: only } = options;
    const meant = stacks.filter(({ thread }) => only === undefined || thread === only);
    const found = await Promise.all(
      meant.map(async ({ thread }) => {
        const held = await localsOf(thread, frame);
        return held === null ? [] : [{ thread, ...held }];
      }),
    );
    close();
    const threads = found.flat();
    if (threads.length === 0) throw noSuchCall(task, stacks, options);
    const lines = threads.flatMap(({ thread, call, locals, more: rest }) => [
      `thread ${thread}  ${rowOf(call).join('  ').trim()}`,
      ...table(locals.map(({ name: variable, text }) => [`  ${variable}`, text])),
      ...(locals.length === 0 ? ['  it holds nothing'] : []),
      ...(rest === 0 ? [] : [`  … ${rest} more`]),
    ]);
    const said = { task: task.name, node: task.node, ...standOf(task), frame, threads };
    context.terminal.result(said, [...lines, ...moreThreads(more)]);
    if ('waits' in task) context.terminal.say(`! ${task.name} is frozen: it ${task.waits}`);
    return 0;
  });

/** How a task stands, as data. */
const standOf = (task: FoundTask | FrozenTask): { readonly state: string; readonly waits?: string } =>
  'waits' in task ? { state: 'frozen', waits: task.waits } : { state: 'running' };

const runningThreads = async ({ agent }: Client, task: FoundTask): Promise<Threads> => {
  const answer = await callKernelPort(agent, task.port, { op: 'task_threads' }, ASK);
  letGo(agent, task.port);
  if (answer.kr !== 'KERN_SUCCESS') throw gone(task, String(answer.kr));
  const all = (answer['threads'] ?? []) as readonly PortName[];
  for (const port of all.slice(THREADS_TOLD_MAX)) letGo(agent, port);
  const ports = new Map<number, PortName>();
  const stacks = await Promise.all(
    all.slice(0, THREADS_TOLD_MAX).map(async (port) => {
      const { kr, ...fields } = await callKernelPort(agent, port, { op: 'thread_get_stack' }, ASK);
      const stack = fields as unknown as ThreadStack;
      if (kr === 'KERN_SUCCESS') ports.set(stack.thread, port);
      else letGo(agent, port); // it has ended meanwhile
      return kr === 'KERN_SUCCESS' ? [stack] : [];
    }),
  );
  return {
    stacks: stacks.flat(),
    more: Math.max(0, all.length - THREADS_TOLD_MAX),
    localsOf: async (thread, frame) => {
      const port = ports.get(thread) ?? MACH_PORT_NULL;
      return asLocals(await callKernelPort(agent, port, { op: 'thread_get_locals', frame }, ASK));
    },
    close: () => {
      for (const port of ports.values()) letGo(agent, port);
    },
  };
};

const frozenThreads = async (client: Client, task: FrozenTask): Promise<Threads> => {
  if (task.where === 'image') throw frozenError(task);
  const { agent } = client;
  const host = await serviceOf(client, nodeNamed(client, task.node), 'host');
  const { kr, stacks, more } = await callKernelPort(agent, host, { op: 'host_stacks', task: task.identity }, ASK);
  if (kr !== 'KERN_SUCCESS') throw gone(task, String(kr));
  return {
    stacks: stacks as unknown as readonly ThreadStack[],
    more: Number(more),
    localsOf: async (thread, frame) =>
      asLocals(await callKernelPort(agent, host, { op: 'host_locals', task: task.identity, thread, frame }, ASK)),
    close: () => letGo(agent, host),
  };
};

const asLocals = ({ kr, ...fields }: Answer): CallLocals | null =>
  kr === 'KERN_SUCCESS' ? (fields as unknown as CallLocals) : null;

const gone = (task: FoundTask | FrozenTask, kr: string): OperatorError =>
  new OperatorError({
    code: 'E_NO_SUCH_TASK',
    text: `${task.name} cannot be looked into on ${task.node}: ${kr}`,
    hint: `portolan task show ${task.name}: it may have ended, or be on its way`,
  });

const noSuchCall = (
  task: FoundTask | FrozenTask,
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
