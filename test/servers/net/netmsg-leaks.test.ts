import { describe, expect, it } from 'vitest';
import { terminateTask } from '../../../kernel/lives.ts';
import { MACH_PORT_DEAD, MACH_PORT_NULL, type PortName } from '../../../ports/name.ts';
import { type Actor, onceRight, receiveRight, sendRight, World } from '../../support/two-kernels.ts';

/** Numbers below a bound (mulberry32). */
const seeded = (seed: number): ((below: number) => number) => {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
};

/** Sends everything that it has anywhere, drops and destroys at random. */
const disturb = (world: World, seed: number): Actor[] => {
  const random = seeded(seed);
  const nodes = ['a', 'b', 'c'].map((name) => world.node(name));
  const actors = nodes.map((node) => node.actor(`actor-${node.name}`));
  const boxes = actors.map((actor) => actor.port());
  actors.forEach((actor, at) => {
    actor.checkIn(boxes[at] as PortName, 'box');
  });
  const ways = actors.map((actor) => nodes.map((node) => actor.lookUp(node, 'box')));
  const kept = actors.map((actor): PortName[] => [actor.port(), actor.port(), actor.port()]);
  for (let step = 0; step < 80; step += 1) {
    const at = random(3);
    const actor = actors[at] as Actor;
    const names = (kept[at] ?? []).filter((name) => /SEND|RECEIVE/.test(String(actor.types(name))));
    kept[at] = names;
    if (names.length < 3) names.push(actor.port());
    const some = names[random(names.length)];
    const way = ways[at]?.[random(3)] as PortName;
    const types = some === undefined ? [] : ((actor.types(some) as string[] | undefined) ?? []);
    switch (random(10)) {
      case 0:
        names.push(actor.port());
        break;
      case 1:
        if (types.includes('RECEIVE'))
          actor.send(way, step, null, [sendRight(some as PortName), onceRight(some as PortName)]);
        break;
      case 2:
        if (types.includes('RECEIVE')) actor.send(way, step, null, [receiveRight(some as PortName)]);
        break;
      case 3:
        if (types[0] === 'SEND')
          actor.send(way, step, 'x', [{ kind: 'port', name: some as PortName, disposition: 17 }]);
        else if (types[0] === 'SEND_ONCE')
          actor.send(way, step, 'x', [{ kind: 'port', name: some as PortName, disposition: 18 }]);
        break;
      case 4:
        if (types.includes('SEND') || types.includes('SEND_ONCE')) actor.send(some as PortName, step, 'hello');
        break;
      case 5:
        if (some !== undefined && random(4) === 0) actor.call({ op: 'port_destroy', name: some });
        break;
      case 6:
        actor.call({ op: 'port_deallocate', name: some ?? MACH_PORT_NULL });
        break;
      default: {
        const message = actor.take(boxes[at] as PortName);
        for (const item of message?.items ?? []) {
          if (item.kind === 'port' && item.name !== MACH_PORT_NULL && item.name !== MACH_PORT_DEAD)
            names.push(item.name);
        }
      }
    }
    world.steps(random(12));
  }
  return actors;
};

describe('a world in which everything is sent everywhere', () => {
  it('has nothing left when its tasks have ended', () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const world = new World(seed);
      const actors = disturb(world, seed);
      world.run();
      for (const actor of actors) terminateTask(actor.host.task);
      world.run();
      for (const node of world.nodes) {
        const left = { seed, node: node.name, ...node.census(), names: node.netTask.space.entries().length };
        // The set, the watch, the doorbell and the service port; a dead box under its registered name; the census's
        // reply.
        expect(left).toMatchObject({ proxies: 0, exports: 0, callbacks: 0 });
        expect(left.names, JSON.stringify(left)).toBeLessThanOrEqual(6);
      }
    }
  });
});
