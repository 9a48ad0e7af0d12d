import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Task } from '../../../kernel/kernel.ts';
import { machine } from '../../../kernel/machine.ts';
import { resolveFault } from '../../../kernel/vm/fault.ts';
import { migrationService } from '../../../servers/migration/protocol.ts';
import type { Journal } from '../../../servers/migration/state.ts';
import { STRATEGIES, strategyNamed } from '../../../servers/migration/strategies/table.ts';
import { openJournal } from '../../../servers/node/journal.ts';
import { nameOfNode } from '../../../servers/node/state-dir.ts';
import { addMigration, type Migration, migrate, startTask, World } from '../../support/migration-scene.ts';
import type { Node } from '../../support/two-kernels.ts';

/** Writes a page, then another each second. */
const writer = machine<{ at: string; base: number; n: number }>({
  name: 'writer',
  start: () => ({ at: 'begin', base: 0, n: 0 }),
  handlers: {
    begin(sys, s) {
      s.base = sys.call({ op: 'vm_allocate', size: 8 * 4096, anywhere: true })['address'] as number;
      sys.vm.setU32(s.base, 7);
      s.at = 'wait';
      sys.pause();
    },
    wait(sys) {
      sys.pause();
    },
  },
});

const isSuccessor = (node: string, before: string): boolean =>
  node !== before && nameOfNode(node) === nameOfNode(before);

/** A journal that a later life can open, and something that happens when a decision has been written. */
const journalOf = (kept: string[] | null, decided: () => void = () => undefined): Journal => ({
  append: (record) => {
    kept?.push(record);
    decided();
  },
  records: () => kept,
  replace: (records) => void kept?.splice(0, kept.length, ...records),
});

const addNode = (
  world: World,
  name: string,
  journal: Journal,
): { readonly node: Node; readonly migration: Migration } => {
  const node = world.node(name);
  node.kernel.programs.set(writer.name, writer);
  return { node, migration: addMigration(node, { journal, isSuccessor }) };
};

const runningOn = (node: Node): Task | undefined =>
  [...node.kernel.tasks].find(({ name, isFrozen, isAlive }) => name === 'writer' && isAlive && !isFrozen);

/** The source dies right after its decision, and nobody has heard of it. */
const diesDeciding = (strategy: string, kept: string[] | null) => {
  const world = new World();
  const journal = journalOf(kept, () => world.hold(a.node, b.node));
  const a = addNode(world, 'a.1', journal);
  const b = addNode(world, 'b.1', journalOf([]));
  startTask(a.node, 'writer', writer, undefined);
  world.run();
  const operator = a.node.actor('operator');
  const service = operator.lookUp(a.node, 'migration');
  const request = { task: 'writer', node: 'b.1', strategy };
  operator.host.sys.send(migrationService.request(service, operator.port(), 'migrate', request));
  world.run();
  world.lose(a.node);
  world.kill(a.node);
  world.run();
  return { world, b };
};

const WRITER = { name: 'writer', identity: expect.stringContaining('a.1') };

/** The images that a node says it has, undecided. */
const arrivalsAt = (node: Node): unknown => {
  const observer = node.actor('observer');
  const service = observer.lookUp(node, 'migration');
  const reply = observer.port();
  observer.host.sys.send(migrationService.request(service, reply, 'arrivals', null));
  node.world.run();
  return (migrationService.reply('arrivals', observer.take(reply)) as { value?: unknown }).value;
};

describe('a full disk under the journal', () => {
  it('is heard of before anything is decided: the task goes on where it is', () => {
    const root = mkdtempSync(join(tmpdir(), 'portolan-full-'));
    const full = (): never => {
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    };
    const world = new World();
    const journal = openJournal(join(root, 'a.journal'), { write: full, sync: () => undefined });
    const a = addNode(world, 'a.1', journal);
    const b = addNode(world, 'b.1', journalOf([]));
    const task = startTask(a.node, 'writer', writer, undefined);
    world.run();
    const record = migrate(a.node.actor('operator'), { task: 'writer', node: 'b.1' });
    expect(record.outcome).toBe('aborted');
    expect(record.why).toMatch(/decision cannot be journalled: .*a\.journal cannot be written: ENOSPC/);
    expect([runningOn(a.node), runningOn(b.node)]).toEqual([task, undefined]);
    expect(b.migration.state.arrivals.size).toBe(0);
    expect(openJournal(join(root, 'a.journal')).records()).toEqual([]);
    rmSync(root, { recursive: true });
  });
});

describe('a source that is killed between decision and commit', () => {
  it.each(STRATEGIES.map(({ name }) => name))('is asked when it comes back: %s', (strategy) => {
    const kept: string[] = [];
    const { world, b } = diesDeciding(strategy, kept);
    expect(kept).toHaveLength(1);
    expect(runningOn(b.node)).toBeUndefined();
    const [doubt] = b.migration.state.arrivals.values();
    expect(doubt?.inDoubt).toBe('a.1');
    expect(arrivalsAt(b.node)).toEqual([{ mid: doubt?.mid, ...WRITER, from: 'a.1', isInDoubt: true }]);
    const again = addNode(world, 'a.2', journalOf(kept));
    world.run();
    b.node.hear({ kind: 'up', node: 'a.2' });
    world.run();
    expect(runningOn(again.node)).toBeUndefined();
    const task = runningOn(b.node);
    expect(task).toBeDefined();
    expect(arrivalsAt(b.node)).toEqual([]);
    if (task === undefined) return;
    // What was in the freeze is there; what was to follow died with the node, and is an error, never zero.
    const [thread] = task.threads;
    const { base } = thread?.state as { base: number };
    const found = resolveFault(task.memory, base, 'read');
    if (strategyNamed(strategy)?.nextInFreeze != null) expect(task.memory.access.getU32(base)).toBe(7);
    else expect(found).toMatchObject({ failed: 'KERN_MEMORY_ERROR' });
  });

  it('has decided nothing if its journal does not say so: the image is given up', () => {
    const { world, b } = diesDeciding('eager-all', []);
    addNode(world, 'a.2', journalOf([]));
    world.run();
    b.node.hear({ kind: 'up', node: 'a.2' });
    world.run();
    expect(runningOn(b.node)).toBeUndefined();
    expect(b.migration.state.arrivals.size).toBe(0);
    expect(b.node.census().charged).toBe(0);
  });

  it('that kept no journal cannot say: the image is given up', () => {
    const { world, b } = diesDeciding('eager-all', null);
    addNode(world, 'a.2', journalOf(null));
    world.run();
    b.node.hear({ kind: 'up', node: 'a.2' });
    world.run();
    expect(runningOn(b.node)).toBeUndefined();
    expect(b.migration.state.arrivals.size).toBe(0);
  });

  it('is not mistaken for a node of another name', () => {
    const { world, b } = diesDeciding('eager-all', []);
    addNode(world, 'c.1', journalOf([]));
    world.run();
    b.node.hear({ kind: 'up', node: 'c.1' });
    world.run();
    expect([...b.migration.state.arrivals.values()].map(({ inDoubt }) => inDoubt)).toEqual(['a.1']);
    expect(runningOn(b.node)).toBeUndefined();
  });
});
