import { describe, expect, it } from 'vitest';
import type { Lane } from '../../../servers/net/session/frame.ts';
import { type Node, twoNodes } from './session-scene.ts';

const numbered = (number: number, size: number): Uint8Array => {
  const payload = new Uint8Array(4 + size).fill(number);
  new DataView(payload.buffer).setUint32(0, number, true);
  return payload;
};

/** For each lane the numbers that a node got, in order. A payload whose filling is not its number's is NaN. */
const gotBy = (node: Node): number[][] =>
  [0, 1, 2, 3].map((lane) =>
    node.got
      .filter((item) => item.lane === lane)
      .map(({ payload }) => {
        const number = new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
        return payload.subarray(4).every((octet) => octet === number % 256) ? number : Number.NaN;
      }),
  );

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Sends on all lanes while the net is cut again and again, then lets it settle. */
const chaos = (seed: number): void => {
  const { world, a, b } = twoNodes(seed, { suspectAfterMs: 400, deadAfterMs: 60_000, handshakeMs: 300 });
  const { random } = world;
  const counts = new Map<string, number>();
  const dial = (): void => {
    if (random() < 0.5) world.dial(a, b);
    else world.dial(b, a);
  };
  for (let step = 0; step < 60; step += 1) {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      for (let times = Math.floor(random() * 6); times > 0; times -= 1) {
        const lane = Math.floor(random() * 4) as Lane;
        const key = `${from.name}${lane}`;
        const number = counts.get(key) ?? 0;
        const size = random() < 0.1 ? 150_000 : Math.floor(random() * 200);
        if (from.to(to).transmit(lane, numbered(number, size)) === 'ok') counts.set(key, number + 1);
      }
    }
    if (random() < 0.3) dial();
    if (random() < 0.1) dial();
    const wire = world.wires.at(-1 - Math.floor(random() * 2));
    if (random() < 0.3) wire?.cut();
    if (random() < 0.05) wire?.mute();
    world.run(random() * 60);
  }
  for (const wire of world.wires) wire.cut();
  world.run(50);
  for (let tries = 0; tries < 20 && (a.to(b).state !== 'up' || b.to(a).state !== 'up'); tries += 1) {
    world.run(1000);
    dial();
    world.run(1000);
  }
  world.run(2000);
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    expect(gotBy(to)).toEqual([0, 1, 2, 3].map((lane) => upTo(counts.get(`${from.name}${lane}`) ?? 0)));
    expect(from.to(to).held).toBe(0);
    expect(from.diary.filter((line) => line.startsWith('dead'))).toEqual([]);
  }
};

describe('delivery over carriers that are cut', () => {
  it.each(Array.from({ length: 60 }, (_, index) => index + 1))(
    'is exactly once, in the order of each lane (seed %i)',
    chaos,
  );
});
