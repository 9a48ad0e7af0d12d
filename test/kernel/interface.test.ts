/** Interfaces of machines and of host code: one declaration, two kinds of task that understand each other. */
import * as v from 'valibot';
import { afterEach, describe, expect, it } from 'vitest';
import { introduce, type LocalKernel, openKernel } from '../../examples/support/local.ts';
import { bootKernel } from '../../kernel/boot.ts';
import { hostAttempt, hostClient, hostServe } from '../../kernel/host-service.ts';
import { HostTask, MachError } from '../../kernel/host-task.ts';
import {
  type Call,
  memory,
  of,
  Refusal,
  right,
  rights,
  routine,
  simple,
  skip,
  timeLeft,
} from '../../kernel/interface/routine.ts';
import { demux, isWanted, subsystem, watchCaller } from '../../kernel/interface/subsystem.ts';
import { answer } from '../../kernel/resumable/sys/serve.ts';
import { NOTIFY_DEAD_NAME } from '../../ports/fate.ts';
import { MACH_PORT_NULL, type PortName } from '../../ports/name.ts';
import type { Received } from '../../ports/port.ts';
import { COPY_SEND, MAKE_SEND, MAKE_SEND_ONCE, MOVE_RECEIVE, MOVE_SEND } from '../../ports/right.ts';

const shelf = subsystem('shelf', 7500, {
  put: routine({
    takes: v.object({ title: v.string(), year: v.optional(v.number(), 1969) }),
    gives: v.object({ at: v.number() }),
    errors: ['E_FULL'],
  }),
  burn: skip,
  scan: routine({
    takes: of<null>(),
    gives: of<number>(),
    carries: { readers: rights('SEND'), film: memory(), desk: right('RECEIVE') },
    returns: { copy: right('SEND') },
  }),
  search: routine({ takes: of<{ what: string }>(), gives: of<string>(), deadline: true }),
  knock: simple({ takes: of<{ n: number }>() }),
});

const given = (name: PortName, disposition: number) => ({ kind: 'port', name, disposition }) as const;

/** Two tasks of a kernel that stands still: every call is answered where it is made. */
const scene = () => {
  let time = 0;
  const pump = { wanted: () => undefined, deadline: () => undefined };
  const kernel = bootKernel({ node: 'here', clock: { now: () => time }, pump });
  const client = new HostTask(kernel, 'client');
  const server = new HostTask(kernel, 'server');
  const service = server.allocate();
  const to = introduce(server.task, service, client.task);
  const reply = client.allocate();
  const take = (): Received => {
    const message = server.sys.poll(service);
    if (message === null) throw new Error('nothing came');
    return message;
  };
  return { client, server, service, to, reply, take, at: (now: number) => (time = now), ports: () => kernel.ipc.ports };
};

