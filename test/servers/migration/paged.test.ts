/** A task moves whose pages are partly at its node's default pager. */

import { describe, expect, it } from 'vitest';
import type { Task } from '../../../kernel/kernel.ts';
import { createTask, createThread, terminateTask } from '../../../kernel/lives.ts';
import { machine } from '../../../kernel/machine.ts';
import { setDefaultMemoryManager } from '../../../kernel/serve/default-pager.ts';
import { evict, figures } from '../../../kernel/vm/describe.ts';
import type { PortName } from '../../../ports/name.ts';
import { allocate, carry } from '../../../ports/name-calls.ts';
import { MAKE_SEND } from '../../../ports/right.ts';
import { strategyNamed } from '../../../servers/migration/strategies/table.ts';
import { pagerServer } from '../../../servers/pager/pager.ts';
import { MemoryPageStore } from '../../../servers/pager/store.ts';
import { addMigration, migrate, startTask, WAYS, World } from '../../support/migration-scene.ts';
import type { Node } from '../../support/two-kernels.ts';

const PAGE = 4096;
const PAGES = 200;

interface State {
  at: string;
  base: number;
}

/** Writes another number into each of its pages, and waits. */
const holder = machine<State>({
  name: 'holder',
  start: () => ({ at: 'fill', base: 0 }),
  handlers: {
    fill(sys, s) {
      s.base = sys.call({ op: 'vm_allocate', size: PAGES * PAGE, anywhere: true })['address'] as number;
      for (let page = 0; page < PAGES; page += 1) sys.vm.setU32(s.base + page * PAGE, page + 1);
      sys.pause();
    },
  },
});

const giveDefaultPager = (node: Node): MemoryPageStore => {
  const task = createTask(node.kernel, 'pager');
  task.pinned = 'it holds a store';
  const service = allocate(task.space, 'RECEIVE') as PortName;
  const store = new MemoryPageStore(4096);
  createThread(task, pagerServer, pagerServer.start({ service, store }));
  const right = carry(task.space, service, MAKE_SEND);
  if (typeof right === 'string') throw new Error(right);
  setDefaultMemoryManager(node.kernel, node.kernel.pool, right.port);
  return store;
};

const scene = () => {
  const world = new World();
  const [a, b] = [world.node('a'), world.node('b')];
  for (const node of [a, b]) addMigration(node);
  const store = giveDefaultPager(a);
  b.kernel.programs.set(holder.name, holder);
  const task = startTask(a, 'holder', holder, undefined);
  world.run();
  const [region] = task.memory.regions.list;
  const base = region?.start ?? 0;
  /** Sends a range of pages out. */
  const pageOut = (first: number, end: number): void => {
    expect(evict(task.memory, base + first * PAGE, (end - first) * PAGE)).toBe(end - first);
    world.run();
  };
  return { world, a, b, store, task, pageOut, operator: a.actor('operator') };
};

/** The first number of every page of the task, read as a program would, however long that takes. */
const numbersOf = (world: World, task: Task): (number | string)[] => {
  const [region] = task.memory.regions.list;
  const base = region?.start ?? 0;
  return Array.from({ length: PAGES }, (_, page) => {
    for (let tries = 0; tries < 50; tries += 1) {
      const read = task.memory.access.readBytes(base + page * PAGE, 4);
      if (read instanceof Uint8Array) return new DataView(read.buffer).getUint32(0, true);
      if ('failed' in read.outcome) return read.outcome.failed;
      world.run();
    }
    return 'never';
  });
};

const whole = Array.from({ length: PAGES }, (_, page) => page + 1);

const arrivedAt = (node: Node): Task => {
  const task = [...node.kernel.tasks].find(({ name }) => name === 'holder');
  if (task === undefined) throw new Error('the task is not there');
  return task;
};

describe('a task half of whose pages are paged out', () => {
  const ways = WAYS.map(([name, push]) => [name, push, 0] as const);
  it.each([
    ...ways,
    ['copy-on-reference', 'off', 7] as const,
  ])('moves whole: %s, push %s, k %d', (strategy, push, k) => {
    const { world, a, b, store, task, pageOut, operator } = scene();
    pageOut(0, 30);
    pageOut(100, 170);
    expect(figures(task.memory)).toMatchObject({ pages: PAGES - 100, pagedOut: 100, awaited: 0 });
    const record = migrate(operator, { task: 'holder', node: 'b', strategy, push, k });
    expect(record).toMatchObject({ outcome: 'moved', why: '', pagesAtFreeze: PAGES });
    expect(numbersOf(world, arrivedAt(b))).toEqual(whole);
    world.run();
    if (push === 'idle' || strategyNamed(strategy)?.hasPagers === false) expect(a.kernel.tasks.has(task)).toBe(false);
    if (push === 'idle') expect(store.pages).toBe(0);
  });

  it('moves on from a place that has never had its pages', () => {
    const { world, b, pageOut, operator } = scene();
    pageOut(0, 100);
    expect(migrate(operator, { task: 'holder', node: 'b' }).outcome).toBe('moved');
    world.run();
    const onB = arrivedAt(b);
    expect(figures(onB.memory).awaited).toBe(0);
    expect(numbersOf(world, onB)).toEqual(whole);
  });

  it('is what it was if the move is called off', () => {
    const world = new World();
    const [a, b] = [world.node('a'), world.node('b')];
    const migrations = [a, b].map((node) => addMigration(node));
    giveDefaultPager(a);
    b.kernel.programs.set(holder.name, holder);
    const task = startTask(a, 'holder', holder, undefined);
    world.run();
    evict(task.memory, task.memory.regions.list[0]?.start ?? 0, 50 * PAGE);
    world.run();
    migrations[0]?.refuseJournal();
    const strategy = 'eager-all';
    expect(migrate(a.actor('operator'), { task: 'holder', node: 'b', strategy }).outcome).toBe('aborted');
    expect(numbersOf(world, task)).toEqual(whole);
  });

  it.each(['copy-on-reference', 'eager-all'])('never has zeros for pages that are lost: %s', (strategy) => {
    const { world, b, task, pageOut, operator, a } = scene();
    pageOut(0, 20);
    const pager = [...a.kernel.tasks].find(({ name }) => name === 'pager');
    if (pager !== undefined) terminateTask(pager);
    world.run();
    const record = migrate(operator, { task: 'holder', node: 'b', strategy });
    if (strategy === 'eager-all') {
      expect(record).toMatchObject({ outcome: 'aborted', why: expect.stringContaining('default pager') });
      expect(numbersOf(world, task).slice(20)).toEqual(whole.slice(20));
      return;
    }
    const found = numbersOf(world, arrivedAt(b));
    expect(found.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 'KERN_MEMORY_ERROR'));
    expect(found.slice(20)).toEqual(whole.slice(20));
  });
});
