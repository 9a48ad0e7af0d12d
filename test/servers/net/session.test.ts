import { describe, expect, it } from 'vitest';
import { Slab } from '../../../ports/wire/slab.ts';
import { FRAME_ACK, FRAME_DATA, FRAME_RESET, newFrame, readHeader } from '../../../servers/net/session/frame.ts';
import { helloFrame, PROTOCOL_VERSION, readReset, resumeFrame } from '../../../servers/net/session/hello.ts';
import { type End, Node, twoNodes, Wire, type World } from './session-scene.ts';

const slab = new Slab();
const text = (words: string): Uint8Array => new TextEncoder().encode(words);
const words = (node: Node): string[] => node.got.map(({ payload }) => new TextDecoder().decode(payload));
const types = (end: End): number[] => end.sent.map((frame) => readHeader(frame).type);
const resets = (end: End): string[] =>
  end.sent
    .filter((frame) => readHeader(frame).type === FRAME_RESET)
    .map((frame) => {
      const { code, why } = readReset(frame);
      return `${code}: ${why}`;
    });

/** A carrier to `node` at whose other end the test itself speaks. */
const stranger = (
  world: World,
  node: Node,
  dialler: 'self' | 'peer' = 'peer',
): { wire: Wire; say(frame: Uint8Array): void } => {
  const wire = new Wire(world);
  node.adopt(wire.right, dialler, null);
  wire.left.open({ frame: () => {}, drain: () => {}, closed: () => {} });
  return { wire, say: (frame) => void wire.left.send(frame) };
};
const hello = (node: string, incarnation: string, version = PROTOCOL_VERSION): Uint8Array =>
  helloFrame(slab, { version, node, incarnation, payloadMax: 65 << 20 });
const resume = (sessionNo: number, epoch: number): Uint8Array =>
  resumeFrame(slab, { sessionNo, epoch, lastEpoch: 0, recvNext: [0, 0, 0, 0] });
const data = (epoch: number, seq: number, payload: string, lane: 0 | 1 = 1): Uint8Array => {
  const frame = newFrame(slab, { type: FRAME_DATA, lane, flags: 3, epoch, seq }, payload.length);
  frame.set(text(payload), 24);
  return frame;
};

