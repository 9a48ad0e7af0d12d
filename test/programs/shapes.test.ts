import { describe, expect, it } from 'vitest';
import { goOnElsewhere } from './children.ts';
import { Comparison, tell } from './compare.ts';
import { type Compiled, compileTroupe, programFrom } from './compiled.ts';
import type { NativeTroupe } from './native.ts';
import { families, familyTroupe, namesOfFamily, nativeTroupe } from './troupe.ts';

const SHAPES_MIN = 120;
const MINUTE = 60_000;

interface Loaded {
  readonly native: NativeTroupe;
  readonly compiled: Compiled;
}

const known = new Map<string, Promise<Loaded>>();

const loadNow = async (family: string): Promise<Loaded> => {
  const troupe = familyTroupe(family);
  return { native: await nativeTroupe(troupe), compiled: await compileTroupe(troupe) };
};

/** A family, compiled when its first shape needs it. */
const load = (family: string): Promise<Loaded> => {
  const loaded = known.get(family) ?? loadNow(family);
  known.set(family, loaded);
  return loaded;
};

describe('shapes of programs', () => {
  it('are many', () => {
    expect(families.flatMap((family) => namesOfFamily(family)).length).toBeGreaterThanOrEqual(SHAPES_MIN);
  });

  describe.each(families)('%s', (family) => {
    it.each(namesOfFamily(family))('%s', { timeout: MINUTE }, async (name) => {
      const { native, compiled } = await load(family);
      const comparison = await Comparison.of(name, native, compiled);
      const program = programFrom(compiled);
      const difference = comparison.straight(program) ?? comparison.hopping(program, () => programFrom(compiled));
      expect(difference === null ? '' : tell(difference)).toBe('');
    });
  });
});

describe('shapes frozen at each of their calls', () => {
  it('go on in another process', { timeout: 5 * MINUTE }, async () => {
    const comparisons: Comparison[] = [];
    for (const family of families) {
      const { native, compiled } = await load(family);
      for (const name of namesOfFamily(family)) comparisons.push(await Comparison.of(name, native, compiled));
    }
    const jobs = comparisons.map((each) => [each.compiled, each.frozen(programFrom(each.compiled))] as const);
    const runs = await goOnElsewhere(jobs);
    const differences = comparisons.flatMap((comparison, at) =>
      comparison.native.map((_, call) => {
        const run = runs[at]?.[call] ?? { trace: [], trouble: 'it was not run' };
        return comparison.judge(`in another process from call ${call + 1}`, run);
      }),
    );
    expect(differences.flatMap((each) => (each === null ? [] : [tell(each)]))).toEqual([]);
  });
});
