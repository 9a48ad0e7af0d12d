import { describe, expect, it } from 'vitest';
import { substitute } from './counters.ts';
import type { Draft } from './draft.ts';
import { caseOf, scopeWith } from './draft.ts';
import { unfold, variantsOf } from './expand.ts';
import { chooseMerges, countMerges, mergeAt } from './merges.ts';
import { scenarioFiles } from './run.ts';
import type { Json } from './scenario.ts';
import { loadFile, parseFile } from './scenario.ts';
import { resolveArgs } from './values.ts';

interface Played {
  readonly actor: string;
  readonly call: string;
  readonly args: Json;
}

/** The plain steps of every run of a case. */
const unfolded = (draft: Draft): readonly (readonly Played[])[] => {
  const scenario = caseOf(draft);
  return variantsOf(scenario).map((variant) =>
    [...unfold(scenario, variant, () => true)].map(({ actor, call, args }) => ({ actor, call, args })),
  );
};

/** The order of the calls in every run of a case. */
const orders = (draft: Draft, separator = ' '): readonly string[] =>
  unfolded(draft).map((moves) => moves.map(({ call }) => call).join(separator));

describe('a scenario file', () => {
  const plain = { id: 'X-1', title: 'x', profile: 'mach3', tasks: ['A'], relocatable: true, given: [], steps: [] };
  const wrong = (change: { readonly [key: string]: unknown }) => (): unknown =>
    parseFile('X.json', JSON.stringify({ topic: 'X', title: 'x', cases: [{ ...plain, ...change }] }));

  it('is refused with the place of the fault', () => {
    expect(() => parseFile('X.json', '{')).toThrow(/^X\.json: not JSON/);
    expect(() => parseFile('X.json', '{"topic":"X","title":"x"}')).toThrow('X.json: cases is missing');
    expect(wrong({ id: undefined })).toThrow('X.json: case 1: id is missing');
    expect(wrong({ profile: 'mach4' })).toThrow('X.json: X-1: profile: not one of mach3 xnu both ext');
    expect(wrong({ needs: ['magic'] })).toThrow('X.json: X-1: needs');
    expect(wrong({ given: [{ receive: 'p', in: 'Z' }] })).toThrow('X.json: X-1: given 1: no task Z');
    expect(wrong({ given: [{ gift: 'p', in: 'A' }] })).toThrow('X.json: X-1: given 1: not exactly one of');
    expect(
      wrong({
        steps: [
          ['A', 'run', {}, {}],
          ['A', 'run', {}],
        ],
      }),
    ).toThrow('X.json: X-1: step 2: not [actor');
    expect(wrong({ steps: [['Z', 'run', {}, {}]] })).toThrow('X.json: X-1: no task for the actor Z');
    expect(wrong({ vary: { n: [] } })).toThrow('X.json: X-1: vary: n');
  });

  it('is refused for a fault in a step inside a step', () => {
    expect(wrong({ steps: [['-', 'repeat', { times: 2, do: [['A', 'run', {}, 7]] }, {}]] })).toThrow(
      'X.json: X-1: step 1: repeat: do 1: run: expect is neither',
    );
    expect(wrong({ steps: [['-', 'repeat', { times: -1, do: [] }, {}]] })).toThrow('times: not a whole number');
    expect(wrong({ steps: [['-', 'interleave', { of: [7] }, {}]] })).toThrow('interleave: of 1: not a list of steps');
    expect(wrong({ steps: [['-', 'together', { calls: [['A', 'run']] }, {}]] })).toThrow('calls 1: not [actor');
  });

  it('of the suite is one that can be loaded and expanded', () => {
    const cases = scenarioFiles()
      .map(loadFile)
      .flatMap((file) => file.cases);
    expect(cases.length).toBeGreaterThan(200);
    for (const scenario of cases) expect(variantsOf(scenario).length).toBeGreaterThan(0);
  });
});

describe('a counter', () => {
  it('is replaced in every string, by a number where it stands alone', () => {
    const counters = { i: 9, j: 2, f: 'crash' };
    expect(substitute({ id: '{i}', to: 'S{i%8+1}', at: ['{(i-1)*j}', 'x{i}y{-j}'] }, counters)).toEqual({
      id: 9,
      to: 'S2',
      at: [16, 'x9y-2'],
    });
    expect(substitute(['{f}', 'on {f}', '{i*409600-409600}'], counters)).toEqual(['crash', 'on crash', 3_276_800]);
  });

  it('leaves braces around anything else alone', () => {
    const text = ['{}', '{k}', '{"a":1}', '{i i}', '{i%0}', '{i+}'];
    expect(substitute(text, { i: 1 })).toEqual(text);
  });
});

