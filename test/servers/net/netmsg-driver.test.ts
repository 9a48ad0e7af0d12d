import { describe, expect, it } from 'vitest';
import { MACH_PORT_NULL, type PortName } from '../../../ports/name.ts';
import { NetDriver } from '../../../servers/net/driver.ts';
import { memoryLinks } from '../../../servers/net/memory-link.ts';
import type { NetInput } from '../../../servers/net/protocol.ts';
import { type Actor, copyRight, sendRight, World } from '../../support/two-kernels.ts';

/** Two drivers and what runs their links: time is a number, links deliver when `run` is called. */
const pair = () => {
  let now = 0;
  const jobs: (() => void)[] = [];
  const rings = { a: 0, b: 0 };
  const driver = (node: 'a' | 'b'): NetDriver =>
    new NetDriver({
      self: { node, incarnation: `${node}1` },
      now: () => now,
      ring: () => {
        rings[node] += 1;
      },
      dial: () => undefined,
      settings: { replayMax: 2000 },
    });
  const [a, b] = [driver('a'), driver('b')];
  const connect = () => {
    const links = memoryLinks((job) => jobs.push(job));
    a.open(links[0], 'self', 'b');
    b.open(links[1], 'peer');
    return links;
  };
  const run = (): void => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) job();
  };
  const after = (ms: number): void => {
    now += ms;
    a.tick(now);
    b.tick(now);
    run();
  };
  return { a, b, rings, connect, run, after };
};

const heard = (driver: NetDriver): string[] => {
  const all: string[] = [];
  for (let input = driver.take(); input !== undefined; input = driver.take()) all.push(tell(input));
  return all;
};
const tell = (input: NetInput): string => (input.kind === 'message' ? `${input.bytes.length}` : input.kind);

describe('the driver', () => {
  it('queues what sessions hear and rings', () => {
    const { a, b, rings, connect, run } = pair();
    connect();
    run();
    a.transmit('b', 1, new Uint8Array(7));
    run();
    expect(heard(a)).toEqual(['up']);
    expect(heard(b)).toEqual(['up', '7']);
    expect(rings.b).toBe(2);
    expect(a.nodes()).toEqual(['b']);
  });

  it('keeps what the session has no room for, in order', () => {
    const { a, b, connect, run, after } = pair();
    for (let size = 1; size <= 40; size += 1) a.transmit('b', 1, new Uint8Array(100 + size));
    connect();
    run();
    for (let n = 0; n < 100; n += 1) after(30);
    expect(heard(b)).toEqual(['up', ...Array.from({ length: 40 }, (_, i) => `${101 + i}`)]);
  });

  it('sends nothing to a node whose verdict netmsg has not heard', () => {
    const { a, b, connect, run } = pair();
    connect();
    run();
    heard(a);
    a.giveUp('b', 'it is gone', 'proof');
    expect(a.isLiving('b')).toBe(false);
    run();
    expect(heard(a)).toEqual(['dead']);
    expect(heard(b)).toContain('dead');
  });
});

describe('netmsg over sessions and links', () => {
  it('works as over wires, also when links break', () => {
    const world = new World();
    const { a, b, cut, settle } = world.linked('a', 'b');
    const server = b.actor('server');
    const port = server.port();
    server.checkIn(port, 'echo');
    const client = a.actor('client');
    const echo = client.lookUp(b, 'echo');
    const reply = client.port();
    const answers: number[] = [];
    for (let id = 0; id < 20; id += 1) {
      client.send(echo, id, null, [], reply);
      if (id % 3 === 0) cut();
      settle();
      const message = server.take(port);
      if (message !== null) server.send(message.remote, 100 + message.id);
      settle();
      answers.push(...client.takeIds(reply));
    }
    expect(answers).toEqual(Array.from({ length: 20 }, (_, i) => 100 + i));
  });
});

describe('out-of-line memory', () => {
  it('arrives with its contents', () => {
    const world = new World();
    const [a, b] = [world.node('a'), world.node('b')];
    const [alice, bob] = [a.actor('alice'), b.actor('bob')] as [Actor, Actor];
    const port = bob.port();
    bob.checkIn(port, 'box');
    const box: PortName = alice.lookUp(b, 'box');
    const address = alice.call({ op: 'vm_allocate', size: 10_000, anywhere: true })['address'] as number;
    const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => i % 251);
    alice.call({ op: 'vm_write', address, bytes });
    const reply = alice.port();
    alice.send(box, 1, null, [{ kind: 'ool', address, size: 10_000 }, sendRight(reply), copyRight(MACH_PORT_NULL)]);
    world.run();
    const item = bob.take(port)?.items?.[0];
    expect(item).toMatchObject({ kind: 'ool', size: 10_000 });
    const read = bob.call({ op: 'vm_read', address: (item as { address: number }).address, size: 10_000 })['bytes'];
    expect([...(read as Iterable<number>)]).toEqual([...bytes]);
    expect(a.netTask.memory.regions.list.length).toBe(0);
    expect(b.netTask.memory.regions.list.length).toBe(0);
  });
});
