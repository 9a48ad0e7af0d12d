/** How a trace is written down. */

import type { LifeEvent } from '../fates.ts';

/** An event, with the node and a time that all nodes share: milliseconds since 1970. */
export interface TracedEvent extends LifeEvent {
  readonly node: string;
  readonly time: number;
}

/** One line for each event, times from the first one on. */
export const listLines = (events: readonly TracedEvent[]): string[] => {
  const start = events[0]?.time ?? 0;
  return events.map(({ time, node, kind, task, detail }) => {
    const name = detail['name'] === undefined ? task : `${detail['name']} (${task})`;
    return `${(time - start).toFixed(3).padStart(12)} ms  ${node}  ${kind}  ${name}`;
  });
};

/** A sequence diagram: nodes side by side, and an arrow for each task that went from one to another. */
export const mermaidLines = (nodes: readonly string[], events: readonly TracedEvent[]): string[] => {
  const lines = ['sequenceDiagram', ...nodes.map((node) => `  participant ${plain(node)}`)];
  const left = new Map<string, string>();
  const moving = new Set(
    events.filter(({ kind }) => kind === 'detached' || kind === 'attached').map(({ task }) => task),
  );
  for (const { kind, node, task, detail } of events) {
    if (!moving.has(task)) continue;
    const name = plain(String(detail['name'] ?? task));
    const from = left.get(task);
    if (kind === 'detached') left.set(task, node);
    if (kind === 'attached' && from !== undefined) lines.push(`  ${plain(from)}->>${plain(node)}: ${name}`);
    else lines.push(`  Note over ${plain(node)}: ${name} ${plain(kind)}`);
  }
  return lines;
};

/** What a diagram can hold: no sign with a meaning of its own. */
const plain = (text: string): string => text.replace(/[^A-Za-z0-9_-]/g, '_');
