/** Seeds of the simulator: the invariants hold, the same seed is the same story, and a planted fault is caught. */
import { describe, expect, it } from 'vitest';
import { PLANTS } from './simulation/plants.ts';
import { commandFor, simulate } from './simulation/simulate.ts';

const SEEDS = 24;
const BAZAARS = 8;
/** Within how many seeds a planted fault must be caught. */
const CAUGHT_WITHIN = 8;

const seeds = Array.from({ length: SEEDS }, (_, index) => index + 1);

describe('the simulator', () => {
  it('finds all invariants held while tasks move', () => {
    let moved = 0;
    for (const seed of seeds) {
      const { broken, history, moves } = simulate(seed);
      expect(broken, `${commandFor(seed, 'none')}\n${history.join('\n')}`).toBeNull();
      moved += moves.moved;
    }
    expect(moved).toBeGreaterThan(SEEDS);
  }, 60_000);

  it('finds all promises kept among tasks that trade rights and memory', () => {
    let heard = 0;
    for (const seed of seeds.slice(0, BAZAARS)) {
      const { broken, history, answers } = simulate(seed, 'none', 'bazaar');
      expect(broken, `${commandFor(seed, 'none', 'bazaar')}\n${history.join('\n')}`).toBeNull();
      heard += answers;
    }
    expect(heard).toBeGreaterThan(100 * BAZAARS);
  }, 60_000);

  it('tells the same story of the same seed, and another of another', () => {
    const hashes = [101, 102, 103].map((seed) => simulate(seed).hash);
    expect([101, 102, 103].map((seed) => simulate(seed).hash)).toEqual(hashes);
    expect(new Set(hashes).size).toBe(3);
  }, 30_000);

  it.each(PLANTS.filter((plant) => plant !== 'none'))('catches %s', (plant) => {
    const caught = seeds.slice(0, CAUGHT_WITHIN).find((seed) => simulate(seed, plant).broken !== null);
    expect(caught).toBeDefined();
  }, 30_000);
});
