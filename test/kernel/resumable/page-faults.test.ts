import { describe, expect, it } from 'vitest';
import { createTask, createThread } from '../../../kernel/lives.ts';
import { start } from '../../../kernel/resumable/future.ts';
import { programOf, type ResumableMain } from '../../../kernel/resumable/program.ts';
import { sys as facade } from '../../../kernel/resumable/sys/sys.ts';
import type { Window } from '../../../kernel/vm/window.ts';
import { portName } from '../../../ports/name.ts';
import { carry, insertRight } from '../../../ports/name-calls.ts';
import { MAKE_SEND } from '../../../ports/right.ts';
import { mapping, PAGE, pagedScene } from '../pager-scene.ts';
import { sys } from './bare-sys.ts';
import { end, handModule } from './hand.ts';
import { play } from './hand-scene.ts';

/** A task with pages of a pager that the test is, and a program that works on them. */
const paged = async (main: ResumableMain, pages = 2) => {
  const { lab, host, pager } = await pagedScene();
  const program = programOf(main);
  const task = createTask(lab.kernel, 'paged');
  const right = carry(host.task.space, pager.port, MAKE_SEND);
  if (typeof right === 'string') throw new Error(right);
  insertRight(task.space, portName(0x500), right);
  const map = mapping(portName(0x500), pages, { anywhere: false, address: 16 * PAGE });
  const thread = createThread(task, program, program.start(map));
  lab.rest();
  pager.meet();
  await pager.ready();
  return { lab, pager, thread, task };
};

describe('a page fault', () => {
  it('repeats the call alone', async () => {
    const log: unknown[] = [];
    const { define } = handModule('a');
    const main = define(
      'main',
      ['sys', 'map'],
      [
        (locals) => sys.call(locals['map'] as never),
        () => log.push('before') && sys.vm.getU32(16 * PAGE),
        (_, value: number) => log.push(value.toString(16)) && sys.vm.setU8(17 * PAGE, 9),
        () => sys.vm.read(17 * PAGE - 1, 3),
        (_, value) => log.push(value) && sys.pause(),
      ],
    );
    const { lab, pager, thread } = await paged(main);
    expect([log, thread.waitsFor]).toEqual([['before'], 'page']);
    await pager.supply(0, 0xab);
    lab.rest();
    expect([log, thread.waitsFor]).toEqual([['before', 'abababab'], 'page']);
    await pager.supply(1, 1);
    lab.rest();
    expect(log).toEqual(['before', 'abababab', Uint8Array.of(0xab, 9, 1)]);
  });

  it('of a window opens it again, and shows all of it or nothing', async () => {
    const seen: unknown[] = [];
    const { define } = handModule('a');
    const main = define(
      'main',
      ['sys', 'map'],
      [
        (locals) => sys.call(locals['map'] as never),
        () =>
          sys.vm.window({ address: 17 * PAGE - 2, size: 4 }, 'write', (window) => {
            seen.push(window.getU32(0));
            window.setU32(0, 1);
            return 'done';
          }),
        (_, value) => seen.push(value) && sys.vm.window({ address: 17 * PAGE - 2, size: 4 }, 'read'),
        (_, value) => seen.push(value) && sys.pause(),
      ],
    );
    const { lab, pager } = await paged(main);
    await pager.supply(0, 0);
    lab.rest();
    expect(seen).toEqual([]);
    await pager.supply(1, 0);
    lab.rest();
    expect(seen).toEqual([0, 'done', Uint8Array.of(1, 0, 0, 0)]);
  });

  it('of work on memory runs it again from its beginning, and the program goes on once', async () => {
    const log: unknown[] = [];
    const { define } = handModule('a');
    const main = define(
      'main',
      ['sys', 'map'],
      [
        (locals) => sys.call(locals['map'] as never),
        () =>
          facade.vm.run((memory) => {
            log.push('runs');
            const sum = memory.getU8(16 * PAGE) + memory.getU8(17 * PAGE);
            memory.setU8(16 * PAGE, sum);
            return sum;
          }),
        (_, value) => log.push(value) && sys.vm.getU8(16 * PAGE),
        (_, value) => log.push(value) && sys.pause(),
      ],
    );
    const { lab, pager } = await paged(main);
    await pager.supply(0, 2);
    lab.rest();
    expect(log).toEqual(['runs', 'runs']);
    await pager.supply(1, 3);
    lab.rest();
    expect(log).toEqual(['runs', 'runs', 'runs', 5, 5]);
  });

  it('of a fiber that has just begun is its own', async () => {
    const log: unknown[] = [];
    const { define } = handModule('a');
    const touch = define(
      'touch',
      [],
      [() => sys.vm.getU8(16 * PAGE), (_, value, frame) => end(frame, log.push(value))],
    );
    const main = define(
      'main',
      ['sys', 'map'],
      [
        (locals) => sys.call(locals['map'] as never),
        (locals) => {
          locals['future'] = start(touch());
          return sys.yield();
        },
        (locals) => log.push('goes on') && locals['future'],
        (_, value) => log.push(value) && sys.pause(),
      ],
    );
    const { lab, pager, task } = await paged(main);
    expect([log, task.threads.size]).toEqual([['goes on'], 2]);
    await pager.supply(0, 7);
    lab.rest();
    expect([log, task.threads.size]).toEqual([['goes on', 7, 2], 1]);
  });

  it('where nothing is mapped is an exception, and ends the task', () => {
    const { define } = handModule('a');
    const { lab, failures } = play(define('main', [], [() => sys.vm.getU8(5 * PAGE)]));
    expect(lab.kernel.tasks.size).toBe(0);
    expect(failures()).toEqual([]);
    expect(lab.kernel.life.read().some(({ kind }) => kind === 'exception')).toBe(true);
  });

  it('outside of a call is an error of the program', () => {
    const { define } = handModule('a');
    const kept: Window[] = [];
    const main = define(
      'main',
      [],
      [
        () => sys.call({ op: 'vm_allocate', size: PAGE, anywhere: false, address: 16 * PAGE }),
        () => sys.vm.window({ address: 16 * PAGE, size: 4 }, 'read', (window) => kept.push(window)),
        () => sys.call({ op: 'vm_deallocate', address: 16 * PAGE, size: PAGE }),
        () => kept[0]?.getU8(0),
      ],
    );
    expect(play(main).failures()).toEqual([expect.stringContaining('E_STALE_WINDOW')]);
  });
});
