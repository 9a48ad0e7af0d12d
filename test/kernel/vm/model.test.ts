/** What a program sees of its memory is what it would see if everything were copied at once. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PLENTY, Worlds } from './worlds.ts';
import { operation, SPAN } from './worlds-operations.ts';

describe('maps and a model that copies everything', () => {
  it.each([
    ['with frames for all', PLENTY],
    ['when the kernel is short of frames', 24],
    ['when the kernel is very short of frames', 9],
  ])(
    'agree about every byte and every code, and no frame is lost, %s',
    (_, limit) => {
      const numRuns = Number(process.env['VM_RUNS'] ?? 100);
      fc.assert(
        fc.property(fc.array(operation, { minLength: 1, maxLength: 80, size: 'max' }), (operations) => {
          const worlds = new Worlds(limit);
          worlds.step({ op: 'allocate', task: 0, page: 0, count: SPAN });
          for (const each of operations) {
            worlds.step(each);
            expect(worlds.pool.resident).toBeLessThanOrEqual(limit);
          }
          worlds.compare();
          worlds.end();
        }),
        { numRuns },
      );
    },
    600_000,
  );
});
