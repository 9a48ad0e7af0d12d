import { describe, expect, it } from 'vitest';
import { machine } from '../../../kernel/machine.ts';
import { figures } from '../../../kernel/vm/describe.ts';
import { MACH_PORT_NULL, type PortName } from '../../../ports/name.ts';
import type { Received } from '../../../ports/port.ts';
import { COPY_SEND } from '../../../ports/right.ts';
import { netService } from '../../../servers/net/protocol.ts';
import { addMigration, migrate, startTask, WAYS, World } from '../../support/migration-scene.ts';
import type { Actor } from '../../support/two-kernels.ts';

const PAGE = 4096;
/** Pages of each message; more than go with a frame. */
const PAGES = 40;
const LAST = 12;

/** Sends numbered messages with memory in them to `box` on node `c`, and waits for room whenever there is none. */
const sender = machine<{ at: string; n: number; port: PortName; box: PortName }>({
  name: 'sender',
  start: () => ({ at: 'begin', n: 0, port: MACH_PORT_NULL, box: MACH_PORT_NULL }),
  handlers: {
    begin(sys, s) {
      const net = sys.call({ op: 'get_special_port', which: 'TASK_BOOTSTRAP' })['name'] as PortName;
      s.port = sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName;
      s.at = 'found';
      sys.rpc(netService.request(net, s.port, 'look_up', { node: 'c', name: 'box' }), s.port);
    },
    found(sys, s, { message }) {
      const item = message?.items?.[0];
      s.box = item?.kind === 'port' ? item.name : MACH_PORT_NULL;
      s.at = 'send';
      sys.yield();
    },
    send(sys, s) {
      if (s.n === LAST) return sys.pause();
      s.n += 1;
      const address = sys.call({ op: 'vm_allocate', size: PAGES * PAGE, anywhere: true })['address'] as number;
      for (let page = 0; page < PAGES; page += 1) sys.vm.setU32(address + page * PAGE, s.n * 1000 + page);
      const memory = { kind: 'ool', address: address + 8, size: PAGES * PAGE - 8, deallocate: true } as const;
      sys.msg({ send: { remote: s.box, remoteDisposition: COPY_SEND, id: s.n, descriptors: [memory] } });
    },
  },
});

/** The marks in the memory of a message, of every page but the first, whose mark was not sent. */
const marksOf = (actor: Actor, message: Received | null): number[] => {
  const item = message?.items?.[0];
  if (item?.kind !== 'ool' || item.size !== PAGES * PAGE - 8) return [];
  return Array.from({ length: PAGES - 1 }, (_, at) => actor.host.sys.vm.getU32(item.address - 8 + (at + 1) * PAGE));
};

const scene = (limits = {}) => {
  const world = new World();
  const [a, b, c] = [world.node('a', limits), world.node('b', limits), world.node('c', limits)];
  const migrations = [a, b, c].map((node) => addMigration(node));
  for (const node of [a, b]) node.kernel.programs.set(sender.name, sender);
  const receiver = c.actor('receiver');
  const box = receiver.port();
  receiver.call({ op: 'port_set_qlimit', name: box, qlimit: 1 });
  receiver.checkIn(box, 'box');
  const task = startTask(a, 'sender', sender, undefined);
  world.run();
  /** Takes everything that comes: the numbers, and whether each had its memory. */
  const drain = (): { readonly ids: number[]; readonly whole: boolean[] } => {
    const ids: number[] = [];
    const whole: boolean[] = [];
    for (let next = receiver.take(box); next !== null; next = receiver.take(box)) {
      ids.push(next.id);
      const { id } = next;
      whole.push(marksOf(receiver, next).every((mark, at) => mark === id * 1000 + at + 1) && next.items?.length === 1);
      world.run();
    }
    return { ids, whole };
  };
  return { world, a, b, c, migrations, task, drain, operator: a.actor('operator') };
};

const all = { ids: Array.from({ length: LAST }, (_, at) => at + 1), whole: Array.from({ length: LAST }, () => true) };

describe('a thread that waits for room for its message', () => {
  it.each(WAYS)('goes on waiting elsewhere, and its memory goes with the message: %s, push %s', (strategy, push) => {
    const { a, b, c, task, drain, operator } = scene();
    const [thread] = task.threads;
    expect(thread?.sending?.isWaiting).toBe(true);
    const record = migrate(operator, { task: 'sender', node: 'b', strategy, push, k: 0 });
    expect(record).toMatchObject({ outcome: 'moved', why: '' });
    const { ids, whole } = drain();
    expect(ids).toEqual(all.ids);
    expect(whole).toEqual(all.whole);
    for (const node of [a, b, c]) {
      expect(node.census()).toMatchObject({ loaded: 0, charged: 0 });
      expect(figures(node.netTask.memory).regions).toBe(0);
    }
  });

  it('goes on waiting where it is if the move is called off', () => {
    const { migrations, drain, operator } = scene();
    migrations[0]?.refuseJournal();
    expect(migrate(operator, { task: 'sender', node: 'b' }).outcome).toBe('aborted');
    expect(drain()).toEqual(all);
  });

  it('hears nothing, and its channel goes on, if the memory of a message is lost with the node that had it', () => {
    const { world, a, b, c, drain, operator } = scene();
    expect(migrate(operator, { task: 'sender', node: 'b', push: 'off', k: 0 }).outcome).toBe('moved');
    world.hold(a, b);
    world.lose(a);
    world.kill(a);
    world.run();
    const { ids } = drain();
    expect(new Set(ids).size).toBe(ids.length);
    for (const node of [b, c]) expect(node.netTask.isAlive).toBe(true);
    expect(c.census()).toMatchObject({ charged: 0 });
  });
});
