/** Everything that one seed decides: three kernels, what goes on in them and what goes wrong, until all is at rest. */
import type { Task } from '../../kernel/kernel.ts';
import { createThread } from '../../kernel/lives.ts';
import type { Journal } from '../../servers/migration/state.ts';
import { STRATEGIES } from '../../servers/migration/strategies/table.ts';
import { herald, Sink } from './herald.ts';
import { Invariants } from './invariants.ts';
import { planCrash, planFaults } from './nemesis.ts';
import { Network } from './network.ts';
import { SimNode } from './node.ts';
import { type Plant, plantIn } from './plants.ts';
import { SeededRandom } from './random.ts';
import { Timeline } from './timeline.ts';
import { Client, counter } from './workload.ts';

/** Virtual milliseconds with faults, and after them until everything must have settled. */
const FAULTS_MS = 6_000;
const SETTLE_MS = 120_000;
/** How long it must have been quiet before what is left over counts as forgotten. */
const QUIET_MS = 500;
/** Events beyond which a world is held to go round in circles. */
const EVENTS_MAX = 400_000;

const UNKNOWN = Object.freeze({ mid: '', phase: '', node: '' });

/** What a decision to move wrote down. */
interface Decision {
  readonly mid: string;
  readonly to: string;
}

/** A simulated world. */
export class SimWorld {
  readonly random: SeededRandom;
  readonly timeline: Timeline;
  readonly network: Network;
  readonly clients: Client[] = [];
  /** Whom the task tells its numbers, and how many there are. */
  readonly sink: Sink;
  readonly numbers: number;
  /** The node that the task belongs to by the last decision, and its identity for ever. */
  owner: string;
  readonly identity: string;
  /** A node that the task depended on has crashed: it may be gone. */
  mayBeLost = false;
  isCalm = false;
  readonly #names: readonly string[] = ['a', 'b', 'c'];
  readonly #home: string;
  readonly #invariants: Invariants;
  readonly #requests: number;
  readonly #windowMax: number;
  readonly #phases: Map<string, string> = new Map();

