/** What must always hold, and what must hold at the end. Names as in the research on protocols. */
import type { Sink } from './herald.ts';
import type { SimNode } from './node.ts';
import type { Client } from './workload.ts';

/** What the checks look at. */
export interface Watched {
  readonly network: { readonly living: readonly SimNode[]; readonly faults: { readonly crashes: number } };
  readonly sink: Sink;
  readonly numbers: number;
  readonly clients: readonly Client[];
  readonly owner: string;
  readonly mayBeLost: boolean;
  instances(): readonly { readonly node: SimNode }[];
  hasSentAll(client: Client): boolean;
}

/** Checks one world. Each check answers what is broken, null if nothing is. */
export class Invariants {
  readonly #world: Watched;
  /** Moves whose end has been looked at. */
  readonly #ended: Set<string> = new Set();

  constructor(world: Watched) {
    this.#world = world;
  }

  /** Safety: after every event. */
  afterEvent(): string | null {
    return this.#oneInstance() ?? this.#abortedMoves() ?? this.#answers() ?? this.#order();
  }

  /** What has not come to rest yet; null if everything has. */
  unsettled(): string | null {
    const { clients, mayBeLost } = this.#world;
    const instances = this.#world.instances();
    if (instances.length === 0 && !mayBeLost) return 'M4: nobody runs the task, and no node that had it has crashed';
    const isRunning = instances.length === 1 && !mayBeLost;
    for (const client of clients) {
      if (!client.node.isUp || !isRunning) continue;
      const { number, sent, outstanding } = client;
      if (!this.#world.hasSentAll(client)) return `L1: client ${number} got stuck after ${sent} requests`;
      if (outstanding > 0) return `L1: ${outstanding} of ${sent} requests of client ${number} are never answered`;
    }
    const { sink, numbers, network } = this.#world;
    // What a node that has crashed had accepted is lost with it.
    if (isRunning && network.faults.crashes === 0 && sink.last !== numbers)
      return `L1: the sink has heard ${sink.count} of ${numbers} numbers, ${sink.last} last`;
    for (const node of this.#world.network.living) {
      const left = this.#leftOn(node);
      if (left !== null) return `leak on ${node.name}: ${left}`;
    }
    return null;
  }

  /** The whole story: every request was counted once. */
  atEnd(): string | null {
    const { clients, mayBeLost } = this.#world;
    if (mayBeLost || clients.some(({ node }) => !node.isUp)) return null;
    const totals = clients.flatMap((client) => [...client.totals.values()]).sort((x, y) => x - y);
    const gap = totals.findIndex((total, index) => total !== index + 1);
    return gap < 0 ? null : `P1: the totals are not consecutive after ${gap}: ${totals.slice(gap, gap + 3).join(', ')}`;
  }

  #oneInstance(): string | null {
    const { owner } = this.#world;
    const nodes = this.#world.instances().map(({ node }) => node.name);
    if (nodes.length > 1) return `M1: the task runs on ${nodes.join(' and ')} at once`;
    const [node] = nodes;
    if (node !== undefined && node !== owner)
      return `M1: the task runs on ${node}, and by the last decision it is of ${owner}`;
    return null;
  }

  #abortedMoves(): string | null {
    for (const { name, migration } of this.#world.network.living) {
      for (const { state, wasFrozen } of migration.moves) {
        if (state.phase !== 'ended' || this.#ended.has(state.mid)) continue;
        this.#ended.add(state.mid);
        if (!wasFrozen) continue;
        const isHere = this.#world.instances().some(({ node }) => node.name === name);
        if (!isHere) return `M3: ${state.mid} was called off (${state.why}), and the task does not run on ${name}`;
      }
    }
    return null;
  }

  /** One sender, one receiver: in order, and without a crash all of it. */
  #order(): string | null {
    const { sink, network } = this.#world;
    if (sink.wrong !== null) return `P1: order of a sender that moves: ${sink.wrong}`;
    const isWhole = network.faults.crashes > 0 || sink.count === sink.last;
    return isWhole ? null : `P1: the sink heard ${sink.last}, and of those before it only ${sink.count - 1}`;
  }

  #answers(): string | null {
    for (const client of this.#world.clients) {
      if (client.wrong !== null) return `P1: ${client.wrong}`;
      if (client.lost > 0 && !this.#world.mayBeLost)
        return `L1: ${client.lost} requests of client ${client.number} were given up, and the task lives`;
    }
    return null;
  }

  #leftOn({ kernel, migration, netLeft }: SimNode): string | null {
    for (const task of kernel.tasks) if (task.isFrozen) return `task ${task.name} is frozen`;
    for (const { mid, hasLanded } of migration.arrivals.values())
      return `the arrival of ${mid} is kept (${hasLanded ? 'landed' : 'not landed'})`;
    for (const { state } of migration.moves) {
      if (state.phase !== 'released' && state.phase !== 'ended') return `${state.mid} is still ${state.phase}`;
    }
    if (migration.byPager.size > 0) return `${migration.byPager.size} pagers`;
    if (migration.byPort.size > 0) return `${migration.byPort.size} ports of moves`;
    const { outgoing, incoming, copies, loads, claims, barred } = netLeft;
    if (barred > 0) return `${barred} ports are closed to their own node`;
    if (outgoing + incoming > 0) return `netmsg keeps ${outgoing} stages of its own and ${incoming} of others`;
    if (loads + claims > 0) return `netmsg keeps ${loads} loads of its own and ${claims} of others`;
    return copies > 0 ? `netmsg keeps ${copies} copies in transit` : null;
  }
}
