import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bodySize } from '../../../ports/body.ts';
import { Codec, encodeBody } from '../../../servers/net/wire/codec.ts';
import { WireError } from '../../../servers/net/wire/error.ts';
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
    const corpus = fc.sample(anyBody, { seed: SEED, numRuns: 400 }).map(encodeBody).filter((octets) => octets.length < 2000);
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
