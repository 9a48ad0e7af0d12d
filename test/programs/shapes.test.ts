import { describe, expect, it } from 'vitest';
import { goOnElsewhere } from './children.ts';
import { Comparison, tell } from './compare.ts';
import { compileTroupe, programFrom } from './compiled.ts';
import { families, familyTroupe, nativeTroupe } from './troupe.ts';

const SHAPES_MIN = 120;

const total = families
  .map((family) => Object.keys(nativeTroupe(familyTroupe(family)).SHAPES).length)
  .reduce((sum, count) => sum + count, 0);

describe('shapes of programs', () => {
  it('are many', () => {
    expect(total).toBeGreaterThanOrEqual(SHAPES_MIN);
  });

  describe.each(families)('%s', (family) => {
    const troupe = familyTroupe(family);
    const native = nativeTroupe(troupe);
    const names = Object.keys(native.SHAPES);
    const compiled = compileTroupe(troupe);

    it.each(names)('%s is what JavaScript makes of it, frozen at no call and at any', async (name) => {
      const comparison = await Comparison.of(name, native, compiled);
      const program = programFrom(compiled);
      const difference =
        comparison.straight(program) ??
        comparison.hopping(program, () => programFrom(compiled)) ??
        comparison.onceEach(program);
      expect(difference === null ? '' : tell(difference)).toBe('');
    });

    it('go on in another process, from each of their calls', async () => {
      const comparisons = await Promise.all(names.map((name) => Comparison.of(name, native, compiled)));
      const tasks = comparisons.map((comparison) => comparison.frozen(programFrom(compiled)));
      const [runs = []] = await goOnElsewhere([[compiled, tasks.flat()]]);
      const differences = comparisons.flatMap((comparison, at) => {
        const before = tasks.slice(0, at).flat().length;
        return comparison.native.map((_, call) =>
          comparison.judge(
            `in another process from call ${call + 1}`,
            runs[before + call] ?? { trace: [], trouble: 'no run' },
          ),
        );
      });
      expect(differences.flatMap((each) => (each === null ? [] : [tell(each)]))).toEqual([]);
    });
  });
});
