/**
 * Joins netmsg to the sessions of its node: what they hear it queues for netmsg and rings the doorbell; what netmsg
 * sends it gives to the session of the node, and keeps what the session has no room for. Time is an argument, links
 * come from outside.
 */
import { Ring } from '../../ports/ring.ts';
import type { Link } from './link.ts';
import type { NetInput, NodeId, Sessions } from './protocol.ts';
import type { Dialler } from './session/carrier.ts';
import type { Lane } from './session/frame.ts';
import { linkEvents, Peers, type Self } from './session/peers.ts';
import type { Session, SessionEvents } from './session/session.ts';
import type { SessionSettings } from './session/settings.ts';

/** What the composition root gives to a driver. */
export interface DriverParts {
  readonly self: Self;
  now(): number;
  /** Sends an empty message to netmsg's doorbell; a ring that is still unheard is enough. */
  ring(): void;
  /** A session without a carrier is wanted. Whoever cannot bring one calls `giveUp`. */
  dial(node: NodeId): void;
  /** A carrier came to nothing. */
  refused?(node: NodeId | null, why: string): void;
  readonly settings?: Partial<SessionSettings>;
  /** Bytes kept for one node beyond what its session holds; more is the end of the session. */
  readonly backlogMax?: number;
}

interface Waiting {
  readonly lane: Lane;
  readonly bytes: Uint8Array;
}

/** What is kept of one node. */
interface Line {
  readonly session: Session;
  /** In order; payloads of a lane that is full let those of other lanes pass. */
  backlog: Waiting[];
  backlogBytes: number;
  /** Verdicts that netmsg has not heard yet: nothing is sent until then. */
  verdicts: number;
  isDialling: boolean;
}

/** Bytes kept for a slow peer by default. */
const BACKLOG_MAX = 64 << 20;

/** The sessions of one node. */
export class NetDriver implements Sessions {
  readonly #parts: DriverParts;
  readonly #peers: Peers;
  readonly #lines: Map<NodeId, Line> = new Map();
  readonly #input: Ring<NetInput> = new Ring(16);

  constructor(parts: DriverParts) {
    this.#parts = parts;
    const events = {
      sessionEvents: (node: NodeId): SessionEvents => this.#eventsOf(node),
      refused: (node: NodeId | null, reset: { readonly code: string; readonly why: string }): void =>
        parts.refused?.(node, `${reset.code}: ${reset.why}`),
    };
    this.#peers = new Peers(parts.self, events, parts.settings);
  }

  /** A link to another node, dialled by us or by it. `expected` is the node it has been proved or meant to be. */
  open(link: Link, dialler: Dialler, expected: NodeId | null = null): void {
    const carrier = this.#peers.open(link, dialler, this.#parts.now(), expected);
    link.open(linkEvents(carrier, () => this.#parts.now()));
  }

  /** A node cannot be reached, or is known to have ended: the verdict. */
  giveUp(node: NodeId, reason: string, certainty: 'proof' | 'guess'): void {
    this.#lineOf(node)?.session.declareDead(reason, certainty === 'proof');
  }

  /** Says good-bye to all. */
  leave(): void {
    this.#peers.leave();
  }

  /** When `tick` is wanted; Infinity if nothing waits for time. */
  nextDeadline(): number {
    return this.#peers.nextDeadline();
  }

  /** Does what is due. */
  tick(now: number): void {
    this.#peers.tick(now);
  }

  nodes(): readonly NodeId[] {
    return [...this.#lines].filter(([, { session }]) => session.state === 'up').map(([node]) => node);
  }

  isLiving(node: NodeId): boolean {
    const line = this.#lines.get(node);
    return line === undefined || (line.session.state !== 'dead' && line.verdicts === 0);
  }

  /** True for a node that has never been connected. */
  isStranger(node: NodeId): boolean {
    return (this.#lines.get(node)?.session.state ?? 'idle') === 'idle';
  }

  transmit(node: NodeId, lane: number, bytes: Uint8Array): void {
    const line = this.#lineOf(node);
    if (line === null) return this.#hear({ kind: 'dead', node });
    if (line.verdicts > 0) return;
    if (line.backlog.length > 0 && line.backlog.some((waiting) => waiting.lane === lane))
      this.#keep(line, lane as Lane, bytes);
    else if (line.session.transmit(lane as Lane, bytes) === 'full') this.#keep(line, lane as Lane, bytes);
    if (line.session.state === 'idle' && !line.isDialling) {
      line.isDialling = true;
      this.#parts.dial(node);
    }
  }

  take(): NetInput | undefined {
    const input = this.#input.shift();
    if (input?.kind === 'dead') {
      const line = this.#lines.get(input.node);
      if (line !== undefined) line.verdicts -= 1;
    }
    return input;
  }

  #lineOf(node: NodeId): Line | null {
    const known = this.#lines.get(node);
    if (known !== undefined) return known;
    this.#peers.session(node); // makes the session, and by its events the line
    return this.#lines.get(node) ?? null;
  }

  #keep(line: Line, lane: Lane, bytes: Uint8Array): void {
    line.backlog.push({ lane, bytes });
    line.backlogBytes += bytes.length;
    if (line.backlogBytes <= (this.#parts.backlogMax ?? BACKLOG_MAX)) return;
    line.session.declareDead('it does not take what is sent to it', false);
  }

  #drain(line: Line): void {
    const waiting = line.backlog;
    line.backlog = [];
    line.backlogBytes = 0;
    const full = new Set<Lane>();
    for (const { lane, bytes } of waiting) {
      if (!full.has(lane) && line.session.transmit(lane, bytes) !== 'full') continue;
      full.add(lane);
      line.backlog.push({ lane, bytes });
      line.backlogBytes += bytes.length;
    }
  }

  #hear(input: NetInput): void {
    this.#input.push(input);
    this.#parts.ring();
  }

  #eventsOf(node: NodeId): SessionEvents {
    const line = (): Line | undefined => this.#lines.get(node);
    // The session is made right after this and is found there from then on.
    this.#lines.set(node, new SessionLine(() => this.#peers.session(node)));
    return {
      up: () => {
        const up = line();
        if (up !== undefined) up.isDialling = false;
        this.#hear({ kind: 'up', node });
      },
      message: (_lane, bytes) => this.#hear({ kind: 'message', node, bytes }),
      detached: () => this.#parts.dial(node),
      suspect: () => undefined,
      trusted: () => undefined,
      dead: () => {
        const dead = line();
        if (dead !== undefined) {
          dead.verdicts += 1;
          dead.backlog = [];
          dead.backlogBytes = 0;
          dead.isDialling = false;
        }
        this.#hear({ kind: 'dead', node });
      },
      drained: () => {
        const roomy = line();
        if (roomy !== undefined) this.#drain(roomy);
      },
    };
  }
}

/**
 * A line whose session is looked up when first used: the table of peers makes it after having asked for its listener.
 */
class SessionLine implements Line {
  readonly #find: () => Session | null;
  backlog: Waiting[] = [];
  backlogBytes = 0;
  verdicts = 0;
  isDialling = false;

  constructor(find: () => Session | null) {
    this.#find = find;
  }

  get session(): Session {
    const session = this.#find();
    if (session === null) throw new Error('the table of peers knows its sessions');
    return session;
  }
}
