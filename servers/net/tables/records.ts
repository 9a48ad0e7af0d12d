/**
 * What netmsg knows of each port that more than one node knows. A record is of one of two kinds for as long as its
 * port stays where it is: `LocalPort`, whose receiver is on this node, or `RemotePort`, whose receive right stands
 * for it here (a proxy). When the port moves the record is replaced; the name in netmsg's space stays.
 */
import type { PortName } from '../../../ports/name.ts';
import { Ring } from '../../../ports/ring.ts';
import type { NodeId, Parcel, PortId } from '../protocol.ts';
import type { AddressedFrame, Dependency } from './frames.ts';

/** A message that is numbered. */
export type MessageFrame = Extract<AddressedFrame, { kind: 'msg' }>;

/** What comes before messages of this node, from the one that gets the number `from` on. */
export interface OwnDependency extends Dependency {
  readonly from: number;
}

/** One sender node's messages to a local port: 1, 2, 3 … within one `chan`. */
export interface Channel {
  chan: number;
  /** The number that is enqueued next: all before it have been. */
  next: number;
  /** Sent up to, not including, this number: what the sender was last told it may. */
  limit: number;
  /** What came before its turn, or while the queue was over-full. */
  readonly held: Map<number, MessageFrame>;
}

/**
 * A node that holds rights to a local port. Cleaned ones are kept, so that a late DIRTY of the same life is known for
 * what it is.
 */
export interface HolderNode {
  chan: number;
  holds: boolean;
}

/** A port whose receiver is on this node. */
export interface LocalPort {
  readonly at: 'here';
  readonly id: PortId;
  readonly name: PortName;
  /** How often its receive right has changed nodes: whoever knows a higher number knows better where it is. */
  epoch: number;
  readonly channels: Map<NodeId, Channel>;
  readonly holders: Map<NodeId, HolderNode>;
  /** True while netmsg keeps a send right because some node holds one. */
  isKept: boolean;
  /**
   * The make-send count with which it came, if it came without any sender and with a no-senders request: until the
   * count grows our own send right is none that anybody would miss. Null otherwise.
   */
  countWithoutSenders: number | null;
  /** True while a dead-name request stands. */
  isWatched: boolean;
  /** Copies of its send right that are on their way. */
  copies: number;
  /** A message was forced into its full queue and has not left it. */
  isOverfull: boolean;
  /** Sender nodes that are to be told what has been enqueued, and what more they may send. */
  readonly owedAcks: Set<NodeId>;
  /** While its receive right is staged: frames that came for it, to be looked at when that is decided. */
  limbo: AddressedFrame[] | null;
  /** What messages of this node have to wait for; while there is any, its senders block in front of the port. */
  after: readonly OwnDependency[];
  /** Accepted by its proxy here before it came, numbered from `next` (and what is held) of our own channel on. */
  readonly waiting: Parcel[];
  isBarred: boolean;
  /** Our own channel counts up to this: rights that have been copied say so. */
  promised: number;
  /** Channels that are waited for, by node: whom we have asked, and up to which nothing more comes. */
  readonly asked: Map<NodeId, number>;
  readonly over: Map<NodeId, number>;
}

/** A message that its owner has not acknowledged. */
export interface Unacknowledged {
  readonly frame: MessageFrame;
  /** The node that it was last sent to. */
  via: NodeId;
}

/** A port whose receiver is on another node. Netmsg holds the receive right of its proxy. */
export interface RemotePort {
  readonly at: 'there';
  readonly id: PortId;
  readonly name: PortName;
  node: NodeId;
  epoch: number;
  /** Number of this life of the proxy, larger than that of any before on this node. */
  readonly chan: number;
  nextSeq: number;
  /** Numbers below this may be sent. */
  limit: number;
  readonly unacknowledged: Ring<Unacknowledged>;
  /** Whether the owner has us among its holders. */
  registered: 'asked' | 'yes';
  /** Who waits for us to be registered: copies to be acknowledged. */
  readonly owedCopies: { readonly copier: NodeId; readonly copy: number }[];
  copies: number;
  /** It was on this node once: others may still look for it here. */
  wasHere: boolean;
  /** A no-senders request stands. */
  isArmed: boolean;
  /** No-senders has fired; the proxy goes as soon as nothing is on its way. */
  isIdle: boolean;
  /** Out of the port set for want of credit: senders here block. */
  isBlocked: boolean;
  /** What messages sent from here have to wait for, until that is known to have come. */
  after: readonly OwnDependency[];
  /** Who wants to hear that nothing more comes by this channel. */
  readonly awaitedBy: Set<NodeId>;
}

/** Any record. */
export type PortRecord = LocalPort | RemotePort;

/** The record of a local port that is about to be known to others. */
export const localPort = (id: PortId, name: PortName, epoch: number): LocalPort => ({
  at: 'here',
  id,
  name,
  epoch,
  channels: new Map(),
  holders: new Map(),
  isKept: false,
  countWithoutSenders: null,
  isWatched: false,
  copies: 0,
  isOverfull: false,
  owedAcks: new Set(),
  limbo: null,
  after: [],
  waiting: [],
  isBarred: false,
  promised: 0,
  asked: new Map(),
  over: new Map(),
});

/** The record of a proxy. */
export const remotePort = (
  id: PortId,
  name: PortName,
  at: { readonly node: NodeId; readonly epoch: number },
  channel: { readonly chan: number; readonly next: number; readonly credit: number },
): RemotePort => ({
  at: 'there',
  id,
  name,
  node: at.node,
  epoch: at.epoch,
  chan: channel.chan,
  nextSeq: channel.next,
  limit: channel.next + channel.credit,
  unacknowledged: new Ring(4),
  registered: 'asked',
  owedCopies: [],
  copies: 0,
  wasHere: false,
  isArmed: false,
  isIdle: false,
  isBlocked: false,
  after: [],
  awaitedBy: new Set(),
});

/** All records, by identity and by netmsg's name. */
export class Records {
  readonly #byId: Map<PortId, PortRecord> = new Map();
  readonly #byName: Map<PortName, PortRecord> = new Map();
  /** Proxies by their chan, which stands in their make-send count and so comes back with no-senders. */
  readonly #byChan: Map<number, RemotePort> = new Map();

  get(id: PortId): PortRecord | undefined {
    return this.#byId.get(id);
  }

  named(name: PortName): PortRecord | undefined {
    return this.#byName.get(name);
  }

  ofChan(chan: number): RemotePort | undefined {
    return this.#byChan.get(chan);
  }

  /** Puts a record in, in place of the one that the port had. */
  put(record: PortRecord): void {
    const before = this.#byId.get(record.id);
    if (before !== undefined) this.remove(before);
    this.#byId.set(record.id, record);
    this.#byName.set(record.name, record);
    if (record.at === 'there') this.#byChan.set(record.chan, record);
  }

  remove(record: PortRecord): void {
    this.#byId.delete(record.id);
    if (this.#byName.get(record.name) === record) this.#byName.delete(record.name);
    if (record.at === 'there') this.#byChan.delete(record.chan);
  }

  /** A snapshot: records may come and go while it is walked. */
  all(): PortRecord[] {
    return [...this.#byId.values()];
  }
}
