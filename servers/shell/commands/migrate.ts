/** `migrate`. */
import { type MigrateRequest, type MoveRecord, migrationService } from '../../migration/protocol.ts';
import { OperatorError } from '../../node/operator-error.ts';
import type { ProgramFacts } from '../../node/protocol.ts';
import type { NodeRecord } from '../../node/state-dir.ts';
import { ask, callKernelPort, letGo, valueOf } from '../agent.ts';
import { ASK, type Client, type FoundTask, factsOf, nodeNamed, serviceOf } from '../client.ts';
import type { Context, MigrateOptions } from '../context.ts';
import { taskNamed } from '../find-task.ts';
import { loadOn } from './task-run.ts';
import { dryRunLines, type ImageFacts, movedLines, refusalOf, type Verdict } from './told-move.ts';
import { withClient } from './with-client.ts';

/** How long a move may take until it is decided. */
const MOVE_MS = 60_000;

/** Which task, where to, and how. */
export interface MigrateArguments extends MigrateOptions {
  readonly task: string;
  readonly node: string;
}

/** Moves a task. */
export const migrate = (context: Context, options: MigrateArguments): Promise<number> =>
  withClient(context, async (client) => {
    const destination = nodeNamed(client, options.node);
    const task = await taskNamed(client, options.task);
    const image = options.dryRun === true ? await imageOf(client, task) : null;
    letGo(client.agent, task.port);
    let verdict = await requestMove(context, client, task, { options, destination });
    // The destination needs the very code that the task runs: only if it has refused is that looked into.
    const { outcome, missing = [] } = verdict.record ?? {};
    if (outcome === 'refused' && missing.length > 0) {
      const why = await bringPrograms(client, task, { destination, missing });
      verdict =
        why === null
          ? await requestMove(context, client, task, { options, destination })
          : { ...verdict, blockers: [...verdict.blockers, why] };
    }
    const { record } = verdict;
    if (options.dryRun === true) {
      const { lines, isFree } = dryRunLines(task, verdict, image);
      context.terminal.result({ ...verdict, image }, lines);
      return isFree ? 0 : 1;
    }
    if (record === null || record.outcome !== 'moved') throw refusalOf(task, destination.name, verdict);
    context.terminal.result(record, movedLines(task, record));
    return 0;
  });

/** Asks the migration server of the task's node. A ^C ends the waiting, not the move: that ends by itself. */
const requestMove = async (
  { signal }: Context,
  client: Client,
  task: FoundTask,
  { options, destination }: { readonly options: MigrateArguments; readonly destination: NodeRecord },
): Promise<Verdict> => {
  const server = await serviceOf(client, nodeNamed(client, task.node), 'migration');
  const args: MigrateRequest = {
    task: task.identity,
    node: destination.node,
    ...(options.strategy === undefined ? {} : { strategy: options.strategy }),
    ...(options.k === undefined ? {} : { k: options.k }),
    ...(options.push === undefined ? {} : { push: options.push === 'on' ? 'idle' : 'off' }),
    ...(options.dryRun === undefined ? {} : { dryRun: options.dryRun }),
  };
  const question = { service: migrationService, server, routine: 'migrate', args } as const;
  try {
    const { reply } = await ask(client.agent, question, { timeoutMs: MOVE_MS, signal });
    letGo(client.agent, server);
    return valueOf(reply, task.name);
  } catch (error) {
    throw unheard(error, task, destination);
  }
};

/** What is known of a move of whose end nothing was heard: the task is whole, and on one of two nodes. */
const unheard = (error: unknown, task: FoundTask, { name }: NodeRecord): unknown => {
  if (!(error instanceof OperatorError)) return error;
  const hint = `portolan task show ${task.name}`;
  const outcome = 'unknown';
  switch (error.code) {
    case 'E_INTERRUPTED':
      return new OperatorError({
        code: 'E_INTERRUPTED',
        text: `waiting stopped; the move of ${task.name} from ${task.node} to ${name} goes on and ends by itself`,
        hint,
        outcome,
        cause: error,
      });
    case 'E_TIMEOUT':
      return new OperatorError({
        code: 'E_TIMEOUT',
        text: `the move of ${task.name} from ${task.node} to ${name} is not over after ${MOVE_MS / 1000} s`,
        hint,
        outcome,
        cause: error,
      });
    case 'E_WIRE':
      return new OperatorError({
        code: 'E_WIRE',
        text: `${task.node} has died while ${task.name} was moving to ${name}`,
        hint,
        outcome,
        cause: error,
      });
    default:
      return error;
  }
};

const imageOf = async (client: Client, task: FoundTask): Promise<ImageFacts | null> => {
  const { image } = await callKernelPort(client.agent, task.port, { op: 'task_describe' }, ASK);
  return (image ?? null) as ImageFacts | null;
};

/**
 * Has the destination load what it lacks, from the files that the source made it of. Null if all of it is there now,
 * else why not; E_VERSION if a file holds another program by now.
 */
const bringPrograms = async (
  client: Client,
  task: FoundTask,
  { destination, missing }: { readonly destination: NodeRecord; readonly missing: MoveRecord['missing'] },
): Promise<string | null> => {
  const { programs } = await factsOf(client, nodeNamed(client, task.node));
  for (const lack of missing) {
    const known = programs.find(({ name, hash }) => name === lack.name && hash === lack.hash);
    if (known === undefined) return `${task.node} has not made ${lack.name} of a file itself`;
    const hash = await loadOn(client, destination, known.file).then(
      (loaded) => loaded.hash,
      (error: unknown) => unloadable(error, known.file),
    );
    if (typeof hash !== 'string') return hash.why;
    if (hash !== lack.hash) throw otherVersion(task, destination, known, hash);
  }
  return null;
};

/** A file that makes no program any more is no reason by itself: the task does not need it where it is. */
const unloadable = (error: unknown, file: string): { readonly why: string } => {
  if (error instanceof OperatorError && error.code === 'E_NOT_A_PROGRAM') return { why: `${file}: ${error.message}` };
  throw error;
};

const otherVersion = (
  task: FoundTask,
  destination: NodeRecord,
  { name, hash, file }: ProgramFacts,
  found: string,
): OperatorError =>
  new OperatorError({
    code: 'E_VERSION',
    text: `${task.name} stays on ${task.node}: it runs another version of ${name} than ${file} holds now`,
    hint: `put the file back as it was, or start ${destination.name} with --accept-code-from ${task.node}`,
    details: [`running ${hash}`, `in the file ${found}`],
  });
