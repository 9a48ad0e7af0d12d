import { describe, expect, it } from 'vitest';
import type { PortName } from '../../../ports/name.ts';
import { type Actor, World } from '../../support/two-kernels.ts';

/**
 * Sends `count` messages, each as soon as there is room, numbered from `from` on. The actor's blocked sends wait in
 * the kernel.
 */
const flood = (actor: Actor, to: PortName, from: number, count: number): string[] => {
  const codes: string[] = [];
  for (let id = from; id < from + count; id += 1) {
    void actor.host.send({ remote: to, remoteDisposition: 19, id }).then(
      () => codes.push('MACH_MSG_SUCCESS'),
      (error: unknown) => codes.push(String(error)),
    );
  }
  return codes;
};

const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);

describe('order and back-pressure', () => {
  it('keeps the order of each sender, whoever waits for room', () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const world = new World(seed);
      const [a, b, c] = [world.node('a'), world.node('b'), world.node('c')];
      const owner = a.actor('owner');
      const port = owner.port();
      owner.checkIn(port, 'sink');
      const senders = [a.actor('local'), b.actor('one'), c.actor('two')];
      senders.forEach((sender, at) => {
        flood(sender, sender.lookUp(a, 'sink'), 1000 * (at + 1), 40);
      });
      world.run();
      const ids: number[] = [];
      for (let more = owner.takeIds(port); more.length > 0; more = owner.takeIds(port)) {
        ids.push(...more);
        world.run();
      }
      senders.forEach((_, at) => {
        const from = 1000 * (at + 1);
        expect(ids.filter((id) => id >= from && id < from + 1000)).toEqual(range(from, 40));
      });
      expect(ids.length).toBe(120);
    }
  });

  it('lets a sender have only so much on its way that nobody has taken', () => {
    const world = new World();
    const [a, b] = [world.node('a', { credit: 2 }), world.node('b', { credit: 2, proxyQlimit: 1 })];
    const owner = a.actor('owner');
    const port = owner.port();
    owner.checkIn(port, 'sink');
    const sender = b.actor('sender');
    const sink = sender.lookUp(a, 'sink');
    let accepted = 0;
    for (let id = 0; id < 50; id += 1) {
      if (sender.send(sink, id) === 'MACH_MSG_SUCCESS') accepted += 1;
      world.run();
    }
    // The queue (5), two on their way by credit, of which one is forced in, and the proxy's own queue (1).
    expect(accepted).toBe(8);
    expect(owner.takeIds(port)).toEqual(range(0, 6));
    world.run();
    expect(owner.takeIds(port)).toEqual(range(6, 2));
  });
});
