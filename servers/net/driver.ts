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
import { type SessionSettings, sessionSettings } from './session/settings.ts';

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
  /** How many of them are of each lane. */
  readonly backlogOf: [number, number, number, number];
  /** Somebody has been told that there is no room, and not yet that there is. */
  isCrowded: boolean;
  /** Verdicts that netmsg has not heard yet: nothing is sent until then. */
  verdicts: number;
  isDialling: boolean;
}

/** Bytes kept for a slow peer by default. */
const BACKLOG_MAX = 64 << 20;
/** Bytes kept for a peer beyond which senders have to wait. */
const ROOMY_MAX = 4 << 20;

/** The sessions of one node. */
export class NetDriver implements Sessions {
  readonly #parts: DriverParts;
  readonly #peers: Peers;
  readonly #payloadMax: number;
  readonly #lines: Map<NodeId, Line> = new Map();
  readonly #input: Ring<NetInput> = new Ring(16);

  constructor(parts: DriverParts) {
    this.#parts = parts;
    this.#payloadMax = parts.settings?.payloadMax ?? sessionSettings.payloadMax;
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

  transmit(node: NodeId, lane: number, bytes: Uint8Array): boolean {
    if (bytes.length > this.#payloadMax) return false;
    const line = this.#lineOf(node);
    if (line === null) this.#hear({ kind: 'dead', node });
    else if (line.verdicts === 0) this.#send(line, node, lane as Lane, bytes);
    return true;
  }

  hasRoom(node: NodeId): boolean {
    const line = this.#lines.get(node);
    if (line === undefined || line.backlogBytes <= ROOMY_MAX) return true;
    line.isCrowded = true;
    return false;
  }

  /** What a peer has said is not netmsg's language: the next who comes in its name begins anew. */
  refuse(node: NodeId, why: string): void {
    this.#parts.refused?.(node, `E_WIRE: ${why}`);
    this.#lines.get(node)?.session.declareDead(`E_WIRE: ${why}`, false);
  }

  #send(line: Line, node: NodeId, lane: Lane, bytes: Uint8Array): void {
    const isBehind = line.backlogOf[lane] > 0;
    if (isBehind || line.session.transmit(lane, bytes) === 'full') this.#keep(line, lane, bytes);
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
    this.#put(line, { lane, bytes });
    if (line.backlogBytes <= (this.#parts.backlogMax ?? BACKLOG_MAX)) return;
    line.session.declareDead('it does not take what is sent to it', false);
  }

  #put(line: Line, waiting: Waiting): void {
    line.backlog.push(waiting);
    line.backlogBytes += waiting.bytes.length;
    line.backlogOf[waiting.lane] += 1;
  }

  #empty(line: Line): readonly Waiting[] {
    const { backlog } = line;
    line.backlog = [];
    line.backlogBytes = 0;
    line.backlogOf.fill(0);
    return backlog;
  }

  #drain(node: NodeId, line: Line): void {
    const full = new Set<Lane>();
    for (const waiting of this.#empty(line)) {
      if (!full.has(waiting.lane) && line.session.transmit(waiting.lane, waiting.bytes) !== 'full') continue;
      full.add(waiting.lane);
      this.#put(line, waiting);
    }
    if (!line.isCrowded || line.backlogBytes > ROOMY_MAX / 2) return;
    line.isCrowded = false;
    this.#hear({ kind: 'roomy', node });
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
          this.#empty(dead);
          dead.isCrowded = false;
          dead.isDialling = false;
        }
        this.#hear({ kind: 'dead', node });
      },
      drained: () => {
        const roomy = line();
        if (roomy !== undefined) this.#drain(node, roomy);
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
  readonly backlogOf: [number, number, number, number] = [0, 0, 0, 0];
  isCrowded = false;
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