describe('a machine', () => {
  it('asks and answers by the declaration; a schema transforms for who reads', () => {
    const { client, server, to, reply, take } = scene();
    const draft = shelf.draft(to, reply, 'put', { title: 'Moby-Dick' });
    if (draft instanceof Refusal) throw new Error(`${draft.why}`);
    expect(client.sys.send(draft)).toBe('MACH_MSG_SUCCESS');
    shelf.serve(server.sys, take(), {
      put: ({ year }) => ({ at: year }),
      scan: () => new Refusal('KERN_FAILURE'),
      search: () => '',
      knock: () => null,
    });
    expect(shelf.reply('put', client.sys.poll(reply))).toEqual({
      retcode: 'KERN_SUCCESS',
      value: { at: 1969 },
      carried: {},
    });
  });

  it('is told what is wrong before anything is sent', () => {
    const { to, reply } = scene();
    const wrong = shelf.draft(to, reply, 'put', { title: 5 as never });
    expect(wrong).toMatchObject({ code: 'MIG_BAD_ARGUMENTS', why: expect.stringMatching(/^request\.title: /) });
  });

  it('carries arrays of rights, memory and receive rights both ways, and keeps nothing that was refused', () => {
    const { client, server, to, reply, take, ports } = scene();
    const before = ports();
    const [a, b, desk] = [client.allocate(), client.allocate(), client.allocate()];
    const address = client.call({ op: 'vm_allocate', size: 4096, anywhere: true })['address'] as number;
    client.sys.vm.setU8(address, 9);
    const send = (): void => {
      const draft = shelf.draft(to, reply, 'scan', null, {
        given: {
          readers: { kind: 'ool_ports', names: [a, b], disposition: MAKE_SEND },
          film: { address, size: 4096 },
          desk: given(desk, MOVE_RECEIVE),
        },
      });
      expect(draft instanceof Refusal ? draft.why : client.sys.send(draft)).toBe('MACH_MSG_SUCCESS');
    };
    send();
    const seen: unknown[] = [];
    const scan = (_: null, __: Received, { carried }: Call<unknown>) => {
      const {
        readers,
        film,
        desk: got,
      } = carried as unknown as {
        readers: PortName[];
        film: { address: number; size: number };
        desk: PortName;
      };
      seen.push(readers.length, film.size, server.sys.vm.getU8(film.address));
      return answer(2, { copy: given(got, MAKE_SEND) });
    };
    const handlers = { put: () => ({ at: 0 }), search: () => '', knock: () => null };
    shelf.serve(server.sys, take(), { ...handlers, scan });
    const message = client.sys.poll(reply);
    const got = shelf.reply('scan', message);
    expect(got).toMatchObject({ value: 2, carried: { copy: expect.any(Number) } });
    expect(seen).toEqual([2, 4096, 9]);
    expect(client.sys.call({ op: 'port_type', name: a })['type']).toEqual(['RECEIVE']);
    expect(client.sys.call({ op: 'port_type', name: desk }).kr).toBe('KERN_INVALID_NAME'); // moved

    // A server that refuses gives up what came: the receive right with it.
    const other = client.allocate();
    const draft = shelf.draft(to, reply, 'scan', null, {
      given: {
        readers: { kind: 'ool_ports', names: [a], disposition: MAKE_SEND },
        film: { address, size: 0 },
        desk: given(other, MOVE_RECEIVE),
      },
    });
    if (draft instanceof Refusal) throw new Error(`${draft.why}`);
    client.sys.send(draft);
    const count = ports();
    shelf.serve(server.sys, take(), { ...handlers, scan: () => new Refusal('KERN_NO_SPACE') });
    expect(ports()).toBe(count - 1);
    expect(shelf.reply('scan', client.sys.poll(reply))).toEqual({ retcode: 'KERN_NO_SPACE', why: null });
    expect(ports()).toBeGreaterThan(before);
  });

  it('has a number for each routine, one that is skipped among them, and answers MIG_BAD_ID to others', () => {
    const { client, server, to, reply, take } = scene();
    expect(shelf.routines).toEqual(['put', 'scan', 'search', 'knock']);
    expect([shelf.id('put'), shelf.id('scan'), shelf.range]).toEqual([7500, 7502, { first: 7500, last: 7504 }]);
    const ask = (id: number): unknown => {
      const draft = { remote: to, remoteDisposition: COPY_SEND, local: reply, localDisposition: MAKE_SEND_ONCE, id };
      client.sys.send(draft);
      shelf.serve(server.sys, take(), {} as never);
      return client.sys.poll(reply)?.body;
    };
    expect([7501, 7505, 7499, 7500].map(ask)).toEqual(Array(4).fill({ retcode: 'MIG_BAD_ID' }));
  });

  it('serves several interfaces at one port, unless they share numbers', () => {
    const { client, server, to, reply, take } = scene();
    const first = subsystem('first', 100, { a: routine<null, string>() });
    const second = subsystem('second', 101, { a: routine<null, string>() });
    const dispatch = demux([second, { a: () => 'second' }], [first, { a: () => 'first' }]);
    const ask = (id: number): unknown => {
      client.sys.send({ ...first.request(to, reply, 'a', null), id });
      dispatch(server.sys, take());
      return client.sys.poll(reply)?.body;
    };
    expect(ask(100)).toEqual({ retcode: 'KERN_SUCCESS', value: 'first' });
    expect(ask(101)).toEqual({ retcode: 'KERN_SUCCESS', value: 'second' });
    expect(ask(102)).toEqual({ retcode: 'MIG_BAD_ID' });
    const long = subsystem('long', 99, { a: routine(), b: routine() });
    expect(() => demux([first, {}], [long, {}])).toThrow('long and first share numbers from 100 on');
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`r${index}`, routine()]));
    expect(() => subsystem('many', 100, many)).toThrow('101 routines, at most 100');
  });

  it('does not serve who has gone, and is told of who goes', () => {
    const { client, server, to, take, at } = scene();
    const ask = (): PortName => {
      const port = client.allocate();
      const draft = shelf.draft(to, port, 'search', { what: 'whales' }, { timeoutMs: 50 });
      client.sys.send(draft as Exclude<typeof draft, Refusal>);
      return port;
    };
    const leave = (name: PortName): void => {
      client.call({ op: 'port_mod_refs', name, right: 'RECEIVE', delta: -1 });
    };
    const deadlines: unknown[] = [];
    const handlers = {
      put: () => ({ at: 0 }),
      scan: () => new Refusal('KERN_FAILURE'),
      knock: () => null,
      search: (_: unknown, __: unknown, { deadline }: { deadline: number | null }) => {
        deadlines.push(deadline);
        return new Refusal('MIG_NO_REPLY');
      },
    } as const;
    leave(ask());
    shelf.serve(server.sys, take(), handlers); // nobody waits: the handler does not run
    expect(deadlines).toEqual([]);

    at(1000);
    const port = ask();
    const message = take();
    shelf.serve(server.sys, message, handlers);
    const deadline = server.sys.now() + 50;
    expect(deadlines).toEqual([deadline]);
    expect([timeLeft({ deadline }, deadline - 7), timeLeft({ deadline }, deadline + 7)]).toEqual([7, 0]);
    expect(timeLeft({ deadline: null }, 7)).toBeUndefined();
    const deaths = server.allocate();
    expect(isWanted(server.sys, message)).toBe(true);
    expect(watchCaller(server.sys, message, deaths)).toBe(true);
    leave(port);
    expect(isWanted(server.sys, message)).toBe(false);
    expect(server.sys.poll(deaths)).toMatchObject({ id: NOTIFY_DEAD_NAME, body: { name: message.remote } });
    const release = (): string => server.sys.call({ op: 'port_deallocate', name: message.remote }).kr;
    expect([release(), release(), release()]).toEqual(['KERN_SUCCESS', 'KERN_SUCCESS', 'KERN_INVALID_NAME']);
  });

  it('does not answer a simple routine, whatever its caller thinks', () => {
    const { client, server, to, reply, take } = scene();
    const handlers = { put: () => ({ at: 0 }), scan: () => 0, search: () => '', knock: () => null } as never;
    const draft = shelf.draft(to, reply, 'knock', { n: 1 });
    if (draft instanceof Refusal) throw new Error('refused');
    expect(draft.local).toBeUndefined();
    client.sys.send({ ...draft, local: reply, localDisposition: MAKE_SEND_ONCE });
    const message = take();
    shelf.serve(server.sys, message, handlers);
    expect(client.sys.poll(reply)).toMatchObject({ id: 71 }); // the right came back unused
    expect(server.sys.call({ op: 'port_type', name: message.remote }).kr).toBe('KERN_INVALID_NAME');
  });

  it.each([
    [
      'whose schema answers later',
      { '~standard': { validate: async () => ({ value: 1 }) } },
      'request: its schema does not answer at once',
    ],
    ['whose issue has no path', { '~standard': { validate: () => ({ issues: [{ message: 'no' }] }) } }, 'request: no'],
    [
      'whose issue has a path of segments',
      { '~standard': { validate: () => ({ issues: [{ message: 'no', path: ['a', { key: 1 }, { key: 'b' }] }] }) } },
      'request.a[1].b: no',
    ],
  ])('refuses a request %s', (_, takes, why) => {
    const service = subsystem('odd', 9000, { ask: routine({ takes }) });
    const { to, reply } = scene();
    expect(service.draft(to, reply, 'ask', 1)).toMatchObject({ code: 'MIG_BAD_ARGUMENTS', why });
  });
});

