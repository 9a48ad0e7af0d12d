import { describe, expect, it } from 'vitest';
import { mappedScene, PAGE, pagedScene } from './pager-scene.ts';

describe('a window of a program', () => {
  it('faults all of its range in before the program goes on, so that nothing is done twice', async () => {
    const { mover, pager, at } = await mappedScene(3);
    await mover.begin({ at: 'rise', address: at + 10, size: 2 * PAGE });
    for (const page of [0, 1, 2]) {
      expect(pager.take()).toMatchObject({ body: { offset: page * PAGE, access: 3 } });
      await pager.supply(page, 7);
    }
    expect(await mover.state()).toMatchObject({ answer: [8, 8], turns: 4 });
    expect(await mover.ask({ at: 'peek', address: at + 9 })).toBe(7);
  });

  it('that is kept over a call is opened again, and never writes into a copy that the call has made', async () => {
    const { mover } = await pagedScene();
    const at = (await mover.call({ op: 'vm_allocate', size: 4 * PAGE, anywhere: true }))['address'] as number;
    await mover.ask({ at: 'poke', address: at, byte: 1 });
    expect(await mover.ask({ at: 'keep', address: at, size: 2 * PAGE, byte: 5 })).toEqual([false, true, 5, 1]);
  });

  it('counts as written from when it is opened', async () => {
    const { mover, pager, at } = await mappedScene(2);
    await pager.supply(0, 1);
    await pager.supply(1, 1);
    await mover.ask({ at: 'rise', address: at, size: 1 });
    await mover.call({ op: 'vm_deallocate', address: at, size: 2 * PAGE });
    expect(pager.take()).toMatchObject({ id: 2208, body: { offset: 0, dirty: true } });
    expect(pager.ids()).toEqual([2201]);
  });

  it('where nothing is mapped is an exception like any other access', async () => {
    const { lab, host, mover } = await pagedScene();
    await mover.begin({ at: 'rise', address: 0x7000_0000, size: 8 });
    expect(host.call({ op: 'port_type', name: mover.task })['type']).toContain('DEAD_NAME');
    expect(lab.kernel.life.read(0).some(({ kind }) => kind === 'exception')).toBe(true);
  });
});
