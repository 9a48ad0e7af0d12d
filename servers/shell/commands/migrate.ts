/** `migrate`. */
import { type MigrateRequest, type MoveRecord, migrationService } from '../../migration/protocol.ts';
import { OperatorError } from '../../node/operator-error.ts';
import { nameOfNode } from '../../node/state-dir.ts';
import { ask, callKernelPort, letGo, valueOf } from '../agent.ts';
import { ASK, type Client, type FoundTask, factsOf, nodeNamed, serviceOf, taskNamed } from '../client.ts';
import type { Context, MigrateOptions } from '../context.ts';
import { bytesText } from '../terminal.ts';
import { loadOn } from './task.ts';
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
    const task = await taskNamed(client, options.task);
    letGo(client.agent, task.port);
    const source = nodeNamed(client, task.node);
    const destination = nodeNamed(client, options.node);
    if (source !== destination) await bringProgram(client, task, options.node);
    const server = await serviceOf(client, source, 'migration');
    const args: MigrateRequest = {
      task: task.identity,
      node: destination.node,
      ...(options.strategy === undefined ? {} : { strategy: options.strategy }),
      ...(options.k === undefined ? {} : { k: options.k }),
      ...(options.push === undefined ? {} : { push: options.push === 'on' ? 'idle' : 'off' }),
      ...(options.dryRun === undefined ? {} : { dryRun: options.dryRun }),
    };
    const question = { service: migrationService, server, routine: 'migrate', args } as const;
    const { reply } = await ask(client.agent, question, { timeoutMs: MOVE_MS, signal: context.signal });
    const { record, blockers } = valueOf(reply, task.name);
    if (options.dryRun === true) return told(context, task, { record, blockers });
    if (record === null || record.outcome !== 'moved') throw refusal(task, record, blockers);
    context.terminal.result(record, movedLines(task, record));
    return 0;
  });

/** The destination needs the very code that the task runs. Whoever loaded it at the source knows the file. */
const bringProgram = async (client: Client, task: FoundTask, to: string): Promise<void> => {
  const facts = await factsOf(client, nodeNamed(client, task.node));
  const program = facts.programs.find((each) => each.name === task.program);
  if (program === undefined) return; // it came from elsewhere: if it is missing the destination will say so
  const destination = nodeNamed(client, to);
  const host = await serviceOf(client, destination, 'host');
  const { name, hash, file } = program;
  const { missing } = await callKernelPort(
    client.agent,
    host,
    { op: 'host_programs', programs: [{ name, hash }] },
    ASK,
  );
  letGo(client.agent, host);
  if (!Array.isArray(missing) || missing.length === 0) return;
  const loaded = await loadOn(client, destination, file);
  if (loaded.hash === hash) return;
  throw new OperatorError({
    code: 'E_VERSION',
    text: `${task.name} runs another version of ${name} than ${file} holds now`,
    hint: 'start the task anew, or put the file back as it was',
    details: [`running ${hash}`, `in the file ${loaded.hash}`],
  });
};

interface Verdict {
  readonly record: MoveRecord | null;
  readonly blockers: readonly string[];
}

const told = (context: Context, task: FoundTask, { record, blockers }: Verdict): number => {
  const lines =
    blockers.length === 0 ? [`✓ nothing keeps ${task.name} on ${task.node}`] : blockers.map((each) => `✗ ${each}`);
  context.terminal.result({ record, blockers }, lines);
  return blockers.length === 0 ? 0 : 1;
};

const refusal = (task: FoundTask, record: MoveRecord | null, blockers: readonly string[]): OperatorError => {
  const details = blockers.filter((each) => each !== record?.why);
  const why = record === null || record.why === '' ? (blockers[0] ?? 'no reason is known') : record.why;
  if (record?.outcome === 'aborted') {
    return new OperatorError({
      code: 'E_MIGRATION_ABORTED',
      text: `${task.name} stays on ${task.node}: ${why}`,
      hint: `portolan migrate ${task.name} ${nameOfNode(record.to)} --dry-run`,
      details,
      outcome: 'rolled back',
    });
  }
  if (record?.outcome === 'under way') {
    return new OperatorError({
      code: 'E_TIMEOUT',
      text: `${task.name}: the move is not over`,
      hint: 'portolan trace export',
    });
  }
  return new OperatorError({
    code: 'E_NOT_MIGRATABLE',
    text: `${task.name} stays on ${task.node}: ${why}`,
    hint: `portolan task show ${task.name}`,
    details,
  });
};

const movedLines = (task: FoundTask, record: MoveRecord): string[] => {
  const { strategy, bytesInFreeze, pagesInFreeze, pagesAtFreeze, pagesLeft } = record;
  const way = `${nameOfNode(record.from)} → ${nameOfNode(record.to)}`;
  const inFreeze = `${bytesText(bytesInFreeze)} and ${pagesInFreeze} of ${pagesAtFreeze} pages in the freeze`;
  return [
    `✓ ${task.name}  ${way}  frozen for ${record.freezeMs.toFixed(1)} ms`,
    `  ${strategy}: ${inFreeze}, ${pagesLeft} to follow`,
  ];
};
