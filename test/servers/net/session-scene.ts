/** A seeded net of nodes, links that can be cut, and time that goes where it is told. */
import type { Link, LinkEvents } from '../../../servers/net/link.ts';
import type { Reset } from '../../../servers/net/session/hello.ts';
import { linkEvents, Peers } from '../../../servers/net/session/peers.ts';
import type { Session } from '../../../servers/net/session/session.ts';
import type { SessionSettings } from '../../../servers/net/session/settings.ts';

/** A small generator: the same seed, the same numbers from 0 to below 1. */
export const seeded = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

interface Happening {
  readonly at: number;
  readonly order: number;
  run(): void;
}

/** Virtual time. */
export class World {
  now = 0;
  readonly random: () => number;
  readonly nodes: Node[] = [];
  readonly wires: Wire[] = [];
  #order = 0;
  #coming: Happening[] = [];

  constructor(seed: number) {
    this.random = seeded(seed);
  }

  after(delay: number, run: () => void): void {
    this.#coming.push({ at: this.now + delay, order: this.#order++, run });
  }

  /** Runs everything that happens in the next `duration` milliseconds. */
  run(duration: number): void {
    const end = this.now + duration;
    for (;;) {
      const deadline = Math.min(...this.nodes.map((node) => node.peers.nextDeadline()));
      this.#coming.sort((a, b) => a.at - b.at || a.order - b.order);
      const next = this.#coming[0];
      const at = Math.max(this.now, Math.min(next?.at ?? Number.POSITIVE_INFINITY, deadline));
      if (at > end) break;
      this.now = at;
      if (next !== undefined && next.at <= at) {
        this.#coming.shift();
        next.run();
      } else for (const node of this.nodes) node.peers.tick(at);
    }
    this.now = end;
  }

  /** A connection, dialled by `from`. Frames take from 1 to 5 milliseconds and keep their order. */
  dial(from: Node, to: Node, expected: string | null = null): Wire {
    const wire = new Wire(this);
    this.wires.push(wire);
    from.adopt(wire.left, 'self', expected);
    to.adopt(wire.right, 'peer', null);
    return wire;
  }
}

/** Two ends of a connection that can be cut: what is on its way is then lost, each way as chance will have it. */
export class Wire {
  readonly left: End;
  readonly right: End;
  isCut = false;

  constructor(world: World) {
    this.left = new End(world, this);
    this.right = new End(world, this);
    this.left.other = this.right;
    this.right.other = this.left;
  }

  /** Both ends learn it, but not at once. */
  cut(): void {
    this.isCut = true;
    this.left.end('cut');
    this.right.end('cut');
  }

  /** Nothing goes through any more, and nobody is told. */
  mute(): void {
    this.isCut = true;
  }
}

/** One end. */
export class End implements Link {
  readonly kind: string = 'wire';
  readonly #world: World;
  readonly #wire: Wire;
  other: End | null = null;
  events: LinkEvents | null = null;
  /** Counts what was sent; -1 once it is closed. */
  readonly sent: Uint8Array[] = [];
  /** Frames it takes before it is congested. */
  window: number = Number.POSITIVE_INFINITY;
  #flight = 0;
  #arrival = 0;
  #isEnded = false;

  constructor(world: World, wire: Wire) {
    this.#world = world;
    this.#wire = wire;
  }

  open(events: LinkEvents): void {
    this.events = events;
  }

  send(frame: Uint8Array): boolean {
    this.sent.push(frame);
    if (this.#isEnded) return true;
    this.#flight += 1;
    this.#later(() => {
      this.#flight -= 1;
      if (!this.#wire.isCut && this.other !== null && !this.other.#isEnded) this.other.events?.frame(frame);
      if (this.#flight === 0 && this.window < Number.POSITIVE_INFINITY && !this.#isEnded) this.events?.drain();
    });
    return this.#flight < this.window;
  }

  close(reason: string): void {
    this.#later(() => this.other?.end('closed by the peer'));
    this.end(reason);
  }

  end(reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#world.after(this.#world.random() * 20, () => this.events?.closed(reason));
  }

  #later(run: () => void): void {
    this.#arrival = Math.max(this.#arrival, this.#world.now + 1 + this.#world.random() * 4);
    this.#world.after(this.#arrival - this.#world.now, run);
  }
}

/** A node, and a diary of what its sessions told. */
export class Node {
  readonly name: string;
  readonly world: World;
  readonly peers: Peers;
  readonly diary: string[] = [];
  readonly refusals: Reset[] = [];
  readonly got: { from: string; lane: number; payload: Uint8Array }[] = [];

  constructor(world: World, name: string, incarnation = `${name}1`, settings: Partial<SessionSettings> = {}) {
    this.world = world;
    this.name = name;
    const note = (line: string): void => void this.diary.push(line);
    this.peers = new Peers(
      { node: name, incarnation },
      {
        refused: (_node, reset) => void this.refusals.push(reset),
        sessionEvents: (from) => ({
          up: (peer) => note(`up ${peer.node} ${peer.incarnation} ${peer.sessionNo}`),
          message: (lane, payload) => void this.got.push({ from, lane, payload }),
          detached: (reason) => note(`detached ${from}: ${reason}`),
          suspect: () => note(`suspect ${from}`),
          trusted: () => note(`trusted ${from}`),
          dead: (reason, isProof) => note(`dead ${from}: ${reason}${isProof ? ' (proof)' : ''}`),
          drained: (lane) => note(`drained ${from} ${lane}`),
        }),
      },
      settings,
    );
    world.nodes.push(this);
  }

  adopt(end: End, dialler: 'self' | 'peer', expected: string | null): void {
    const carrier = this.peers.open(end, dialler, this.world.now, expected);
    end.open(linkEvents(carrier, () => this.world.now));
  }

  /** The session with another node. */
  to(other: Node): Session {
    const session = this.peers.session(other.name);
    if (session === null) throw new Error('no session');
    return session;
  }

  /** Takes the node out of the world without a word. */
  vanish(): void {
    this.world.nodes.splice(this.world.nodes.indexOf(this), 1);
  }
}

/** Two nodes and a connection between them. */
export const twoNodes = (seed = 1, settings: Partial<SessionSettings> = {}): { world: World; a: Node; b: Node } => {
  const world = new World(seed);
  return { world, a: new Node(world, 'a', 'a1', settings), b: new Node(world, 'b', 'b1', settings) };
};
