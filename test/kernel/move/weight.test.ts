import { describe, expect, it } from 'vitest';
import type { Program } from '../../../kernel/program.ts';
import { bodySize } from '../../../ports/body.ts';
import { Lab, spawn } from '../../support/one-kernel.ts';

/** What a kernel says of the image of a task whose only thread has this state. */
const described = async (state: object): Promise<Record<string, unknown>> => {
  const program: Program = { name: 'still', hash: 'still', start: () => state, resume: (sys) => sys.pause() };
  const host = new Lab(program).host();
  const { task } = await spawn(host, program);
  return host.kernelCall(task, { op: 'task_describe' });
};

describe('the weight of an image', () => {
  it('names the deepest part that holds half of it', async () => {
    const words = Array.from({ length: 100 }, (_, at) => `word ${at}`);
    const state = { at: 'serve', small: [1, 2, 3], cache: { words, hits: 7 } };
    const { image, blockers } = await described(state);
    expect(blockers).toEqual([]);
    expect(image).toMatchObject({ heaviest: { path: 'state.cache.words' } });
    const { bytes, heaviest } = image as { bytes: number; heaviest: { bytes: number } };
    expect(heaviest.bytes).toBeGreaterThan(bytes / 2);
    expect(bytes).toBeLessThanOrEqual(bodySize(state));
  });

  it('is that of the whole state if no part stands out', async () => {
    const { image } = await described({ a: 'aaaa', b: 'bbbb', c: 'cccc' });
    expect(image).toMatchObject({ heaviest: { path: 'state' } });
  });

  it('names what cannot move, however the state is made', async () => {
    const endless: Record<string, unknown> = {};
    endless['self'] = endless;
    const { blockers } = await described({ at: 'x', call: () => 0, deep: [{ sign: Symbol.iterator }], endless });
    expect(blockers).toEqual([
      'state.call is a function, and only plain data can move',
      'state.deep[0].sign is a symbol, and only plain data can move',
      expect.stringMatching(/^state\.endless\.self\S* is nested without end, and only plain data can move$/),
    ]);
  });
});
