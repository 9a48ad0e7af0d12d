/** `lab`: plays a script of calls in a kernel of its own: each call, its code, what changed, and why it was refused. */
import { readFileSync } from 'node:fs';
import { columns, whyLines } from '../../../kernel/lab/draw.ts';
import { knobRows } from '../../../kernel/lab/knobs.ts';
import { play, type Report } from '../../../kernel/lab/play.ts';
import { ScriptError } from '../../../kernel/lab/script.ts';
import { messageOf, OperatorError } from '../../node/operator-error.ts';
import type { Context, LabOptions } from '../context.ts';
import { table } from '../terminal.ts';

/** Plays the script in a file, or shows the semantic knobs. */
export const lab = async (context: Context, file: string | undefined, options: LabOptions): Promise<number> => {
  if (options.knobs === true) return knobs(context);
  if (file === undefined)
    throw new OperatorError({ code: 'E_USAGE', text: 'which script?', hint: 'portolan lab FILE' });
  const text = read(file);
  const { laboratory } = await import('../laboratory.ts');
  const reports: Report[] = [];
  try {
    for (const report of play(text, (named) => laboratory(options.profile ?? named))) {
      reports.push(report);
      if (!context.terminal.isJson) context.terminal.stream(report, linesOf(report).join('\n'));
    }
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    throw new OperatorError({
      code: 'E_USAGE',
      text: `${file}:${error.line}: ${error.message.replace(/^line \d+: /, '')}`,
      hint: 'kernel/lab/README.md has the language of scripts',
    });
  }
  if (context.terminal.isJson) context.terminal.result({ file, steps: reports }, []);
  return 0;
};

const knobs = ({ terminal }: Context): number => {
  const [heads, ...rows] = knobRows();
  const data = rows.map((row) => Object.fromEntries((heads ?? []).map((head, at) => [head, row[at]])));
  terminal.result({ knobs: data }, table(knobRows()));
  return 0;
};

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new OperatorError({
      code: 'E_NO_INPUT',
      text: `${file} cannot be read: ${messageOf(error)}`,
      hint: 'a script is a text, a call a line: examples/06-laboratory.lab',
    });
  }
};

const JSON_MAX = 160;

const short = (value: unknown): string => {
  const text = JSON.stringify(value) ?? '';
  return text.length > JSON_MAX ? `${text.slice(0, JSON_MAX)}…` : text;
};

const linesOf = (report: Report): string[] => {
  const { text, code, waits, answer, changed, why, answered, shown, explored } = report;
  const outcome = waits ? '… it waits' : code === null ? '' : `→ ${code}`;
  const fields = answer === null || Object.keys(answer).length === 0 ? '' : `  ${short(answer)}`;
  return [
    `${text}  ${outcome}${fields}`.trimEnd(),
    ...changed.map((line) => `    ${line}`),
    ...answered.map(({ who, call, code: got }) => `    ${who} goes on: ${call} → ${got}`),
    ...(why === null ? [] : whyLines(why).map((line) => `    ${line}`)),
    ...shown.map((line) => `    ${line}`),
    ...(explored === null ? [] : exploredLines(explored)),
  ];
};

const exploredLines = ({ outcomes, runs, isComplete }: NonNullable<Report['explored']>): string[] => [
  `    ${runs} orders of turns${isComplete ? ', all there are' : '; there are more'}, ${outcomes.length} outcomes`,
  ...columns(
    outcomes.map(({ outcome, runs: times, schedule }) => [
      `    ${times} ×`,
      ...Object.entries(outcome).map(
        ([actor, codes]) => `${actor}: ${codes.map((code) => code ?? 'waits').join(', ')}`,
      ),
      `first: ${schedule.join(' ')}`,
    ]),
  ),
];
