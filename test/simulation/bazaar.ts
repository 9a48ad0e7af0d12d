/**
 * A world of traders (`trader.ts`) on three nodes: rights of every kind, memory and large bodies go around while
 * connections break, nodes are clogged and one may crash. In the end everybody closes, and nobody may know anybody.
 */
import { Ledger } from './ledger.ts';
import { planClogs, planCrash, planFaults } from './nemesis.ts';
import { Network } from './network.ts';
import { SimNode } from './node.ts';
import { type Plant, plantIn } from './plants.ts';
import { SeededRandom } from './random.ts';
import { Timeline } from './timeline.ts';
import { Trader } from './trader.ts';

/** Virtual milliseconds with faults; after them until everything must have been heard, and forgotten. */
const FAULTS_MS = 5_000;
const SETTLE_MS = 120_000;
const QUIET_MS = 300;
const EVENTS_MAX = 400_000;
const TRADERS = 10;

/** See the head of this file. */
export class Bazaar {
  readonly random: SeededRandom;
  readonly timeline: Timeline;
  readonly network: Network;
  readonly ledger: Ledger = new Ledger();
  readonly traders: Trader[] = [];
  /** What is being waited for: the last messages, then that all is forgotten. */
  #stage: 'trading' | 'hearing' | 'closing' = 'trading';
  #since = 0;

  constructor(seed: number, plant: Plant) {
    this.random = new SeededRandom(seed ^ 0xba5aa7);
    this.timeline = new Timeline(this.random);
    this.network = new Network(this.timeline, this.random);
    const { random } = this;
    const limits = random.chance(0.5)
      ? {}
      : { credit: random.between(1, 4), turn: random.between(1, 8), inlineMax: random.pick([512, 20_000, 131_072]) };
    for (const name of ['a', 'b', 'c']) {
      const node = new SimNode({
        name,
        limits,
        timeline: this.timeline,
        random,
        journal: { append: () => undefined, records: () => null, replace: () => undefined },
        driver: (ring) => this.network.driver(name, ring),
        sessions: (driver) => plantIn(plant, driver, random),
      });
      this.network.nodes.set(name, node);
    }
    this.network.meet();
    for (let i = 1; i <= TRADERS; i += 1) {
      const node = this.network.node(random.pick(['a', 'b', 'c']));
      const trader = new Trader(`t${i}`, node, random, this.ledger);
      this.traders.push(trader);
      this.#plan(trader);
    }
    planFaults(this, FAULTS_MS);
    planClogs(this, FAULTS_MS);
    planCrash(this, FAULTS_MS, (victim) => this.#lose(victim));
  }

  /** Runs to the end. Answers the broken promise, null if all are kept. */
  run(): string | null {
    for (;;) {
      const broken = this.#step();
      if (broken !== null) return broken;
      const { now, count } = this.timeline;
      if (count > EVENTS_MAX) return `it goes round in circles: ${this.#unsettled()}`;
      if (now < FAULTS_MS + QUIET_MS || now < this.#since + QUIET_MS) continue;
      const unsettled = this.#unsettled();
      if (unsettled === null && this.#stage === 'closing') return null;
      if (unsettled === null) this.#enter(this.#stage === 'trading' ? 'hearing' : 'closing');
      else if (now > this.#since + SETTLE_MS) return unsettled;
    }
  }

  #enter(stage: 'hearing' | 'closing'): void {
    this.#stage = stage;
    this.#since = this.timeline.now;
    this.timeline.note(`all are ${stage}`);
    if (stage === 'closing') for (const trader of this.traders) if (trader.isOpen) trader.close();
  }

  #step(): string | null {
    try {
      if (!this.timeline.step()) return 'nothing is planned any more';
      for (const node of this.network.nodes.values()) node.arm();
    } catch (error) {
      return `no exception: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    }
    return this.ledger.wrong;
  }

  /** What has not come yet, or is not forgotten yet. */
  #unsettled(): string | null {
    if (this.#stage === 'trading') return null;
    if (this.#stage === 'closing') return this.#left();
    const { missing } = this.ledger;
    if (missing !== null && !this.ledger.isHurt) return `P1: never heard: ${missing}`;
    const waiting = this.traders.find(({ isOpen, asked }) => isOpen && asked > 0);
    if (waiting !== undefined) return `L1: ${waiting.name} waits for ${waiting.asked} answers`;
    const busy = this.traders.find(({ isOpen, isQuiet }) => isOpen && !isQuiet);
    return busy === undefined ? null : `${busy.name} has questions to answer`;
  }

  #left(): string | null {
    for (const { name, netLeft } of this.network.living) {
      const kept = Object.entries(netLeft).filter(([, count]) => count > 0);
      if (kept.length > 0) return `leak on ${name}: ${kept.map(([what, count]) => `${count} ${what}`).join(', ')}`;
    }
    return null;
  }

  #lose(victim: SimNode): void {
    this.ledger.isHurt = true;
    for (const trader of this.traders) if (trader.node === victim) trader.crash();
  }

  #plan(trader: Trader): void {
    const { random, timeline } = this;
    timeline.after(random.between(2, 80), `~${trader.name}`, () => {
      if (!trader.isOpen) return;
      const did = trader.act(this.traders, timeline.now < FAULTS_MS);
      timeline.note(did.startsWith('~') ? did : `${trader.name} on ${trader.node.name} ${did}`);
      this.#plan(trader);
    });
  }
}
