/**
 * What must hold when a concordance has been moved under load: computed from the clients' answers and the nodes' event
 * rings.
 */
import type { LifeEvent } from '../../kernel/events.ts';
import type { Told } from './demo-clients.ts';
import { type Reference, referenceAnswer } from './reference.ts';

/** Verdict over the answers. */
export interface AnswerVerdict {
  readonly answers: number;
  readonly wrong: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  /** The first thing that was wrong, for a person. */
  readonly first: string;
}

/** Checks every answer against the reference, and their numbers against each other. */
export const checkAnswers = (reference: Reference, clients: readonly (readonly Told[])[]): AnswerVerdict => {
  let wrong = 0;
  let lost = 0;
  let first = '';
  const serials = new Map<number, number>();
  for (const { query, answered, why } of clients.flat()) {
    if (answered === null) {
      lost += 1;
      first ||= `query ${query.number}: no answer (${why})`;
      continue;
    }
    serials.set(answered.serial, (serials.get(answered.serial) ?? 0) + 1);
    const right = referenceAnswer(reference, query, answered.answer.filesIndexed);
    if (answered.number === query.number && JSON.stringify(right) === JSON.stringify(answered.answer)) continue;
    wrong += 1;
    first ||= `query ${query.number} for "${query.word}" with ${answered.answer.filesIndexed} files indexed`;
  }
  const duplicated = [...serials.values()].filter((count) => count > 1).length;
  const reordered = clients.reduce((sum, told) => sum + inversions(told), 0);
  return { answers: serials.size, wrong, lost, duplicated, reordered, first };
};

/** How often a later query of one client was served before an earlier one. */
const inversions = (told: readonly Told[]): number => {
  const byNumber = [...told].sort((one, other) => one.query.number - other.query.number);
  let count = 0;
  let last = 0;
  for (const { answered } of byNumber) {
    if (answered === null) continue;
    if (answered.serial < last) count += 1;
    last = Math.max(last, answered.serial);
  }
  return count;
};

/** The life events of one node. */
export interface NodeLife {
  readonly node: string;
  readonly events: readonly LifeEvent[];
  /** Milliseconds since 1970 at which the node's clock said 0. */
  readonly clockOrigin: number;
}

/** Clocks of two processes of one machine may differ by this much. */
const CLOCK_ERROR_MS = 0.5;

/**
 * The most instances of a task that ran at one time, over all nodes: between `created` or `running` and `frozen` or
 * `terminated` it runs.
 * Two answers with one serial number are two instances as well.
 */
export const liveInstances = (identity: string, lives: readonly NodeLife[], duplicated = 0): number => {
  const edges: { readonly at: number; readonly by: number }[] = [];
  for (const { events, clockOrigin } of lives) {
    let isRunning = false;
    for (const event of events) {
      if (event.task !== identity) continue;
      const at = clockOrigin + event.at;
      const starts =
        event.kind === 'running' ||
        (event.kind === 'created' && event.detail['from'] === undefined && !arrives(events, event));
      if (starts && !isRunning) edges.push({ at: at + CLOCK_ERROR_MS, by: 1 });
      if ((event.kind === 'frozen' || event.kind === 'terminated') && isRunning) edges.push({ at, by: -1 });
      if (starts) isRunning = true;
      if (event.kind === 'frozen' || event.kind === 'terminated') isRunning = false;
    }
  }
  edges.sort((one, other) => one.at - other.at || one.by - other.by);
  let now = 0;
  let most = 0;
  for (const { by } of edges) {
    now += by;
    most = Math.max(most, now);
  }
  return duplicated > 0 ? Math.max(most, 2) : most;
};

/** A task that arrives is created first, attached next, and runs only when it is thawed. */
const arrives = (events: readonly LifeEvent[], created: LifeEvent): boolean => {
  const next = events.find(({ task, n }) => task === created.task && n > created.n);
  return next?.kind === 'attached';
};
