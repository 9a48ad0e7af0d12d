/** An arena in memory that does not fit into its kernel's frames. */
import { expect, it } from 'vitest';
import { Arena, arenaHandle } from '../../../kernel/arena/arena.ts';
import { makeVector, pushVector, vectorAt } from '../../../kernel/arena/vector.ts';
import type { KernelRequest } from '../../../kernel/interface/calls.ts';
import { PageFault } from '../../../kernel/vm/access.ts';
import { isBlocked } from '../../../kernel/vm/fault.ts';
import { memory } from '../vm/setting.ts';
import { Swap } from '../vm/swap.ts';
import { everything } from './everything.ts';

/** A task's memory with so many frames, and how its handlers run. */
const scene = (frames: number) => {
  const { pool, map } = memory(frames);
  const swap = new Swap(7);
  pool.backing.set(swap);
  const handle = arenaHandle({ growth: 1 << 16 });
  const sys = {
    vm: map.access,
    call: (request: KernelRequest) => {
      const address = request.op === 'vm_allocate' ? map.allocate(request.size) : 'KERN_INVALID_ARGUMENT';
      if (typeof address === 'string') return { kr: address };
      return { kr: 'KERN_SUCCESS' as const, address };
    },
  };
  const run = <T>(handler: (arena: Arena) => T): T => {
    for (let tries = 0; tries < 1000; tries += 1) {
      try {
        const arena = new Arena(sys, handle);
        const result = handler(arena);
        arena.commit();
        return result;
      } catch (fault) {
        if (!(fault instanceof PageFault) || !isBlocked(fault.outcome)) throw fault;
        swap.until(fault.outcome.wait);
      }
    }
    throw new Error('the handler does not come to its end');
  };
  return { run, swap };
};

it('an arena that is paged in and out under its handlers is what it would be in memory', () => {
  const roomy = scene(4000);
  const tight = scene(20);
  const lists = [roomy, tight].map(({ run }) => run(makeVector)) as [number, number];
  for (let round = 0; round < 60; round += 1) {
    expect(tight.run(everything(round))).toBe(roomy.run(everything(round)));
    for (const [index, { run }] of [roomy, tight].entries()) {
      const list = lists[index] ?? 0;
      run((arena) => pushVector(arena, list, arena.putBytes(new Uint8Array(2000).fill(round))));
      const seen = run((arena) => arena.bytesAt(vectorAt(arena, list, (round * 7) % (round + 1)))[1999]);
      expect(seen).toBe((round * 7) % (round + 1));
    }
  }
  expect(tight.swap.in).toBeGreaterThan(50);
  expect(tight.swap.wrongs).toEqual([]);
});
