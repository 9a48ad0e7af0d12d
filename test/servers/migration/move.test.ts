import { describe, expect, it } from 'vitest';
import { machine } from '../../../kernel/machine.ts';
import { figures } from '../../../kernel/vm/describe.ts';
import { MACH_PORT_NULL, type PortName } from '../../../ports/name.ts';
import { receivePort } from '../../../ports/name-calls.ts';
import { MAKE_SEND, MOVE_SEND_ONCE, RECEIVE } from '../../../ports/right.ts';
import { netService } from '../../../servers/net/protocol.ts';
import { addMigration, migrate, startTask, World } from '../../support/migration-scene.ts';

interface CounterState {
  at: string;
  inbox: PortName;
  base: number;
}

/** Counts requests in memory: one page of counters, one far away. */
const counter = machine<CounterState>({
  name: 'counter',
  start: () => ({ at: 'start', inbox: MACH_PORT_NULL, base: 0 }),
  handlers: {
    start(sys, s) {
      s.inbox = sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName;
      s.base = sys.call({ op: 'vm_allocate', size: 64 * 4096, anywhere: true })['address'] as number;
      const net = sys.call({ op: 'get_special_port', which: 'TASK_BOOTSTRAP' })['name'] as PortName;
      sys.send({
        ...netService.request(net, s.inbox, 'check_in', { name: 'counter' }),
        local: MACH_PORT_NULL,
        localDisposition: 0,
        descriptors: [{ kind: 'port', name: s.inbox, disposition: MAKE_SEND }],
      });
      s.at = 'serve';
      sys.receive(s.inbox);
    },
    serve(sys, s, { message }) {
      if (message !== null && message.remote !== MACH_PORT_NULL) {
        const page = s.base + (message.id % 64) * 4096;
        // All that may fault comes first: the handler can run again from its beginning.
        const count = sys.vm.getU32(page) + 1;
        const total = sys.vm.getU32(s.base + 4) + 1;
        sys.vm.setU32(page, count);
        sys.vm.setU32(s.base + 4, total);
        sys.send({
          remote: message.remote,
          remoteDisposition: MOVE_SEND_ONCE,
          id: message.id + 100,
          body: { count, total },
        });
      }
      sys.receive(s.inbox);
    },
  },
});

const scene = () => {
  const world = new World();
  const [a, b, c] = [world.node('a'), world.node('b'), world.node('c')];
  const migrations = [a, b, c].map((node) => addMigration(node));
  for (const node of [a, b, c]) {
    node.kernel.programs.set(counter.name, counter);
  }
  startTask(a, 'counter', counter, undefined);
  world.run();
  const client = c.actor('client');
  const server = client.lookUp(a, 'counter');
  const replies = client.port();
  client.call({ op: 'port_set_qlimit', name: replies, qlimit: 1024 });
  const ask = (id: number): void => {
    expect(client.send(server, id, { q: id }, [], replies)).toBe('MACH_MSG_SUCCESS');
    world.run();
  };
  const answers = () => {
    world.run();
    const bodies: unknown[] = [];
    for (let next = client.take(replies); next !== null; next = client.take(replies))
      bodies.push({ id: next.id, ...(next.body as object) });
    return bodies;
  };
  return { world, a, b, c, migrations, client, ask, answers, operator: a.actor('operator') };
};

