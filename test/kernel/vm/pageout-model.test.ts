/** Paging out changes nothing that a program can see, however late the default pager answers. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PAGE } from '../../../kernel/vm/page.ts';
import { Swap } from './swap.ts';
import { PLENTY, Worlds } from './worlds.ts';
import { needy, SPAN, TASKS } from './worlds-operations.ts';

describe('maps over a default pager and a model that copies everything', () => {
  it.each([
    ['with frames for all', PLENTY, Number.POSITIVE_INFINITY],
    ['when the kernel is short of frames', 24, Number.POSITIVE_INFINITY],
    ['when the kernel is very short of frames', 12, Number.POSITIVE_INFINITY],
    ['when the pager is full as well', 16, 20],
  ])(
    'agree about every byte and every code; no page is lost and none is there twice, %s',
    (_, limit, swapLimit) => {
      const numRuns = Number(process.env['VM_RUNS'] ?? 25);
      let out = 0;
      fc.assert(
        fc.property(fc.array(needy, { minLength: 1, maxLength: 80, size: 'max' }), fc.integer(), (operations, seed) => {
          const swap = new Swap(seed, swapLimit);
          const worlds = new Worlds(limit, swap);
          for (let task = 0; task < TASKS; task += 1) {
            worlds.step({ op: 'allocate', task, page: 0, count: SPAN });
            worlds.step({ op: 'write', task, page: 0, skip: 0, length: SPAN * PAGE, byte: 1 + task });
          }
          for (const each of operations) {
            worlds.step(each);
            swap.some();
            expect(swap.wrongs).toEqual([]);
            expect(worlds.pool.resident).toBeLessThanOrEqual(limit);
          }
          worlds.compare();
          worlds.end();
          expect(swap.wrongs).toEqual([]);
          out += swap.out;
        }),
        { numRuns },
      );
      expect(out).toBeGreaterThan(numRuns * SPAN);
    },
    600_000,
  );
});
