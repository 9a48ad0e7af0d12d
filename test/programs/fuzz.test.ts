import { describe, expect, it } from 'vitest';
import { tell } from './compare.ts';
import { type Finding, fuzz } from './fuzz/fuzz.ts';

/** `.ci/run` runs 300, `npm run nightly` thousands. */
const COUNT = 15;

const words = ({ seed, difference, refusal, shrunk }: Finding): string =>
  `seed ${seed}: ${difference === null ? refusal : tell(difference)}${shrunk}`;

describe('random programs', () => {
  it('do as JavaScript does, frozen at every call', { timeout: 240_000 }, async () => {
    const tally = await fuzz({ seed: 1, count: COUNT, findingsMax: 3, shrinks: true, hops: true, goesOn: () => true });
    expect(tally.findings.map(words)).toEqual([]);
    expect(tally.programs + tally.skipped).toBe(COUNT);
    expect(tally.hops).toBeGreaterThan(COUNT * 10);
  });
});
