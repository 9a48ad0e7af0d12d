import { describe, expect, it } from 'vitest';

import { DEFAULT_INPUT, looksBinary, planFiles } from '../../examples/concordance/input.ts';
import { makeQueries } from '../../examples/concordance/queries.ts';

const entry = (path: string, size = 10): { path: string; size: number } => ({ path, size });

describe('a plan', () => {
  it('takes own files before installed ones, by path, whatever the order of the listing', () => {
    const entries = ['node_modules/a/x.js', 'z.ts', 'node_modules/a/README', 'b.md', 'B.md', 'picture.png'].map((p) =>
      entry(p),
    );
    const paths = planFiles(entries).files.map(({ path }) => path);
    expect(paths).toEqual(['B.md', 'b.md', 'z.ts', 'node_modules/a/README', 'node_modules/a/x.js']);
    expect(planFiles(entries.reverse()).files.map(({ path }) => path)).toEqual(paths);
  });

  it('says what it left out', () => {
    const options = { ...DEFAULT_INPUT, fileBytesMax: 100, totalBytesMax: 150 };
    const plan = planFiles(
      [entry('a.ts', 100), entry('b.ts', 101), entry('c.ts', 60), entry('d.ts', 50), entry('e.o')],
      options,
    );
    expect(plan.files.map(({ path }) => path)).toEqual(['a.ts', 'd.ts']);
    expect(plan).toMatchObject({ textBytes: 150, notText: 1, tooLarge: 1, beyondTotal: 1 });
  });

  it('does not take bytes for text', () => {
    expect(looksBinary(Uint8Array.of(0x47, 0x40, 0, 0x10))).toBe(true);
    expect(looksBinary(new TextEncoder().encode('text'))).toBe(false);
  });
});

describe('a numbered query', () => {
  const vocabulary = Array.from({ length: 1000 }, (_, index) => ({
    word: `w${index}`,
    count: index < 500 ? 1 : index,
  }));

  it('depends on its seed and its number alone', () => {
    const [ask, again, other] = [makeQueries(vocabulary, 7), makeQueries(vocabulary, 7), makeQueries(vocabulary, 8)];
    const numbers = Array.from({ length: 100 }, (_, number) => number);
    expect(numbers.toReversed().map(again).toReversed()).toEqual(numbers.map(ask));
    expect(numbers.map(other)).not.toEqual(numbers.map(ask));
  });

  it('asks for rare, frequent and absent words, and at times for their context', () => {
    const counts = new Map(vocabulary.map(({ word, count }) => [word, count]));
    const queries = Array.from({ length: 400 }, (_, number) => makeQueries(vocabulary, 1)(number));
    const share = (holds: (count: number | undefined) => boolean): number =>
      queries.filter(({ word }) => holds(counts.get(word))).length / queries.length;
    expect(share((count) => count === undefined)).toBeGreaterThan(0.08);
    expect(share((count) => count === 1)).toBeGreaterThan(0.25);
    expect(share((count) => count !== undefined && count >= 990)).toBeGreaterThan(0.15);
    expect(queries.some(({ wants }) => wants === 'context')).toBe(true);
  });
});
