import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bodySize } from '../../../ports/body.ts';
import { Codec, encodeBody } from '../../../ports/wire/codec.ts';
import { WireError } from '../../../ports/wire/error.ts';
import { Slab } from '../../../ports/wire/slab.ts';
import { FRAME_DATA, FRAME_PING, newFrame, PAYLOAD_MAX } from '../../../servers/net/session/frame.ts';
import {
  ackFrame,
  byeFrame,
  helloFrame,
  PROTOCOL_VERSION,
  pingFrame,
  resetFrame,
  resumeFrame,
} from '../../../servers/net/session/hello.ts';
import { Peers } from '../../../servers/net/session/peers.ts';
import { anyBody } from '../../ports/body-values.ts';
import { seeded } from './session-scene.ts';

const SEED = 20_240_607;
const INPUTS = 100_000;

/** Changes an encoding as errors and enemies do: flips, overwrites, cuts, repeats, inserts lengths that lie. */
const mutate = (octets: Uint8Array, random: () => number): Uint8Array => {
  let mutant: number[] = [...octets];
  const at = (): number => Math.floor(random() * (mutant.length + 1));
  for (let times = 1 + Math.floor(random() * 4); times > 0; times -= 1) {
    const place = at();
    switch (Math.floor(random() * 7)) {
      case 0:
        mutant[place] = (mutant[place] ?? 0) ^ (1 << Math.floor(random() * 8));
        break;
      case 1:
        mutant[place] = Math.floor(random() * 256);
        break;
      case 2:
        mutant = mutant.slice(0, place);
        break;
      case 3:
        mutant.splice(place, 0, ...mutant.slice(place, place + Math.floor(random() * 16)));
        break;
      case 4:
        mutant.splice(place, 0, 0xff, 0xff, 0xff, Math.floor(random() * 128));
        break;
      case 5:
        mutant.splice(place, 1 + Math.floor(random() * 4));
        break;
      default:
        mutant.splice(place, 0, Math.floor(random() * 0x18), Math.floor(random() * 8));
    }
  }
  return new Uint8Array(mutant);
};

describe('100,000 mutated encodings', () => {
  it('are bodies, or throw a WireError, and nothing else', () => {
    const random = seeded(SEED);
    const codec = new Codec();
    const corpus = fc
      .sample(anyBody, { seed: SEED, numRuns: 400 })
      .map(encodeBody)
      .filter((octets) => octets.length < 2000);
    let refused = 0;
    for (let input = 0; input < INPUTS; input += 1) {
      const mutant = mutate(corpus[input % corpus.length] as Uint8Array, random);
      try {
        const body = codec.decode(mutant);
        if (input % 16 === 0) expect(codec.encode(body).length).toBeLessThanOrEqual(bodySize(body));
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(INPUTS / 4);
    expect(refused).toBeLessThan(INPUTS);
  }, 60_000);
});

describe('20,000 conversations with a stranger who says anything', () => {
  it('end carriers, and throw nothing', () => {
    const random = seeded(SEED);
    const slab = new Slab();
    const frames = [
      helloFrame(slab, { version: PROTOCOL_VERSION, node: 'b', incarnation: 'b1', payloadMax: 65 << 20 }),
      resumeFrame(slab, { sessionNo: 1, epoch: 1, lastEpoch: 0, recvNext: [0, 0, 0, 0] }),
      newFrame(slab, { type: FRAME_DATA, lane: 1, flags: 3, epoch: 1, seq: 0 }, 5),
      newFrame(slab, { type: FRAME_DATA, lane: 1, flags: 1, epoch: 1, seq: 1 }, PAYLOAD_MAX),
      ackFrame(slab, 1, [0, 1, 0, 0]),
      pingFrame(slab, FRAME_PING, 1, { nonce: 1, sentAt: 1 }),
      resetFrame(slab, { code: 'DECLARED_DEAD', sessionNo: 2, why: '' }),
      byeFrame(slab, 1),
    ];
    let closed = 0;
    const said = new Set<string>();
    const note = (what: string): void => void said.add(what);
    const peers = new Peers(
      { node: 'a', incarnation: 'a1' },
      {
        refused: () => {},
        sessionEvents: () => ({
          up: () => note('up'),
          message: () => note('message'),
          detached: () => note('detached'),
          suspect: () => note('suspect'),
          trusted: () => note('trusted'),
          dead: () => note('dead'),
          drained: () => note('drained'),
        }),
      },
      { peersMax: 4, strangersMax: 8 },
    );
    const link = { kind: 'none', open() {}, send: () => random() < 0.9, close: () => void (closed += 1) };
    for (let round = 0; round < 20_000; round += 1) {
      const now = round * 10;
      const carrier = peers.open(link, random() < 0.5 ? 'self' : 'peer', now);
      for (let step = 0; step < 6; step += 1) {
        const frame = frames[step < 2 && random() < 0.9 ? step : Math.floor(random() * frames.length)] as Uint8Array;
        carrier.frame(random() < 0.3 && frame.length < 1000 ? mutate(frame, random) : frame, now);
        peers.session('b')?.transmit(1, new Uint8Array(3));
        if (random() < 0.1) carrier.drain(now);
      }
      if (random() < 0.5) carrier.closed('cut');
      peers.tick(now);
    }
    expect(closed).toBeGreaterThan(10_000);
    expect(said.has('up') && said.has('message') && said.has('dead')).toBe(true);
  }, 60_000);
});