describe('a repeat', () => {
  it('counts from its first value, in actors and in variables', () => {
    const inner: Json = ['S{i%2+1}', 'run', { name: '$S.rep{i}' }, {}];
    const steps: Json = [['-', 'repeat', { times: 3, from: 2, do: [inner] }, {}]];
    const run = (actor: string, name: string): unknown => ({ actor, call: 'run', args: { name } });
    expect(unfolded({ tasks: ['S1', 'S2'], steps })).toEqual([
      [run('S1', '$S.rep2'), run('S2', '$S.rep3'), run('S1', '$S.rep4')],
    ]);
  });

  it('nests, each with its own counter', () => {
    const inner: Json = ['-', 'repeat', { var: 'j', times: '{i}', do: [['A', 'run', { at: '{i*10+j}' }, {}]] }, {}];
    const [moves] = unfolded({ steps: [['-', 'repeat', { times: 3, do: [inner] }, {}]] });
    expect(moves?.map(({ args }) => args)).toEqual([11, 21, 22, 31, 32, 33].map((at) => ({ at })));
  });

  it('is unfolded only as far as it is asked for', () => {
    const scenario = caseOf({ steps: [['-', 'repeat', { times: 10_000_000, do: [['A', 'run', {}, {}]] }, {}]] });
    const [variant] = variantsOf(scenario);
    if (variant === undefined) throw new Error('no variant');
    const steps = unfold(scenario, variant, () => true);
    expect(steps.next().value).toMatchObject({ actor: 'A', step: 1, trail: '1 i=1.1' });
  });
});

describe('a case', () => {
  it('is run once for each combination of what it varies', () => {
    const vary = { n: [1, 2], f: ['refuse', 'crash'] };
    const runs = unfolded({ vary, steps: [['A', 'run', { n: '{n}', f: '{f}' }, {}]] });
    expect(runs.map(([move]) => move?.args)).toEqual([
      { n: 1, f: 'refuse' },
      { n: 1, f: 'crash' },
      { n: 2, f: 'refuse' },
      { n: 2, f: 'crash' },
    ]);
  });

  it('is run once for each merge that keeps the order within each list', () => {
    const list = (...calls: string[]): Json => calls.map((call) => ['A', call, {}, {}]);
    const steps: Json = [['-', 'interleave', { of: [list('a', 'b'), list('x', 'y')] }, {}]];
    expect([...orders({ steps }, '')].sort()).toEqual(['abxy', 'axby', 'axyb', 'xaby', 'xayb', 'xyab']);
  });

  it('is run in a fixed choice of different merges if there are more than the limit', () => {
    const list = (name: string): Json => Array.from({ length: 8 }, (_, index) => ['A', `${name}${index}`, {}, {}]);
    const steps: Json = [['-', 'interleave', { of: [list('a'), list('b'), list('c')], limit: 20 }, {}]];
    const chosen = orders({ steps });
    expect(new Set(chosen).size).toBe(20);
    expect(orders({ steps })).toEqual(chosen);
    const ofB = chosen.map((order) =>
      order
        .split(' ')
        .filter((call) => call.startsWith('b'))
        .join(''),
    );
    expect(new Set(ofB)).toEqual(new Set(['b0b1b2b3b4b5b6b7']));
  });

  it('is refused if it has too many merges and no limit', () => {
    const list: Json = Array.from({ length: 10 }, () => ['A', 'run', {}, {}]);
    const steps: Json = [['-', 'interleave', { of: [list, list] }, {}]];
    expect(() => unfolded({ steps })).toThrow('184756 merges and no limit');
  });
});

describe('the merges of lists', () => {
  it('are numbered without gap or repetition', () => {
    const lengths = [2, 1, 3];
    const all = chooseMerges(countMerges(lengths), 1000).map((number) => mergeAt(lengths, number).join(''));
    expect(all.length).toBe(60);
    expect(new Set(all).size).toBe(60);
    expect(all[0]).toBe('001222');
  });
});

describe('an argument', () => {
  it('is resolved: variables, pages, places, products and sums', () => {
    const scope = scopeWith({ m: 8192, p: 12 });
    expect(
      resolveArgs(
        {
          name: '$A.p',
          none: 'NULL',
          size: { pages: 2 },
          far: { at: '$A.m', pages: 1, bytes: { mul: [2, 3] } },
          more: { add: ['$A.m', 1] },
          fill: [7, { pages: 1 }],
          address: 'END',
        },
        scope,
      ),
    ).toEqual({
      name: 12,
      none: 'NULL',
      size: 8192,
      far: 12_294,
      more: 8193,
      fill: [7, 4096],
      address: 0xfffff000,
    });
  });

  it('is left alone in a body, but for variables', () => {
    expect(
      resolveArgs({ send: { body: { pages: 2, at: '$A.p', text: '$5', address: 'END' } } }, scopeWith({ p: 12 })),
    ).toEqual({ send: { body: { pages: 2, at: 12, text: '$5', address: 'END' } } });
  });

  it('must be bound', () => {
    expect(() => resolveArgs({ name: '$A.q' }, scopeWith())).toThrow('$A.q is not bound');
  });
});