describe('a session', () => {
  it('begins with a hello and a resume of each side', () => {
    const { world, a, b } = twoNodes();
    world.dial(a, b);
    world.run(50);
    expect([a.diary, b.diary]).toEqual([['up b b1 1'], ['up a a1 1']]);
  });

  it('carries what was given to it before it had a carrier', () => {
    const { world, a, b } = twoNodes();
    expect(a.to(b).transmit(1, text('early'))).toBe('ok');
    world.dial(a, b);
    world.run(100);
    expect(words(b)).toEqual(['early']);
    expect(a.to(b).held).toBe(0);
  });

  it('carries payloads of no byte and of many fragments', () => {
    const { world, a, b } = twoNodes();
    world.dial(a, b);
    const large = new Uint8Array(1_000_000).map((_, index) => index % 251);
    for (const payload of [new Uint8Array(), large, new Uint8Array(65_512), new Uint8Array(65_513)])
      a.to(b).transmit(2, payload);
    world.run(200);
    expect(b.got.map(({ payload }) => payload.length)).toEqual([0, 1_000_000, 65_512, 65_513]);
    expect(Buffer.compare(b.got[1]?.payload ?? text(''), large)).toBe(0);
  });

  it('acknowledges many frames with one', () => {
    const { world, a, b } = twoNodes(1, { ackFrames: 10 });
    const { right } = world.dial(a, b);
    world.run(50);
    for (let i = 0; i < 25; i += 1) a.to(b).transmit(1, text('x'));
    world.run(100);
    expect(types(right).filter((type) => type === FRAME_ACK)).toHaveLength(3);
    expect(a.to(b).held).toBe(0);
  });

  it('answers full at its limit, keeps a part for control, and tells when there is room', () => {
    const { world, a, b } = twoNodes(1, { replayMax: 80_000 });
    const answers = Array.from({ length: 4 }, () => a.to(b).transmit(1, new Uint8Array(30_000)));
    expect(answers).toEqual(['ok', 'ok', 'full', 'full']);
    expect(a.to(b).transmit(3, new Uint8Array(30_000))).toBe('full');
    expect(a.to(b).transmit(0, text('control'))).toBe('ok');
    expect(a.to(b).held).toBeLessThanOrEqual(80_000);
    world.dial(a, b);
    world.run(100);
    expect(a.diary).toEqual(['up b b1 1', 'drained b 1', 'drained b 3']);
    expect(b.got).toHaveLength(3);
  });

  it('takes a payload larger than the buffer only when it is alone, and none larger than agreed', () => {
    const { a, b } = twoNodes(1, { replayMax: 80_000, payloadMax: 200_000 });
    expect(a.to(b).transmit(1, new Uint8Array(200_001))).toBe('too-large');
    expect(a.to(b).transmit(1, new Uint8Array(200_000))).toBe('ok');
    expect(a.to(b).transmit(1, text('next'))).toBe('full');
  });

  it('sends control first, then waited-for pages, and lets no lane starve', () => {
    const { world, a, b } = twoNodes();
    const wire = world.dial(a, b);
    world.run(50);
    wire.left.window = 1;
    a.to(b).transmit(0, text('blocks the carrier'));
    for (const lane of [3, 1, 2, 0] as const) for (let i = 0; i < 12; i += 1) a.to(b).transmit(lane, text(`${lane}`));
    world.run(500);
    const order = b.got.slice(1).map(({ lane }) => lane);
    expect(order.slice(0, 12)).toEqual(new Array(12).fill(0));
    expect(order.slice(12, 20)).toEqual(new Array(8).fill(2));
    expect(order.slice(20, 24)).toEqual(new Array(4).fill(1));
    expect(order[24]).toBe(3);
    expect(order).toHaveLength(48);
  });
});

