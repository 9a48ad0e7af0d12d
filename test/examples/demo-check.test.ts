import { describe, expect, it } from 'vitest';
import { checkAnswers, liveInstances, type NodeLife } from '../../examples/concordance/demo-check.ts';
import type { Told } from '../../examples/concordance/demo-clients.ts';
import { buildReference, referenceAnswer } from '../../examples/concordance/reference.ts';
import type { LifeEvent } from '../../kernel/events.ts';

const TASK = 'a/8';

const life = (node: string, ...steps: readonly [kind: string, at: number][]): NodeLife => ({
  node,
  clockOrigin: 0,
  events: steps.map(([kind, at], n): LifeEvent => ({ n: n + 1, at, kind, task: TASK, detail: {} })),
});

describe('the check for a second instance', () => {
  const moved = [
    life('a', ['created', 0], ['frozen', 10], ['detached', 11], ['terminated', 90]),
    life('b', ['created', 12], ['attached', 13], ['running', 14]),
  ];

  it('finds one instance in an ordinary move', () => {
    expect(liveInstances(TASK, moved)).toBe(1);
  });

  it('finds a planted second one by the event rings', () => {
    const planted = [life('a', ['created', 0], ['terminated', 90]), ...moved.slice(1)];
    expect(liveInstances(TASK, planted)).toBe(2);
  });

  it('finds a planted second one by two answers with one serial number', () => {
    expect(liveInstances(TASK, moved, 1)).toBe(2);
  });
});

describe('the check of the answers', () => {
  const text = new TextEncoder().encode('port and course and port');
  const reference = buildReference([{ path: 'a.md', bytes: text, digest: new Uint8Array(32) }]);
  const told = (number: number, serial: number, word = 'port'): Told => {
    const query = { number, word, skip: 0, hitsMax: 8, wants: 'positions' as const };
    const answer = referenceAnswer(reference, { word: 'port', skip: 0, hitsMax: 8 }, 1);
    return { query, answered: { number, serial, answer, contextBytes: 0 }, why: '' };
  };

  it('passes right answers in order', () => {
    const verdict = checkAnswers(reference, [[told(0, 1), told(2, 3)], [told(1, 2)]]);
    expect(verdict).toMatchObject({ answers: 3, wrong: 0, lost: 0, duplicated: 0, reordered: 0 });
  });

  it('counts what is wrong, lost, doubled and out of order', () => {
    const lost: Told = { query: told(4, 0).query, answered: null, why: 'MACH_RCV_TIMED_OUT' };
    const verdict = checkAnswers(reference, [[told(0, 2, 'course'), told(2, 1), told(6, 2), lost]]);
    expect(verdict).toMatchObject({ wrong: 1, lost: 1, duplicated: 1, reordered: 1 });
  });
});
