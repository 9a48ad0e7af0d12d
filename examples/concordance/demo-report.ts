/** How the demonstration tells what happened, to somebody who reads only this and has never heard of any of it. */
import type { NodeRecord } from '../../servers/node/state-dir.ts';
import type { MoveReport } from './demo-nodes.ts';
import type { InputPlan } from './input.ts';

const count = (value: number): string => value.toLocaleString('en');

/** What is about to be seen. */
export const openingLines = (root: string, { files, textBytes }: InputPlan): string[] => [
  'A program is moved between two processes ten times, in the middle of its work and while others talk to it.',
  '',
  `the job      index every word of ${count(files.length)} text files (${(textBytes / 1e6).toFixed(1)} MB) of ${root},`,
  '             in the memory of one task, and answer questions about them meanwhile',
  'beforehand   the same index is built here once without moving: what every answer and every page has to be …',
];

/** Who takes part, and what the columns mean. */
export const sceneLines = (records: readonly NodeRecord[]): string[] => {
  const nodes = records.map(({ name, pid }) => `${name} (process ${pid})`).join(' and ');
  return [
    `the nodes    ${nodes}: a kernel each; the task is on one of them at a time`,
    `the clients  two, on a third kernel in this process (${process.pid}); they never pause, and hear of no move`,
    '             a third, slow one speaks just before each move and stands still meanwhile: it is always late',
    '',
    'frozen       how long the task runs nowhere; "carried" goes with it: its threads and its rights to ports',
    'left behind  pages of its memory that stay in the old process. The task runs in the new one without them: they',
    '             are fetched when it touches one that is missing (a fault), and pushed after it when there is time',
    'forwarded    messages that were sent to the old process and passed on by it; then their sender is told the place',
    '',
    ...header,
  ];
};

const COLUMNS = [8, 15, 10, 8, 11, 21, 9, 14, 9] as const;

const row = (cells: readonly string[]): string =>
  cells
    .map((cell, at) => (at < 2 ? cell.padEnd(COLUMNS[at] ?? 0) : cell.padStart(COLUMNS[at] ?? 0)))
    .join(' ')
    .trimEnd();

const header = [
  row(['', '', '', '', 'pages', 'fetched', 'pushed', 'messages', 'answers']),
  row(['', '', 'frozen', 'carried', 'left behind', 'on demand', 'later', 'forwarded', 'so far']),
];

/** One line for one move. */
export const moveLine = (number: number, record: MoveReport, answers: number): string =>
  row([
    `move ${String(number).padStart(2)}`,
    `${record.fromName} → ${record.toName}`,
    `${record.freezeMs.toFixed(1)} ms`,
    `${(record.bytesInFreeze / 1024).toFixed(0)} KiB${record.pagesInFreeze > 0 ? ` +${record.pagesInFreeze}` : ''}`,
    count(record.pagesAtFreeze),
    `${count(record.pagesOnDemand)} in ${count(record.demandFaults)} faults`,
    count(record.pagesPushed),
    `${count(record.forwarded)}, ${record.retargeted} told`,
    count(answers),
  ]);

/** The end: what held, and what did not. */
export const summaryLines = (summary: Readonly<Record<string, unknown>>, failures: readonly string[]): string[] => {
  const s = summary as Record<string, number>;
  const freeze = median(summary['freezeMs'] as number[]);
  const of = (name: string): string => count(s[name] ?? 0);
  const held = [
    '',
    `what moved       one task, ${of('moves')} times: its threads, its ports, and the messages waiting at them;`,
    `                 it was frozen for ${freeze} ms (median)`,
    'what stayed      its memory, in the process it had left, until it was needed or there was time',
    `what came later  every page: when it was touched (${of('demandFaults')} faults), or by itself. At the end all`,
    `                 ${of('pages')} pages were compared with those of the run that stayed: ${of('pagesWrong')} differ`,
    'why no client    a client has a right to a port, not an address:',
    `noticed          ${of('forwarded')} messages that came to where the task no longer was were passed on,`,
    `                 and ${of('retargeted')} times a sender's kernel learnt the new place; the clients did nothing`,
    `what they got    ${of('answers')} answers, each compared with that of the run that stayed:`,
    `                 bad ${of('wrong')}, lost ${of('lost')}, twice ${of('duplicated')}, reordered ${of('reordered')}`,
    `how many tasks   never more than ${of('liveInstances')} at a time: events of all nodes, numbers of answers`,
    '',
  ];
  if (failures.length === 0) return [...held, '✓ nobody could tell'];
  return [...held, ...failures.map((failure) => `✗ ${failure}`)];
};

const median = (values: readonly number[]): string => {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor(sorted.length / 2)] ?? 0).toFixed(1);
};