describe('carriers', () => {
  it('that are dialled at the same time: the one of the smaller node is kept', () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      const { world, a, b } = twoNodes(seed);
      const [mine, theirs] = [world.dial(a, b), world.dial(b, a)];
      a.to(b).transmit(1, text('from a'));
      b.to(a).transmit(1, text('from b'));
      world.run(200);
      expect([words(a), words(b)]).toEqual([['from b'], ['from a']]);
      expect([a.to(b).state, b.to(a).state]).toEqual(['up', 'up']);
      expect(resets(mine.left).concat(resets(mine.right))).toEqual([]);
      expect(resets(theirs.left).concat(resets(theirs.right)).join()).toContain('CROSSED');
    }
  });

  it('that come after another replace it', () => {
    const { world, a, b } = twoNodes();
    const first = world.dial(b, a);
    world.run(50);
    world.dial(b, a);
    world.run(50);
    expect(resets(first.right).concat(resets(first.left)).join()).toContain('REPLACED');
    a.to(b).transmit(1, text('still here'));
    world.run(50);
    expect(words(b)).toEqual(['still here']);
    expect(a.diary.concat(b.diary).filter((line) => line.startsWith('dead'))).toEqual([]);
  });

  it('that the larger node dials because it has lost the other are let in', () => {
    const { world, a, b } = twoNodes(3, { suspectAfterMs: 300, pingIdleMs: 100 });
    const first = world.dial(a, b);
    world.run(50);
    first.mute();
    first.right.end('only b learns of it');
    world.run(50);
    expect([a.to(b).state, b.to(a).state]).toEqual(['up', 'detached']);
    world.dial(b, a);
    b.to(a).transmit(1, text('again'));
    world.run(100);
    expect(words(a)).toEqual(['again']);
  });

  it('that break off a sequence are closed, and the session goes on', () => {
    const { world, a, b } = twoNodes();
    const { wire, say } = stranger(world, a);
    say(hello('b', 'b1'));
    say(resume(1, 1));
    say(data(1, 0, 'zero'));
    say(data(1, 0, 'zero again'));
    say(data(1, 2, 'two'));
    world.run(50);
    expect(words(a)).toEqual(['zero']);
    expect(resets(wire.right)).toEqual(['E_WIRE: a gap in the sequence']);
    expect(a.diary).toEqual(['up b b1 1', 'detached b: E_WIRE: a gap in the sequence']);
    world.nodes.splice(world.nodes.indexOf(b), 1);
  });

  it('that speak with the epoch of another are closed', () => {
    const { world, a } = twoNodes();
    const { wire, say } = stranger(world, a);
    say(hello('b', 'b1'));
    say(resume(1, 7));
    say(data(6, 0, 'late'));
    world.run(50);
    expect(resets(wire.right)).toEqual(['E_WIRE: the epoch of another carrier']);
  });

  it('that were overtaken by a later one are closed', () => {
    const { world, a } = twoNodes();
    const [early, late] = [stranger(world, a), stranger(world, a)];
    early.say(hello('b', 'b1'));
    world.run(10);
    late.say(hello('b', 'b1'));
    late.say(resume(1, 1));
    world.run(10);
    early.say(resume(1, 1));
    late.say(data(2, 0, 'heard'));
    world.run(50);
    expect(resets(early.wire.right)).toEqual(['STALE: older than the carrier in use']);
    expect(words(a)).toEqual(['heard']);
  });

  it('that the peer dials do not replace one that this smaller node dialled, unless that is silent', () => {
    const { world, a } = twoNodes();
    const mine = stranger(world, a, 'self');
    mine.say(hello('b', 'b1'));
    mine.say(resume(1, 1));
    world.run(50);
    const attempt = (): string[] => {
      const { wire, say } = stranger(world, a);
      say(hello('b', 'b1'));
      say(resume(1, 1));
      world.run(50);
      return resets(wire.right);
    };
    expect(attempt()).toEqual(['CROSSED: dialled at the same time']);
    world.run(3500);
    expect(attempt()).toEqual([]);
    expect(resets(mine.wire.right)).toEqual(['CROSSED: dialled at the same time']);
  });

  it('that are lost keep the frames they had: what goes again is a copy', () => {
    const { world, a, b } = twoNodes();
    const first = world.dial(a, b);
    world.run(50);
    first.mute();
    a.to(b).transmit(1, text('twice'));
    first.cut();
    world.run(50);
    const second = world.dial(a, b);
    world.run(50);
    const epochs = [first, second].map(
      ({ left }) => left.sent.map(readHeader).find(({ type }) => type === FRAME_DATA)?.epoch,
    );
    expect(epochs).toEqual([1, 2]);
    expect(words(b)).toEqual(['twice']);
  });

  it('that say nothing in time are closed', () => {
    const { world, a } = twoNodes();
    const silent = stranger(world, a);
    const greeted = stranger(world, a);
    greeted.say(hello('b', 'b1'));
    world.run(6000);
    expect(resets(silent.wire.right)).toEqual(['TIMEOUT: no hello in time']);
    expect(resets(greeted.wire.right)).toEqual(['TIMEOUT: no resume in time']);
  });

  it('that say anything before the hello, or garbage, are closed', () => {
    const { world, a } = twoNodes();
    const early = stranger(world, a);
    early.say(data(1, 0, 'x'));
    const garbage = stranger(world, a);
    garbage.say(new Uint8Array(100).fill(0xff));
    world.run(50);
    expect(resets(early.wire.right)).toEqual(['E_WIRE: a frame before the hello']);
    expect(resets(garbage.wire.right)).toEqual(['E_WIRE: not a frame']);
  });

  it('of another version are refused with both versions', () => {
    const { world, a } = twoNodes();
    const { wire, say } = stranger(world, a);
    say(hello('b', 'b1', 9));
    world.run(50);
    expect(resets(wire.right)).toEqual(['E_VERSION: this node speaks version 3, the other 9']);
    expect(a.refusals.map(({ code }) => code)).toEqual(['E_VERSION']);
  });

  it('that lead to oneself, or to another than was meant, are refused', () => {
    const { world, a, b } = twoNodes();
    world.dial(a, a);
    world.dial(a, b, 'c');
    world.run(50);
    expect(a.refusals.map(({ code }) => code)).toContain('WRONG_NODE');
    expect([...a.peers.all].filter((session) => session.state === 'up')).toEqual([]);
  });

  it('of strangers are limited', () => {
    const { world, a } = twoNodes(1, { strangersMax: 2 });
    const wires = [stranger(world, a), stranger(world, a), stranger(world, a)].map(({ wire }) => resets(wire.right));
    expect(wires).toEqual([[], [], ['BUSY: too many strangers']]);
    world.run(1);
  });
});

