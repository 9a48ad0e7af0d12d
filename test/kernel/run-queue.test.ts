import { describe, expect, it } from 'vitest';
import { RunQueue } from '../../kernel/run-queue.ts';

const thread = (name: string, isUrgent: boolean) => ({ name, isUrgent });

describe('the run queue', () => {
  it('gives the urgent their turn first, and keeps the order of each kind', () => {
    const queue = new RunQueue<ReturnType<typeof thread>>();
    for (const [name, isUrgent] of [
      ['a', false],
      ['net', true],
      ['b', false],
      ['move', true],
    ] as const)
      queue.push(thread(name, isUrgent));
    expect(queue.length).toBe(4);
    const order = Array.from({ length: 5 }, () => queue.shift()?.name);
    expect(order).toEqual(['net', 'move', 'a', 'b', undefined]);
  });

  it('lets nobody wait for ever, however much is urgent', () => {
    const queue = new RunQueue<ReturnType<typeof thread>>();
    queue.push(thread('patient', false));
    let turns = 0;
    for (let next = ''; next !== 'patient'; turns += 1) {
      queue.push(thread('urgent', true));
      next = queue.shift()?.name ?? '';
    }
    expect(turns).toBe(17);
  });
});
