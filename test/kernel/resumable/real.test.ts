/** What the compiler makes of real sources, on the real kernel. */
import { describe, expect, it } from 'vitest';
import type { ResumableMain } from '../../../kernel/resumable/program.ts';
import { play, type Scene } from './hand-scene.ts';
import { endless, failing, leaving, workers } from './real.program.ts';

const run = (main: ResumableMain, options = {}): Scene & { readonly log: unknown[] } => {
  const log: unknown[] = [];
  return { ...play(main, { args: { log }, options }), log };
};

describe('a compiled program', () => {
  it('is stopped in a loop that never ends, and no catch inside the loop keeps it going', () => {
    const { log, failures, lab } = run(endless, { edgesMax: 4096 * 4 });
    expect(log).toEqual([expect.stringContaining('E_BUDGET'), expect.stringContaining('E_BUDGET')]);
    expect([failures(), lab.kernel.tasks.size]).toEqual([[], 0]);
  });

  it('says where it failed: the line itself, and the lines that waited for it', () => {
    const { lab, failures } = run(failing);
    lab.advance(1);
    const lines = (failures()[0] ?? '').split('\n');
    expect(lines[0]).toMatch(/^TypeError: Cannot read properties of null/);
    expect(lines[1]).toMatch(/inner.*real\.program\.ts:27:/);
    expect(lines.at(-1)).toMatch(/^ {4}at async failing \(.*real\.program\.ts:32:3\)$/);
  });

  it('closes an async generator that it leaves, and waits for that', () => {
    const { lab, log } = run(leaving);
    lab.advance(1);
    lab.advance(1);
    expect(log).toEqual([0, 1]);
    lab.advance(5);
    expect(log).toEqual([0, 1, 'closed', 'left']);
  });

  it('runs calls that it keeps side by side', () => {
    const { lab, log } = run(workers);
    for (let i = 0; i < 3; i += 1) lab.advance(1);
    expect(log).toEqual([1, 2, 3, 'w1', ['w3', 'w2', 'w1']]);
    expect(lab.kernel.tasks.size).toBe(0);
  });
});
