import { describe, expect, it } from 'vitest';
import { rehearse } from '../../servers/shell/rehearsal.ts';

const { signal } = new AbortController();

describe('a rehearsal', () => {
  it('moves a task to and fro as often as it may', async () => {
    expect(await rehearse(signal, { movesMax: 5, ms: Number.POSITIVE_INFINITY })).toBe(5);
  });

  it('ends when its time is up, or somebody wants it to', async () => {
    expect(await rehearse(signal, { movesMax: 5, ms: 0 })).toBe(0);
    expect(await rehearse(AbortSignal.abort(), { movesMax: 5, ms: Number.POSITIVE_INFINITY })).toBe(0);
  });
});