describe('the verdict', () => {
  it('follows suspicion, and suspicion may pass', () => {
    const { world, a, b } = twoNodes();
    const wire = world.dial(a, b);
    world.run(50);
    wire.cut();
    world.run(3500);
    expect(a.diary).toEqual(['up b b1 1', 'detached b: cut', 'suspect b']);
    world.dial(a, b);
    world.run(50);
    expect(a.diary.at(-1)).toBe('trusted b');
    world.run(60_000);
    expect(a.diary.at(-1)).toBe('trusted b');
  });

  it('over silence is no proof, and stays: the same life has to begin a new session', () => {
    const { world, a, b } = twoNodes(1, { suspectAfterMs: 1000, deadAfterMs: 5000 });
    const wire = world.dial(a, b);
    world.run(50);
    world.nodes.splice(world.nodes.indexOf(b), 1); // b's clock stands still
    wire.mute();
    a.to(b).transmit(1, text('lost with the session'));
    b.to(a).transmit(1, text('lost too'));
    world.run(6000);
    expect(a.diary).toEqual(['up b b1 1', 'suspect b', 'dead b: nothing was heard for too long']);
    expect(a.to(b).transmit(1, text('to the dead'))).toBe('dead');
    wire.cut();
    world.dial(b, a);
    world.run(50);
    expect(b.diary).toEqual([
      'up a a1 1',
      'detached a: closed by the peer',
      'dead a: the peer had given this node up',
      'detached a: another session is to begin',
    ]);
    world.dial(b, a);
    world.run(50);
    a.to(b).transmit(1, text('fresh'));
    b.to(a).transmit(1, text('fresh'));
    world.run(50);
    expect([a.diary.at(-1), b.diary.at(-1)]).toEqual(['up b b1 2', 'up a a1 2']);
    expect([words(a), words(b)]).toEqual([['fresh'], ['fresh']]);
  });

  it('is proven by a new life, which receives nothing that was meant for the old one', () => {
    const { world, a, b } = twoNodes();
    const wire = world.dial(a, b);
    world.run(50);
    wire.cut();
    world.run(50);
    a.to(b).transmit(1, text('for the first life'));
    b.vanish();
    const reborn = new Node(world, 'b', 'b2');
    world.dial(reborn, a);
    world.run(50);
    expect(a.diary.slice(2)).toEqual(['dead b: the peer has begun a new life (proof)', 'up b b2 1']);
    a.to(b).transmit(1, text('for the second'));
    world.run(50);
    expect(words(reborn)).toEqual(['for the second']);
    world.dial(b, a);
    world.run(50);
    expect(b.to(a).state).toBe('detached');
    expect(a.to(b).state).toBe('up');
  });

  it('is proven by a good-bye', () => {
    const { world, a, b } = twoNodes();
    world.dial(a, b);
    world.run(50);
    b.peers.leave();
    world.run(50);
    expect(a.diary).toEqual(['up b b1 1', 'dead b: the peer has left (proof)']);
  });

  it('can be pronounced by whoever has proof, and what comes after is not heard', () => {
    const { world, a, b } = twoNodes();
    world.dial(a, b);
    world.run(50);
    b.to(a).transmit(1, text('on its way'));
    a.to(b).declareDead('its process has ended', true);
    world.run(50);
    expect(words(a)).toEqual([]);
    expect(a.diary).toEqual(['up b b1 1', 'dead b: its process has ended (proof)']);
    expect(b.diary.at(-2)).toBe('dead a: the peer had given this node up');
  });
});
