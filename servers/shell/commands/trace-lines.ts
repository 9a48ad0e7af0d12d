/** How a trace is written down. */

import type { LifeEvent } from '../fates.ts';
import type { Crossing } from './trace-messages.ts';

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

/** Messages that a diagram shows at most: the last ones. */
const CROSSINGS_MAX = 200;

/**
 * A sequence diagram: nodes side by side, an arrow for each task that went from one to another, and a dotted one for
 * each of the last messages that did.
 */
export const mermaidLines = (
  nodes: readonly string[],
  events: readonly TracedEvent[],
  crossed: readonly Crossing[],
): string[] => {
  const shown = [...crossed].slice(-CROSSINGS_MAX);
  const lines = ['sequenceDiagram', ...nodes.map((node) => `  participant ${plain(node)}`)];
  const messagesUntil = (time: number): void => {
    for (let next = shown[0]; next !== undefined && next.to.time <= time; next = shown[0]) {
      shown.shift();
      lines.push(`  ${plain(next.from.node)}-->>${plain(next.to.node)}: ${next.from.kind} ${next.to.value}`);
    }
  };
  const left = new Map<string, string>();
  const moving = new Set(
    events.filter(({ kind }) => kind === 'detached' || kind === 'attached').map(({ task }) => task),
  );
  for (const { kind, node, task, detail, time } of events) {
    messagesUntil(time);
    if (!moving.has(task)) continue;
    const name = plain(String(detail['name'] ?? task));
    const from = left.get(task);
    if (kind === 'detached') left.set(task, node);
    if (kind === 'attached' && from !== undefined) lines.push(`  ${plain(from)}->>${plain(node)}: ${name}`);
    else lines.push(`  Note over ${plain(node)}: ${name} ${plain(kind)}`);
  }
  messagesUntil(Number.POSITIVE_INFINITY);
  return lines;
};

/** What a diagram can hold: no sign with a meaning of its own. */
const plain = (text: string): string => text.replace(/[^A-Za-z0-9_-]/g, '_');
