/** All carriers there are, who dials whom, and what goes wrong between nodes. */
import { NetDriver } from '../../servers/net/driver.ts';
import { type Medium, SimCarrier } from './carrier.ts';
import type { SimNode } from './node.ts';
import type { SeededRandom } from './random.ts';
import type { Timeline } from './timeline.ts';

/** Refusals after which dialling again is of no use. */
const FINAL = /^(E_VERSION|BUSY|WRONG_NODE)/;

/** See the head of this file. */
export class Network {
  readonly nodes: Map<string, SimNode> = new Map();
  /** How often each kind of fault has happened. */
  readonly faults: Record<'cuts' | 'framesLost' | 'stalls' | 'clogs' | 'crashes', number> = {
    cuts: 0,
    framesLost: 0,
    stalls: 0,
    clogs: 0,
    crashes: 0,
  };
  readonly #timeline: Timeline;
  readonly #random: SeededRandom;
  readonly #dialling: Set<string> = new Set();
  readonly #clogged: Set<string> = new Set();
  #carriers: SimCarrier[] = [];
  #made = 0;
  #stalledUntil = 0;

  constructor(timeline: Timeline, random: SeededRandom) {
    this.#timeline = timeline;
    this.#random = random;
  }

  get living(): readonly SimNode[] {
    return [...this.nodes.values()].filter(({ isUp }) => isUp);
  }

  node(name: string): SimNode {
    const node = this.nodes.get(name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }

  /** The sessions of a node. */
  driver(name: string, ring: () => void): NetDriver {
    return new NetDriver({
      self: { node: name, incarnation: name },
      now: () => this.#timeline.now,
      ring,
      dial: (other) => this.#dial(name, other),
      refused: (other, why) => this.#refused(name, other, why),
    });
  }

  /** Every node dials every other, as nodes do when they start. */
  meet(): void {
    for (const from of this.nodes.keys()) for (const to of this.nodes.keys()) if (from !== to) this.#dial(from, to);
  }

  /** Breaks one connection, if there is one. */
  cut(): void {
    this.#carriers = this.#carriers.filter(({ isLiving }) => isLiving);
    if (this.#carriers.length === 0) return;
    const victim = this.#random.pick(this.#carriers);
    this.#timeline.note(`${victim.name} is cut`);
    this.faults.cuts += 1;
    victim.cut();
  }

  /** For a while everything takes longer. */
  stall(): void {
    this.faults.stalls += 1;
    this.#stalledUntil = this.#timeline.now + this.#random.between(50, 1200);
    this.#timeline.note(`everything is slow until ${this.#stalledUntil.toFixed(1)}`);
  }

  /** Nothing gets to or from a node any more: its connections break, and new ones do not come about. */
  clog(name: string): void {
    this.faults.clogs += 1;
    this.#clogged.add(name);
    for (const carrier of this.#carriers) if (carrier.ends.some(({ node }) => node === name)) carrier.cut();
  }

  unclog(name: string): void {
    this.#clogged.delete(name);
  }

  /** A node is gone from one moment to the next, and with it what is in its connections. */
  crash(victim: SimNode): void {
    victim.isUp = false;
    this.faults.crashes += 1;
    this.#timeline.note(`${victim.name} CRASHES`);
    for (const carrier of this.#carriers) if (carrier.ends.some(({ node }) => node === victim.name)) carrier.cut();
  }

  #dial(from: string, to: string): void {
    const key = `${from} ${to}`;
    if (this.#dialling.has(key)) return;
    this.#dialling.add(key);
    this.#timeline.after(this.#random.between(1, 60), `${from} dials ${to}`, () => this.#connect(from, to));
  }

  #connect(from: string, to: string): void {
    const { driver, isUp } = this.node(from);
    this.#dialling.delete(`${from} ${to}`);
    if (!isUp || !driver.isLiving(to) || driver.nodes().includes(to)) return;
    if (this.#clogged.has(from) || this.#clogged.has(to)) return this.#dial(from, to);
    const other = this.node(to);
    if (!other.isUp) {
      this.#timeline.note(`${from} has proof that ${to} has ended`);
      return driver.giveUp(to, 'its process is gone', 'proof');
    }
    this.#made += 1;
    const carrier = new SimCarrier(`carrier ${this.#made} ${from}-${to}`, from, to, this.#medium());
    this.#carriers.push(carrier);
    driver.open(this.#guarded(carrier, 0), 'self', to);
    other.driver.open(this.#guarded(carrier, 1), 'peer');
  }

  /** A node that has crashed hears nothing. */
  #guarded(carrier: SimCarrier, end: 0 | 1) {
    const link = carrier.ends[end];
    const node = this.node(link.node);
    const unlessDown =
      <A extends unknown[]>(tell: (...args: A) => void) =>
      (...args: A): void => {
        if (node.isUp) tell(...args);
      };
    return {
      kind: link.kind,
      open: (events: Parameters<typeof link.open>[0]): void =>
        link.open({
          frame: unlessDown((frame: Uint8Array) => events.frame(frame)),
          drain: unlessDown(() => events.drain()),
          closed: unlessDown((reason: string) => events.closed(reason)),
        }),
      send: (frame: Uint8Array): boolean => link.send(frame),
      close: (reason: string): void => link.close(reason),
    };
  }

  #medium(): Medium {
    return {
      timeline: this.#timeline,
      random: this.#random,
      extraDelay: () => (this.#timeline.now < this.#stalledUntil ? 40 : 0),
      lost: () => {
        this.faults.framesLost += 1;
      },
    };
  }

  #refused(from: string, to: string | null, why: string): void {
    if (to === null || !this.node(from).isUp) return;
    if (FINAL.test(why)) this.node(from).driver.giveUp(to, why, why.startsWith('WRONG_NODE') ? 'proof' : 'guess');
    else if (!why.startsWith('CROSSED')) this.#dial(from, to);
  }
}