describe('a task that serves clients', () => {
  it('answers as before when it has moved, and its pages follow', () => {
    const { a, b, ask, answers, operator } = scene();
    for (let id = 1; id <= 5; id += 1) ask(id);
    expect(answers()).toHaveLength(5);
    const record = migrate(operator, { task: 'counter', node: 'b' });
    expect(record).toMatchObject({ outcome: 'moved', task: 'counter', from: 'a', to: 'b', why: '' });
    expect([...a.kernel.tasks].some(({ name, isFrozen }) => name === 'counter' && !isFrozen)).toBe(false);
    expect([...b.kernel.tasks].map(({ name }) => name)).toContain('counter');
    for (let id = 1; id <= 3; id += 1) ask(id);
    expect(answers()).toEqual([
      { id: 101, count: 2, total: 6 },
      { id: 102, count: 2, total: 7 },
      { id: 103, count: 2, total: 8 },
    ]);
  });

  it('moves ten times round three nodes and back, and loses, doubles and reorders nothing', () => {
    const { world, a, b, c, client, ask, answers } = scene();
    const route = [b, c, a, b, a, c, b, a, c, a];
    let at = a;
    let asked = 0;
    for (const node of route) {
      for (let i = 0; i < 7; i += 1) {
        asked += 1;
        ask(asked);
      }
      const operator = at.actor(`operator-${asked}`);
      expect(migrate(operator, { task: 'counter', node: node.name })).toMatchObject({ outcome: 'moved', why: '' });
      at = node;
    }
    const got = answers() as { id: number; total: number }[];
    expect(got.map(({ id }) => id)).toEqual(Array.from({ length: asked }, (_, i) => i + 101));
    expect(got.map(({ total }) => total)).toEqual(Array.from({ length: asked }, (_, i) => i + 1));
    expect(client.types).toBeDefined();
    world.run();
    const homes = [a, b, c].filter((node) => [...node.kernel.tasks].some(({ name }) => name === 'counter'));
    expect(homes).toEqual([a]);
  });

  it('takes every page with it when that is what is asked for', () => {
    const { b, ask, answers, operator } = scene();
    for (let id = 1; id <= 5; id += 1) ask(id);
    const record = migrate(operator, { task: 'counter', node: 'b', strategy: 'eager-all' });
    expect(record).toMatchObject({ outcome: 'moved', pagesInFreeze: 6, demandFaults: 0, pagesPushed: 0 });
    const arrived = [...b.kernel.tasks].find(({ name }) => name === 'counter');
    expect(arrived === undefined ? null : figures(arrived.memory)).toMatchObject({ pages: 6, awaited: 0 });
    ask(1);
    expect(answers()).toHaveLength(6);
  });

  it('stays where it is, untouched, if the destination does not know its program', () => {
    const { a, b, ask, answers, operator } = scene();
    b.kernel.programs.clear();
    ask(1);
    const record = migrate(operator, { task: 'counter', node: 'b' });
    expect(record).toMatchObject({ outcome: 'refused', why: expect.stringContaining('no program counter') });
    ask(1);
    expect(answers()).toEqual([
      { id: 101, count: 1, total: 1 },
      { id: 101, count: 2, total: 2 },
    ]);
    expect([...a.kernel.tasks].map(({ name }) => name)).toContain('counter');
  });

  it('goes on at the source if the decision cannot be written down', () => {
    const { a, migrations, ask, answers, operator } = scene();
    ask(1);
    migrations[0]?.refuseJournal();
    const record = migrate(operator, { task: 'counter', node: 'b' });
    expect(record).toMatchObject({ outcome: 'aborted', why: expect.stringContaining('journal') });
    ask(1);
    expect(answers()).toEqual([
      { id: 101, count: 1, total: 1 },
      { id: 101, count: 2, total: 2 },
    ]);
    expect([...a.kernel.tasks].find(({ name }) => name === 'counter')?.isFrozen).toBe(false);
  });

  it('leaves no port behind when it is called off', () => {
    const { a, migrations, ask, operator } = scene();
    ask(1);
    migrations[0]?.refuseJournal();
    const { space } = operator.host.task;
    const others = (): number =>
      a.kernel.ipc.ports - space.entries().filter(({ type }) => (type & RECEIVE) !== 0).length;
    migrate(operator, { task: 'counter', node: 'b' });
    const before = others();
    expect(migrate(operator, { task: 'counter', node: 'b' })).toMatchObject({ outcome: 'aborted', pagesAtFreeze: 2 });
    expect(others()).toBe(before);
  });

  it('moves though another port stands for it', () => {
    const { a, ask, answers, operator } = scene();
    const task = [...a.kernel.tasks].find(({ name }) => name === 'counter');
    const interposed = receivePort(operator.host.task.space, operator.port());
    if (task === undefined || typeof interposed === 'string') throw new Error('no task, or no port');
    interposed.srights += 1;
    task.self = interposed;
    expect(migrate(operator, { task: 'counter', node: 'b' })).toMatchObject({ outcome: 'moved', why: '' });
    ask(1);
    expect(answers()).toEqual([{ id: 101, count: 1, total: 1 }]);
  });

  it('names what keeps a task from moving, and moves nothing on a dry run', () => {
    const { a, operator } = scene();
    expect(migrate(operator, { task: 'counter', node: 'b', dryRun: true })).toMatchObject({
      phase: 'freezing',
      why: '',
    });
    expect(migrate(operator, { task: 'netmsg', node: 'b' }).why).toContain('pinned');
    expect(migrate(operator, { task: 'nobody', node: 'b' }).why).toContain('no task nobody');
    expect(migrate(operator, { task: 'counter', node: 'z' }).why).toContain('no node z');
    expect([...a.kernel.tasks].map(({ name }) => name)).toContain('counter');
  });
});
