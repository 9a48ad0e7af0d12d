/** `task run`. */
import { resolve } from 'node:path';
import type { ConsoleLine } from '../../console/protocol.ts';
import { type OperatorCode, OperatorError } from '../../node/operator-error.ts';
import { type Answered, nodeService, type ProgramFacts, type RunFacts } from '../../node/protocol.ts';
import type { NodeRecord } from '../../node/state-dir.ts';
import { ask, letGo, valueOf } from '../agent.ts';
import { type Client, gather, nodeNamed, serviceOf, tasksOf } from '../client.ts';
import type { Context, TaskRunOptions } from '../context.ts';
import { type Fate, fateOf, fateText } from '../fates.ts';
import { taskNamed } from '../find-task.ts';
import { followTask, LogReader, show } from './task-logs.ts';
import { withClient } from './with-client.ts';

/** A program is compiled before it runs. */
const COMPILE = { timeoutMs: 30_000 };

/** Which file, with what, where, and called what. */
export interface TaskRunArguments extends TaskRunOptions {
  readonly file: string;
  readonly args: readonly string[];
}

type Run = RunFacts & ProgramFacts;

/** Starts a task. Its program is made known to every node that answers, so that it can move at once. */
export const taskRun = (context: Context, options: TaskRunArguments): Promise<number> =>
  withClient(context, async (client) => {
    const { terminal, signal } = context;
    const record = options.on === undefined ? client.records[0] : nodeNamed(client, options.on);
    if (record === undefined) throw new OperatorError({ code: 'E_NO_KERNEL', text: 'no node runs' });
    const file = resolve(options.file);
    const program = await loadOn(client, record, file);
    const others = client.records.filter((each) => each !== record);
    const elsewhere = await Promise.allSettled(others.map((each) => loadOn(client, each, file)));
    const lacking = others.filter((_, at) => elsewhere[at]?.status === 'rejected').map((each) => each.name);
    const name = await freeName(
      client,
      options.name ?? program.name,
      options.name === undefined ? 'number it' : 'refuse',
    );
    const server = await serviceOf(client, record, 'node');
    const question = {
      service: nodeService,
      server,
      routine: 'run',
      args: { file, name, args: options.args },
    } as const;
    const { reply } = await ask(client.agent, question, { ...COMPILE, signal });
    const run: Run = opened(valueOf(reply, name));
    for (const each of lacking) terminal.say(`${each} has not loaded the program: ${name} cannot move there yet`);
    if (options.wait === true) return waitFor(context, client, { run, node: record.name });
    terminal.result({ ...run, node: record.name, lacking }, [`✓ ${run.name} runs on ${record.name}`]);
    terminal.say(`next: portolan task logs -f ${run.name}`);
    return 0;
  });

/** Shows what a task prints until it ends. One that failed is an error; a ^C leaves it alone. */
const waitFor = async (
  context: Context,
  client: Client,
  { run, node }: { readonly run: Run; readonly node: string },
): Promise<number> => {
  const { terminal, signal } = context;
  const { name, identity } = run;
  const lines: ConsoleLine[] = [];
  const hand = (more: readonly ConsoleLine[]): void => {
    lines.push(...more);
    if (!terminal.isJson) show(context, more);
  };
  const fate = await watched(client, { identity, signal }, hand).catch((error: unknown) => {
    if (!signal.aborted) throw error;
    throw new OperatorError({
      code: 'E_INTERRUPTED',
      text: `${name} is watched no more; it runs on`,
      hint: `portolan task logs -f ${name}, or portolan task kill ${name}`,
    });
  });
  if (fate?.state === 'failed') throw failed(fate);
  if (fate === undefined) {
    throw new OperatorError({
      code: 'E_NO_KERNEL',
      text: `${name} is gone, and no node that answers knows how it ended; it was started on ${node}`,
      hint: 'portolan node ls',
      outcome: 'unknown',
    });
  }
  terminal.result({ ...run, node: fate.node, state: fate.state, lines }, []);
  terminal.say(`✓ ${fateText(fate)}`);
  return 0;
};

const watched = async (
  client: Client,
  { identity, signal }: { readonly identity: string; readonly signal: AbortSignal },
  hand: (lines: readonly ConsoleLine[]) => void,
): Promise<Fate | undefined> => {
  const reader = new LogReader(client, identity);
  const task = await taskNamed(client, identity).catch((error: unknown) => {
    if (error instanceof OperatorError && error.code === 'E_NO_SUCH_TASK') return null;
    throw error;
  });
  if (task === null) {
    hand(await reader.next()); // over before it could be looked at
    return fateOf(client, identity);
  }
  const fate = await followTask(client, { reader, port: task.port, signal }, hand);
  letGo(client.agent, task.port);
  return fate;
};

const failed = (fate: Fate): OperatorError =>
  new OperatorError({
    code: 'E_FAILED',
    text: fateText(fate),
    details: fate.stack,
    hint:
      fate.place === null
        ? `portolan task logs ${fate.name}`
        : `look at ${fate.place}; what it printed: portolan task logs ${fate.name}`,
  });

/** Has a node load the program of a file. */
export const loadOn = async (client: Client, record: NodeRecord, file: string): Promise<ProgramFacts> => {
  const server = await serviceOf(client, record, 'node');
  const { reply } = await ask(client.agent, { service: nodeService, server, routine: 'load', args: { file } }, COMPILE);
  return opened(valueOf(reply, record.name));
};

const opened = <T>(answered: Answered<T>): T => {
  if (answered.ok) return answered.value;
  const { code, text, hint, details } = answered.trouble;
  throw new OperatorError({ code: code as OperatorCode, text, details, ...(hint === null ? {} : { hint }) });
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
