/** Faults that are planted in the code under test, to see that the invariants catch them. */

import type { NetDriver } from '../../servers/net/driver.ts';
import { decodeFrame, encodeFrame } from '../../servers/net/message-codec.ts';
import type { NetInput, Sessions } from '../../servers/net/protocol.ts';
import type { SeededRandom } from './random.ts';

/** What can be planted. */
export const PLANTS = [
  'none',
  'early-commit', // the destination takes a task for its own as soon as it has the image
  'lost-message', // netmsg gives a message to nobody, now and then
  'false-ack', // messages count as taken that are not
  'lost-order', // messages do not say what comes before them by another node
] as const;

export type Plant = (typeof PLANTS)[number];

/** The sessions as netmsg sees them, with the fault in them. */
export const plantIn = (plant: Plant, driver: NetDriver, random: SeededRandom): Sessions =>
  plant === 'none' ? driver : new PlantedSessions(plant, driver, random);

class PlantedSessions implements Sessions {
  readonly #plant: Plant;
  readonly #driver: NetDriver;
  readonly #random: SeededRandom;
  readonly #next: NetInput[] = [];

  constructor(plant: Plant, driver: NetDriver, random: SeededRandom) {
    this.#plant = plant;
    this.#driver = driver;
    this.#random = random;
  }

  nodes(): readonly string[] {
    return this.#driver.nodes();
  }

  isLiving(node: string): boolean {
    return this.#driver.isLiving(node);
  }

  transmit(node: string, lane: number, bytes: Uint8Array): boolean {
    if (this.#plant === 'lost-message' && decodeFrame(bytes)?.kind === 'msg' && this.#random.chance(0.05)) return true;
    const frame = this.#plant === 'lost-order' ? decodeFrame(bytes) : null;
    const sent = frame?.kind === 'msg' ? encodeFrame({ ...frame, after: [] }) : bytes;
    return this.#driver.transmit(node, lane, sent);
  }

  hasRoom(node: string): boolean {
    return this.#driver.hasRoom(node);
  }

  refuse(node: string, why: string): void {
    this.#driver.refuse(node, why);
  }

  take(): NetInput | undefined {
    const input = this.#next.shift() ?? this.#driver.take();
    if (input?.kind !== 'message') return input;
    const frame = decodeFrame(input.bytes);
    if (this.#plant === 'early-commit' && frame?.kind === 'stage') {
      this.#next.push({ ...input, bytes: encodeFrame({ kind: 'commit', mid: frame.mid }) });
    }
    if (this.#plant === 'false-ack' && frame?.kind === 'msg' && this.#random.chance(0.05)) return this.take();
    return input;
  }
}
