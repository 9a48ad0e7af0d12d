import { describe, expect, it } from 'vitest';
import { crossings, type TracedMessage, traced } from '../../../servers/shell/commands/trace-messages.ts';
import { type Node, receiveRight, World } from '../../support/two-kernels.ts';

/** All rings as one. */
const merged = (nodes: readonly Node[]): TracedMessage[] =>
  nodes.flatMap(({ name, kernel }) => traced({ name, clockOrigin: 0 }, kernel.events?.read() ?? [], new Map()));

/** How an event came to be, first cause first: `kind@node`. */
const storyOf = (events: readonly TracedMessage[], last: TracedMessage): string[] => {
  const story: string[] = [];
  for (let at: TracedMessage | undefined = last; at !== undefined; ) {
    const { kind, node, cause }: TracedMessage = at;
    story.unshift(`${kind}@${node}`);
    at = cause === null ? undefined : events.find(({ id }) => id === cause);
  }
  return story;
};

const scene = () => {
  const world = new World();
  const [a, b, c] = [world.node('a'), world.node('b'), world.node('c')];
  const [sender, owner, other] = [a.actor('sender'), b.actor('owner'), c.actor('other')];
  const port = owner.port();
  owner.checkIn(port, 'port');
  const box = other.port();
  other.checkIn(box, 'box');
  return {
    world,
    a,
    b,
    c,
    sender,
    owner,
    other,
    port,
    box,
    way: sender.lookUp(b, 'port'),
    toBox: owner.lookUp(c, 'box'),
  };
};

describe('a message between kernels', () => {
  it('is received because it was sent: the rings of both tell it together', () => {
    const { world, a, b, c, sender, owner, port, way } = scene();
    sender.send(way, 4711);
    world.run();
    owner.take(port);
    const events = merged([a, b, c]);
    const received = events.find(({ kind, node, value }) => kind === 'receive' && node === 'b' && value === 4711);
    expect(received).toBeDefined();
    if (received !== undefined)
      expect(storyOf(events, received).slice(-3)).toEqual(['send@a', 'arrive@b', 'receive@b']);
    expect(crossings(events).filter(({ to }) => to.value === 4711)).toHaveLength(1);
  });

  it('that is passed on says by whom', () => {
    const { world, a, b, c, sender, owner, other, port, box, way, toBox } = scene();
    world.hold(a, b);
    sender.send(way, 4711);
    owner.send(toBox, 1, null, [receiveRight(port)]);
    world.run();
    world.release(a, b);
    world.run();
    other.take(other.right(other.take(box)));
    const events = merged([a, b, c]);
    const received = events.find(({ kind, node, value }) => kind === 'receive' && node === 'c' && value === 4711);
    expect(received).toBeDefined();
    if (received !== undefined)
      expect(storyOf(events, received).slice(-4)).toEqual(['send@a', 'forward@b', 'arrive@c', 'receive@c']);
  });

  it('answers one: the request is the cause of the reply', () => {
    const { world, a, b, c, sender, owner, port, way } = scene();
    const reply = sender.port();
    sender.send(way, 1, null, [], reply);
    world.run();
    const request = owner.take(port);
    if (request === null) throw new Error('no request');
    owner.send(request.remote, 4711);
    world.run();
    sender.take(reply);
    const events = merged([a, b, c]);
    const received = events.find(({ kind, node, value }) => kind === 'receive' && node === 'a' && value === 4711);
    expect(received && storyOf(events, received)).toEqual(
      expect.arrayContaining(['send@a', 'receive@b', 'send@b', 'arrive@a', 'receive@a']),
    );
  });
});
