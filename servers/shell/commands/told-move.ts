/** What the operator is told of a move. */
import type { MoveRecord } from '../../migration/protocol.ts';
import { OperatorError } from '../../node/operator-error.ts';
import { nameOfNode } from '../../node/state-dir.ts';
import type { TaskFacts } from '../client.ts';
import { bytesText } from '../terminal.ts';

/** What a migration server answers. */
export interface Verdict {
  readonly record: MoveRecord | null;
  readonly blockers: readonly string[];
}

/** What of a task's threads would travel in the freeze. */
export interface ImageFacts {
  readonly bytes: number;
  readonly heaviest: { readonly path: string; readonly bytes: number };
}

/** Names of nodes as people know them: without what makes them unique. */
export const plain = (text: string): string =>
  text.replace(/\b([\w-]+)\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '$1');

/** Why a move was not made, the reason before its details, each once. */
const reasonsOf = ({ record, blockers }: Verdict): string[] => {
  const why = record === null || record.why === '' ? [] : [record.why];
  return [...new Set([...why, ...blockers].map(plain))];
};

/** What a dry run found. */
export const dryRunLines = (
  task: TaskFacts,
  verdict: Verdict,
  image: ImageFacts | null,
): { readonly lines: readonly string[]; readonly isFree: boolean } => {
  const reasons = reasonsOf(verdict);
  const isFree = reasons.length === 0;
  const lines = isFree ? [`✓ nothing keeps ${task.name} on ${task.node}`] : reasons.map((each) => `✗ ${each}`);
  if (image !== null) {
    const { path, bytes } = image.heaviest;
    lines.push(`  frozen it carries ${bytesText(image.bytes)}, of which ${bytesText(bytes)} are ${path}`);
    lines.push(`  ${task.pages} pages of memory (${bytesText(task.pages * 4096)}) follow as the strategy says`);
  }
  return { lines, isFree };
};

/** A move that did not come about, as an error. The task runs where it was. */
export const refusalOf = (task: TaskFacts, to: string, verdict: Verdict): OperatorError => {
  const { record } = verdict;
  const [why = 'no reason is known', ...details] = reasonsOf(verdict);
  const stays = `${task.name} stays on ${task.node} and runs: ${why}`;
  if (record?.outcome === 'under way') {
    return new OperatorError({
      code: 'E_TIMEOUT',
      text: `${task.name}: the move to ${to} is not over`,
      hint: `portolan task show ${task.name}`,
    });
  }
  if (record?.outcome === 'aborted') {
    const text = record.code === '' ? stays : `${task.name} stays on ${task.node} and runs: ${record.code}: ${why}`;
    const hint = abortHint(task, to, record, why);
    return new OperatorError({ code: 'E_MIGRATION_ABORTED', text, details, hint, outcome: 'rolled back' });
  }
  if (record?.code === 'E_VERSION') {
    return new OperatorError({
      code: 'E_VERSION',
      text: stays,
      details: [...record.missing.flatMap(lackLines), ...details],
      hint: `start ${to} with --accept-code-from ${task.node}, or have it load the program that ${task.name} runs`,
    });
  }
  return new OperatorError({
    code: 'E_NOT_MIGRATABLE',
    text: stays,
    details,
    hint: `portolan node ls, portolan task show ${task.name}`,
  });
};

const abortHint = ({ name, node }: TaskFacts, to: string, { code }: MoveRecord, why: string): string => {
  if (code === 'E_IMAGE') {
    const anew = `portolan node stop ${to}, then portolan node start ${to} --accept-code-from ${node}`;
    return `${to} has other code under the same name: ${anew}`;
  }
  return why.includes('journal')
    ? `make room there, then portolan migrate ${name} ${to}; or start ${node} with --no-journal`
    : `portolan node ls, then portolan migrate ${name} ${to} --dry-run`;
};

const lackLines = ({ name, hash, present, modules }: MoveRecord['missing'][number]): string[] => [
  `needed: ${name} ${hash}`,
  ...present.map((each) => `there: ${name} ${each}`),
  ...modules.map((each) => `absent module: ${each}`),
];

/** A move that came about. */
export const movedLines = (task: TaskFacts, record: MoveRecord): string[] => {
  const { strategy, bytesInFreeze, pagesInFreeze, pagesAtFreeze, pagesLeft } = record;
  const way = `${nameOfNode(record.from)} → ${nameOfNode(record.to)}`;
  const inFreeze = `${bytesText(bytesInFreeze)} and ${pagesInFreeze} of ${pagesAtFreeze} pages went along`;
  const rest = pagesLeft === 0 ? 'nothing is left to follow' : `${pagesLeft} pages follow while it runs`;
  return [`✓ ${task.name}  ${way}  frozen for ${record.freezeMs.toFixed(1)} ms`, `  ${strategy}: ${inFreeze}, ${rest}`];
};
