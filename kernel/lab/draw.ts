/** A census and the state of a kernel for the eye: tables, and ports and rights as a graph (Mermaid, DOT). */
import type { Census, Counts, Growth } from './census.ts';
import type { KernelState } from './snapshot.ts';
import type { Why } from './why.ts';

/** Rows as columns, wide enough. */
export const columns = (rows: readonly (readonly string[])[]): string[] => {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, cell.length)));
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
};

const COLUMNS: readonly (readonly [string, keyof Counts])[] = [
  ['receive', 'receive'],
  ['send', 'send'],
  ['once', 'sendOnce'],
  ['sets', 'sets'],
  ['dead', 'dead'],
  ['messages', 'messages'],
  ['ool bytes', 'outOfLine'],
  ['memory', 'memory'],
  ['blocked', 'blocked'],
];

const cells = (counts: Counts): string[] => COLUMNS.map(([, key]) => (counts[key] === 0 ? '·' : String(counts[key])));

const heads = COLUMNS.map(([head]) => head);

/** A census as a table: a row for each task, and below it one for each call site. */
export const censusTable = ({ tasks, hasSites }: Census): string[] => {
  const rows = tasks.flatMap((task) => [
    [task.task, ...cells(task)],
    ...(hasSites ? task.sites.map((site) => [`  ${site.site}`, ...cells(site)]) : []),
  ]);
  return columns([['task, call site', ...heads], ...rows]);
};

/** What has grown, as a table. */
export const growthTable = (grown: readonly Growth[]): string[] =>
  grown.length === 0
    ? ['nothing has grown']
    : columns([['grown', ...heads], ...grown.map((each) => [`${each.task}: ${each.site}`, ...cells(each)])]);

/** Why a call answered its code, as lines. */
export const whyLines = ({ code, checks, next, ended }: Why): string[] => {
  const rows = checks.map(({ check, lookedAt, saw, verdict }) => [
    verdict === 'passed' ? '✓' : '✗',
    check,
    `${lookedAt}: ${saw}`,
  ]);
  const refused = checks.find(({ verdict }) => verdict === 'refused');
  return [
    ...columns(rows),
    ...(refused === undefined ? [] : [`   ${code} by ${refused.rule}`]),
    ...(ended === null ? [] : [`   ${ended}`]),
    ...(next === null ? [] : [`   next: ${next}`]),
  ];
};

/** A space as a table: one row for each name. */
export const spaceTable = (state: KernelState, task: string): string[] => {
  const names = Object.entries(state.tasks[task]?.names ?? {});
  const rows = names.map(([name, { rights, urefs, port, members, isWatched }]) => {
    const queue = port === null ? [] : Object.keys(state.ports[port]?.queue ?? {});
    const what = port ?? (members.length === 0 ? '' : `of ${members.join(', ')}`);
    const counted = rights.includes('SEND') || rights.includes('DEAD_NAME');
    const isReceiver = rights.includes('RECEIVE');
    return [
      name,
      rights.join(' and '),
      counted ? `×${urefs}` : '',
      what,
      isReceiver && queue.length > 0 ? `${queue.length} queued` : '',
      isWatched ? 'dead-name request' : '',
    ];
  });
  return columns([['name', 'rights', '', 'port', '', ''], ...rows]);
};

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly label: string;
  /** The port's receiver is at its other end. */
  readonly isReceive: boolean;
}

const edgesOf = (state: KernelState): Edge[] =>
  Object.entries(state.tasks).flatMap(([task, { names }]) =>
    Object.entries(names).flatMap(([name, { rights, urefs, port }]): Edge[] => {
      if (port === null) return [];
      return rights.map((right) => {
        const isReceive = right === 'RECEIVE';
        const label = right === 'SEND' ? `${name} SEND ×${urefs}` : `${name} ${right}`;
        return isReceive ? { from: port, to: task, label, isReceive } : { from: task, to: port, label, isReceive };
      });
    }),
  );

const portText = (state: KernelState, port: string): string => {
  const { queue = {}, qlimit = 0 } = state.ports[port] ?? {};
  return `${port} ${Object.keys(queue).length}/${qlimit}`;
};

/** Identifiers of a graph: labels are text, and may hold anything. */
const idsOf = (state: KernelState): Map<string, string> => {
  const ids = new Map<string, string>();
  for (const task of Object.keys(state.tasks)) ids.set(`task ${task}`, `t${ids.size}`);
  for (const port of Object.keys(state.ports)) ids.set(`port ${port}`, `p${ids.size}`);
  return ids;
};

const quoted = (text: string): string => text.replaceAll('"', "'");

/** Ports and rights as a Mermaid flowchart: tasks are boxes, ports circles with `queued/limit`, arrows the way of messages. */
export const mermaidOf = (state: KernelState): string[] => {
  const ids = idsOf(state);
  const id = (kind: 'task' | 'port', label: string): string => ids.get(`${kind} ${label}`) ?? '';
  return [
    'flowchart LR',
    ...Object.keys(state.tasks).map((task) => `  ${id('task', task)}["${quoted(task)}"]`),
    ...Object.keys(state.ports).map((port) => `  ${id('port', port)}(("${quoted(portText(state, port))}"))`),
    ...edgesOf(state).map(({ from, to, label, isReceive }) =>
      isReceive
        ? `  ${id('port', from)} ==>|"${label}"| ${id('task', to)}`
        : `  ${id('task', from)} -->|"${label}"| ${id('port', to)}`,
    ),
  ];
};

/** The same for Graphviz. */
export const dotOf = (state: KernelState): string[] => {
  const ids = idsOf(state);
  const id = (kind: 'task' | 'port', label: string): string => ids.get(`${kind} ${label}`) ?? '';
  return [
    'digraph {',
    '  rankdir=LR;',
    ...Object.keys(state.tasks).map((task) => `  ${id('task', task)} [shape=box label="${quoted(task)}"];`),
    ...Object.keys(state.ports).map(
      (port) => `  ${id('port', port)} [shape=circle label="${quoted(portText(state, port))}"];`,
    ),
    ...edgesOf(state).map(({ from, to, label, isReceive }) =>
      isReceive
        ? `  ${id('port', from)} -> ${id('task', to)} [style=bold label="${label}"];`
        : `  ${id('task', from)} -> ${id('port', to)} [label="${label}"];`,
    ),
    '}',
  ];
};
