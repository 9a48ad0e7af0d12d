/** What the runner says at the end: for a machine, or for a reader. */
import type { Run } from './suite.ts';

export interface CaseReport {
  readonly id: string;
  readonly file: string;
  readonly status: 'passed' | 'failed' | 'unsupported';
  readonly step?: number;
  readonly expected?: unknown;
  readonly got?: unknown;
  readonly call?: string;
}

export interface SuiteReport {
  readonly passed: number;
  readonly failed: number;
  readonly unsupported: number;
  readonly total: number;
  readonly cases: readonly CaseReport[];
}

const SHOWN_MAX = 2_000; // characters of an expected or a received value

export const reportOf = (runs: readonly Run[]): SuiteReport => ({
  passed: count(runs, 'passed'),
  failed: count(runs, 'failed'),
  unsupported: count(runs, 'unsupported'),
  total: runs.length,
  cases: runs.map(caseReport),
});

const caseReport = ({ file, scenario: { id }, outcome }: Run): CaseReport => {
  switch (outcome.status) {
    case 'passed':
      return { id, file: file.file, status: 'passed' };
    case 'unsupported':
      return { id, file: file.file, status: 'unsupported', call: outcome.call };
    case 'failed': {
      const { step, expected, got, call } = outcome;
      return { id, file: file.file, status: 'failed', step, expected, got, call };
    }
  }
};

/** Memory is shown in hex, a bigint as its digits; what is absent is null rather than missing. */
export const toJson = (value: unknown, indent?: number): string =>
  JSON.stringify(
    value,
    (_, each: unknown) => {
      if (each instanceof Uint8Array) return Buffer.from(each).toString('hex');
      return typeof each === 'bigint' ? each.toString() : each;
    },
    indent,
  ) ?? 'null';

export const toText = (runs: readonly Run[]): string =>
  [...tableOf(runs), ...unsupportedCalls(runs), ...runs.flatMap(failureOf)].join('\n');

const tableOf = (runs: readonly Run[]): readonly string[] => {
  const topics = [...new Set(runs.map(({ file }) => file))];
  const rows = topics.map((file) => {
    const own = runs.filter((run) => run.file === file);
    return [file.topic, ...countsOf(own), file.title];
  });
  return [['topic', 'passed', 'failed', 'unsupp.', 'total', ''], ...rows, ['all', ...countsOf(runs), '']].map(line);
};

const line = ([topic = '', passed = '', failed = '', unsupported = '', total = '', title = '']: string[]): string =>
  [topic.padEnd(6), passed.padStart(7), failed.padStart(7), unsupported.padStart(8), total.padStart(7), ` ${title}`]
    .join('')
    .trimEnd();

const countsOf = (runs: readonly Run[]): string[] => [
  ...(['passed', 'failed', 'unsupported'] as const).map((status) => String(count(runs, status))),
  String(runs.length),
];

const count = (runs: readonly Run[], status: CaseReport['status']): number =>
  runs.filter(({ outcome }) => outcome.status === status).length;

const unsupportedCalls = (runs: readonly Run[]): readonly string[] => {
  const calls = new Map<string, number>();
  for (const { outcome } of runs) {
    if (outcome.status === 'unsupported') calls.set(outcome.call, (calls.get(outcome.call) ?? 0) + 1);
  }
  if (calls.size === 0) return [];
  const sorted = [...calls].sort(([, a], [, b]) => b - a);
  return ['', `unsupported: ${sorted.map(([call, times]) => `${call} ${times}`).join(', ')}`];
};

const failureOf = ({ scenario, label, outcome }: Run): readonly string[] => {
  if (outcome.status !== 'failed') return [];
  const { step, trail, call, expected, got, path } = outcome;
  const inner = trail === String(step) ? '' : ` (${trail})`;
  return [
    '',
    `FAILED ${scenario.id} [${label}] ${scenario.title}`,
    `  step ${step}${inner}: ${call}${path === '' ? '' : `, at ${path}`}`,
    `  expected ${shown(expected)}`,
    `  got      ${shown(got)}`,
  ];
};

const shown = (value: unknown): string => {
  const text = toJson(value);
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}…`;
};
