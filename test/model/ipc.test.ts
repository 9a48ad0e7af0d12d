/** The kernel does what a naive model of Mach says, whatever is done to it. `MODEL_RUNS` says how often it is tried. */
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { HISTORIES } from './operations.ts';
import { agree } from './worlds.ts';

const numRuns = Number(process.env['MODEL_RUNS'] ?? 60);
/** A planted fault is only to be found: shrinking takes longer than finding. */
const endOnFailure = process.env['PLANTED_FAULT'] !== undefined;

describe('the kernel and a naive model of Mach', () => {
  it.each(HISTORIES)(
    'agree about %s, and nothing is left over',
    (_, histories) => {
      fc.assert(fc.property(histories, agree), { numRuns, endOnFailure });
    },
    600_000,
  );
});
