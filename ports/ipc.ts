import type { SpecialBit } from './kern-return.ts';
import { PORTS_MAX } from './limits.ts';
import { DEAD, type Message, Port } from './port.ts';
import { MACH3, type Profile } from './profile.ts';
import { Ring } from './ring.ts';

/** What one kernel's ports share: counts, limits, and the work list that makes destruction iterative. */
export class Ipc {
  /** Stands for every right that was dead before it was sent. */
  readonly dead: Port;
  /** Ports alive. */
  ports = 0;
  /** Messages queued or held by blocked senders. */
  messages = 0;
  readonly portsMax: number;
  /** Messages to destroy, and dead ports whose dead-name requests are still to be answered. */
  readonly work: Ring<Message | Port> = new Ring(8);
  isSettling = false;

  /** Which dialect of Mach the calls speak. */
  readonly profile: Profile;

  constructor(profile: Profile = MACH3, portsMax: number = PORTS_MAX) {
    this.profile = profile;
    this.portsMax = portsMax;
    this.dead = new Port();
    this.dead.where = DEAD;
  }
}

/** Adds a special bit to a list that mostly does not exist. */
export const withBit = (bits: readonly SpecialBit[] | null, bit: SpecialBit): readonly SpecialBit[] => {
  if (bits === null) return [bit];
  return bits.includes(bit) ? bits : [...bits, bit];
};