  constructor(seed: number, plant: Plant) {
    this.random = new SeededRandom(seed);
    this.timeline = new Timeline(this.random);
    this.network = new Network(this.timeline, this.random);
    const { random } = this;
    this.#requests = random.between(20, 120);
    this.#windowMax = random.between(1, 8);
    const limits = random.chance(0.5) ? {} : { credit: random.between(1, 4), turn: random.between(1, 8) };
    for (const name of this.#names) {
      const node = new SimNode({
        name,
        limits,
        timeline: this.timeline,
        random,
        journal: this.#journal(name),
        driver: (ring) => this.network.driver(name, ring),
        sessions: (driver) => plantIn(plant, driver, random),
      });
      for (const program of [counter, herald]) node.kernel.programs.set(program.name, program);
      this.network.nodes.set(name, node);
    }
    this.network.meet();
    this.#home = random.pick(this.#names);
    this.owner = this.#home;
    const task = this.network.node(this.#home).start('counter', counter);
    this.identity = task.space.identity.token;
    this.numbers = random.between(20, 120);
    this.sink = new Sink(this.network.node(random.pick(this.#names)), random.between(1, 3));
    createThread(task, herald, herald.start({ home: this.sink.node.name, last: this.numbers }));
    for (const number of [0, 1]) this.clients.push(new Client(this.network.node(random.pick(this.#names)), number));
    this.#invariants = new Invariants(this);
    this.#plan();
  }

  /** Runs to the end. Answers the broken invariant, null if all hold. */
  run(): string | null {
    for (;;) {
      const broken = this.#step();
      if (broken !== null) return broken;
      const { now, count } = this.timeline;
      if (now > FAULTS_MS + QUIET_MS && this.#invariants.unsettled() === null) return this.#invariants.atEnd();
      if (now > FAULTS_MS + SETTLE_MS || count > EVENTS_MAX) return this.#invariants.unsettled();
    }
  }

  /** The task in its instances that run: at most one, if all is well. */
  instances(): { readonly node: SimNode; readonly task: Task }[] {
    const found: { readonly node: SimNode; readonly task: Task }[] = [];
    for (const node of this.network.living) {
      for (const task of node.kernel.tasks) {
        if (task.isAlive && !task.isFrozen && task.space.identity.token === this.identity) found.push({ node, task });
      }
    }
    return found;
  }

  /** True once a client has sent all that it wants to. */
  hasSentAll(client: Client): boolean {
    return client.sent >= this.#requests;
  }

  #step(): string | null {
    try {
      if (!this.timeline.step()) return 'nothing is planned any more';
      for (const node of this.network.nodes.values()) {
        node.arm();
        this.#notePhases(node);
      }
    } catch (error) {
      return `no exception: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    }
    return this.#invariants.afterEvent();
  }

  /** Moves that have got further. */
  #notePhases({ name, migration }: SimNode): void {
    for (let at = Math.max(0, migration.moves.length - 4); at < migration.moves.length; at += 1) {
      const { mid, phase, node } = migration.moves[at]?.state ?? UNKNOWN;
      if (this.#phases.get(mid) === phase) continue;
      this.#phases.set(mid, phase);
      this.timeline.note(`move ${mid} from ${name} to ${node}: ${phase}`);
    }
  }

  #journal(name: string): Journal {
    return {
      append: (record) => {
        if (!this.isCalm && this.random.chance(0.08)) {
          this.timeline.note(`${name} cannot write its journal`);
          throw new Error('no space left on the device');
        }
        const { mid, to } = JSON.parse(record) as Decision;
        this.owner = to;
        // It said that it was prepared, and has crashed since. The source cannot know: the task is lost with it.
        this.mayBeLost ||= !this.network.node(to).isUp;
        this.timeline.note(`${name} decides ${mid}: the task is of ${to}`);
      },
      records: () => null, // a node that has crashed does not come back
      replace: () => undefined,
    };
  }

  #plan(): void {
    const { timeline } = this;
    for (const client of this.clients) this.#planClient(client);
    this.#planSink();
    this.#planMove();
    planFaults(this, FAULTS_MS);
    planCrash(this, FAULTS_MS, ({ name }) => {
      this.mayBeLost ||= this.#dependsOn(name);
    });
    timeline.after(FAULTS_MS, 'the faults end', () => {
      this.isCalm = true;
    });
  }

  #planClient(client: Client): void {
    const { random, timeline, network } = this;
    timeline.after(random.between(1, 60), `~client ${client.number} on ${client.node.name}`, () => {
      if (!client.node.isUp) return;
      const home = network.node(this.owner).isUp ? this.#home : this.owner;
      const did = client.act(home, !this.hasSentAll(client), this.#windowMax);
      timeline.note(did.startsWith('~') ? did : `client ${client.number} on ${client.node.name} ${did}`);
      this.#planClient(client);
    });
  }

  #planSink(): void {
    const { random, timeline, sink } = this;
    timeline.after(random.between(1, 120), `~sink on ${sink.node.name}`, () => {
      if (!sink.node.isUp) return;
      const did = sink.act();
      timeline.note(did.startsWith('~') ? did : `the sink on ${sink.node.name} ${did}`);
      this.#planSink();
    });
  }

  #planMove(): void {
    const { random, timeline } = this;
    timeline.after(random.between(20, 700), 'the operator', () => {
      if (this.isCalm) return;
      this.#planMove();
      const [instance] = this.instances();
      if (instance === undefined) return;
      const { node } = instance;
      const to = random.pick(this.#names.filter((name) => name !== node.name));
      const strategy = random.pick(STRATEGIES.map(({ name }) => name));
      timeline.note(`the operator wants the counter moved from ${node.name} to ${to}, ${strategy}`);
      node.migrate({ task: 'counter', node: to, strategy, k: random.between(0, 4) });
    });
  }

  /** True if the task may be gone when the node is: it is there, or pages of it are. */
  #dependsOn(name: string): boolean {
    if (this.owner === name) return true;
    return this.network.living.some(({ migration }) =>
      migration.moves.some(
        ({ state }) =>
          (state.phase === 'committed' || state.phase === 'serving') &&
          (state.node === name || migration.own.node === name),
      ),
    );
  }
}
