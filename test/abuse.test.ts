/** A little of `npm run fuzz:ipc`: whatever tasks do, the kernel holds and honest tasks get their answers. */
import { describe, expect, it } from 'vitest';
import { abuse } from './abuse/abuse.ts';

const SEEDS = [1, 2, 3, 4];

describe('abuse by random tasks', () => {
  it.each(SEEDS)('harms neither the kernel nor anybody else (seed %i)', (seed) => {
    const { broken, answers, history } = abuse(seed, 60);
    expect(broken, history.join('\n')).toBeNull();
    expect(answers).toBeGreaterThan(10);
  });

  it('is the same for the same seed', () => {
    expect(abuse(5, 20)).toEqual(abuse(5, 20));
  });
});