describe('host code', () => {
  const opened: LocalKernel[] = [];
  afterEach(() => {
    for (const { close } of opened.splice(0)) close();
  });
  const hosts = () => {
    const local = openKernel('host');
    opened.push(local);
    const client = new HostTask(local.kernel, 'client');
    const server = new HostTask(local.kernel, 'server');
    const service = server.allocate();
    return { client, server, service, to: introduce(server.task, service, client.task), kernel: local.kernel };
  };

  it('asks and serves with promises; errors are typed codes, and nothing is left', async () => {
    const { client, server, service, to, kernel } = hosts();
    const knocks: number[] = [];
    const serving = hostServe(server, shelf, service, {
      put: async ({ title, year }) => (title === '' ? new Refusal('E_FULL', 'no shelf') : { at: year }),
      scan: (_, __, { carried }) => answer(carried.readers.length, { copy: given(carried.desk, MOVE_SEND) }),
      search: ({ what }, __, { deadline }) => (deadline === null ? what : 'in time'),
      knock: ({ n }) => {
        knocks.push(n);
        return null;
      },
    });
    const ports = kernel.ipc.ports;
    const library = hostClient(client, shelf, to);
    expect(await library.put({ title: 'Moby-Dick', year: 1851 })).toEqual({ at: 1851 });
    expect(await library.search({ what: 'x' }, { timeoutMs: 60_000 })).toBe('in time');
    expect(await library.knock({ n: 4 })).toBeUndefined();
    const full = await library.put({ title: '' }).catch((error: unknown) => error);
    expect(full).toBeInstanceOf(MachError);
    expect(full).toMatchObject({ code: 'E_FULL', why: 'no shelf', message: 'shelf.put: E_FULL (no shelf)' });
    expect(await hostAttempt(client, shelf, to, 'put', { title: '' })).toEqual({ retcode: 'E_FULL', why: 'no shelf' });
    expect(await hostAttempt(client, shelf, to, 'put', { title: 1 as never })).toMatchObject({
      retcode: 'MIG_BAD_ARGUMENTS',
      why: expect.stringMatching(/^request\.title: /),
    });
    expect(knocks).toEqual([4]);
    expect(kernel.ipc.ports).toBe(ports); // reply ports are gone
    server.call({ op: 'port_mod_refs', name: service, right: 'RECEIVE', delta: -1 });
    await serving;
    expect(await hostAttempt(client, shelf, to, 'put', { title: 'x' })).toMatchObject({
      retcode: 'MACH_SEND_INVALID_DEST',
    });
  });

  it('gives up by a signal: the server finds a dead name', async () => {
    const { client, server, service, to } = hosts();
    const stop = new AbortController();
    const wanted: boolean[] = [];
    const serving = hostServe(server, shelf, service, {
      put: () => ({ at: 0 }),
      scan: () => new Refusal('KERN_FAILURE'),
      knock: () => null,
      search: async (_, message) => {
        wanted.push(isWanted(server.sys, message));
        stop.abort('enough');
        await asked;
        wanted.push(isWanted(server.sys, message));
        throw new Error('nobody listens');
      },
    }).catch((error: unknown) => error);
    const asked: Promise<unknown> = hostClient(client, shelf, to)
      .search({ what: 'x' }, { signal: stop.signal })
      .catch((error: unknown) => error);
    expect(await asked).toBe('enough');
    expect(await serving).toMatchObject({ message: 'nobody listens' });
    expect(wanted).toEqual([true, false]);
  });

  it('has a loop that ends when it has been idle', async () => {
    const { server, service } = hosts();
    await hostServe(server, shelf, service, {} as never, { idleMs: 1 });
    expect(server.call({ op: 'port_type', name: service })['type']).toEqual(['RECEIVE']);
  });
});

it('a request without a reply right is always wanted', () => {
  const { server } = scene();
  expect(isWanted(server.sys, { remote: MACH_PORT_NULL })).toBe(true);
});
