/**
 * What others must know to use netmsg: the service interface, what it is given when it starts, what it needs of its
 * kernel. Everything else in this folder is between two netmsgs.
 */

import type { Door, PortCounts } from '../../kernel/interface/door.ts';
import { type Routine, routine, type Subsystem, subsystem } from '../../kernel/interface/subsystem.ts';
import type { Body } from '../../ports/body.ts';
import type { PortName } from '../../ports/name.ts';

export type {
  Delivery,
  Door,
  Parcel,
  PortCapsule,
  PortCounts,
  PortState,
  RemoteCause,
} from '../../kernel/interface/door.ts';

/** Names a kernel among all that may ever meet; a kernel that starts anew gets a new one. */
export type NodeId = string;
/** Names a port among all nodes, wherever it moves: the node of its first export, a colon, a number. */
export type PortId = string;
/** Names one send-once right between its exporter and whoever has it. */
export type OnceId = string;

/** The four lanes of a session. Order holds within a lane. */
export const LANE_CONTROL = 0;
export const LANE_MESSAGES = 1;
export const LANE_DEMAND = 2;
export const LANE_BULK = 3;

/** Bytes of one piece of freight: with its header one frame of a session. */
export const PIECE_SIZE = 61_440;

/** Number of the first routine of the net service. */
export const NET_BASE = 5000;
/** To the stage listener: a message has been staged here by a peer. Body `Staged`, no rights. */
export const NET_STAGED = 5050;
/** To the stage listener: a staged message was committed. Body `Landed`, and all its rights as descriptors. */
export const NET_LANDED = 5051;
/** To the stage listener: a staged message was given up, or its node died. Body `{ mid }`. */
export const NET_DROPPED = 5052;
/**
 * To the stage listener: the node that staged a message here has died, and may have committed it. Body `{ mid, from }`.
 * It is kept until the listener says by `settle` what becomes of it.
 */
export const NET_ORPHANED = 5053;
/** To the stage listener: a node can be reached. Body `{ node }`. */
export const NET_UP = 5054;

/** Body of `NET_STAGED`. */
export interface Staged {
  readonly mid: string;
  readonly from: NodeId;
  readonly body: Body;
}

/**
 * Body of `NET_LANDED`: the body that was staged is known since `NET_STAGED`. `counts` has one entry for each receive
 * right among the descriptors, in order.
 */
export interface Landed extends Omit<Staged, 'body'> {
  readonly counts: readonly PortCounts[];
}

/** Who still depends on this node, and how busy it was. */
export type Census = {
  /** Remote ports that have a proxy here. */
  readonly proxies: number;
  /** Those of them that were here once. */
  readonly forwards: number;
  /** Ports that were here, of which only the place is still known. */
  readonly tombstones: number;
  /** Send-once rights of ours that others hold. */
  readonly callbacks: number;
  /** Local ports that others hold send rights to. */
  readonly exports: number;
  /** Messages of others that were passed on to where their port is now. */
  readonly forwarded: number;
  /** Times that a sender here learnt that a port has moved. */
  readonly retargeted: number;
  /** Messages that were larger than a session carries, and were given up. */
  readonly refused: number;
  /** Bytes of freight that wait here to be brought, and that are charged to other nodes. */
  readonly loaded: number;
  readonly charged: number;
  /** Messages sent to other nodes, and received from them. */
  readonly sent: number;
  readonly received: number;
};

/** Names one staged message; unique for ever, chosen by whoever stages. */
export interface StageName {
  readonly mid: string;
}

interface Routines extends Readonly<Record<string, Routine<never, Body>>> {
  /** Registers the send right in the first descriptor under a name that other nodes can look up. */
  readonly check_in: Routine<{ readonly name: string }, null>;
  /** A send right to what is registered under a name on a node: in the first descriptor of the reply. */
  readonly look_up: Routine<{ readonly node: NodeId; readonly name: string }, null>;
  /** The nodes that can be reached now. */
  readonly nodes: Routine<null, readonly NodeId[]>;
  /**
   * Stages the descriptors of the request and `body` at a peer. Answered when the peer has them. The rights stay with
   * netmsg, ports among them closed, until commit or abort; also if this fails.
   */
  readonly stage: Routine<{ readonly mid: string; readonly peer: NodeId; readonly body: Body }, null>;
  /** The rights of a staged message are the peer's from now on. */
  readonly commit: Routine<StageName, null>;
  /** Gives a staged message up. The reply has all its rights as descriptors. */
  readonly abort: Routine<StageName, null>;
  /** What becomes of a message whose node has died (NET_ORPHANED): it lands, or is dropped. */
  readonly settle: Routine<{ readonly mid: string; readonly commit: boolean }, null>;
  /** The send right in the first descriptor gets NET_STAGED, NET_LANDED and NET_DROPPED from now on. */
  readonly listen_stages: Routine<null, null>;
  readonly census: Routine<null, Census>;
}

/** The net service: numbers, client stub, server loop. */
export const netService: Subsystem<Routines> = subsystem('net', NET_BASE, {
  check_in: routine<{ name: string }, null>(),
  look_up: routine<{ node: NodeId; name: string }, null>(),
  nodes: routine<null, readonly NodeId[]>(),
  stage: routine<{ mid: string; peer: NodeId; body: Body }, null>(),
  commit: routine<StageName, null>(),
  abort: routine<StageName, null>(),
  listen_stages: routine<null, null>(),
  census: routine<null, Census>(),
  settle: routine<{ mid: string; commit: boolean }, null>(),
} as Routines);

/** What a session tells netmsg. */
export type NetInput =
  | { readonly kind: 'message'; readonly node: NodeId; readonly bytes: Uint8Array }
  | { readonly kind: 'up'; readonly node: NodeId }
  | { readonly kind: 'roomy'; readonly node: NodeId }
  | { readonly kind: 'dead'; readonly node: NodeId };

/** The sessions to all other nodes, as netmsg uses them. Whoever puts input in also rings the doorbell. */
export interface Sessions {
  /** Nodes with a session that is up. */
  nodes(): readonly NodeId[];
  /** False for a node that has been declared dead. */
  isLiving(node: NodeId): boolean;
  /**
   * Sends exactly once, in the order of the lane, as long as both live. Opens a session if there is none. False if the
   * payload is larger than a session carries: then nothing has been sent.
   */
  transmit(node: NodeId, lane: number, bytes: Uint8Array): boolean;
  /** False while so much waits to be sent to a node that nothing should be added that can wait. `roomy` ends it. */
  hasRoom(node: NodeId): boolean;
  /** A node says what the protocol does not allow: it is told so, and the verdict is pronounced. */
  refuse(node: NodeId, why: string): void;
  /** Takes the next input. */
  take(): NetInput | undefined;
}

/** Bounds of netmsg, each with a default in `netmsg.ts`. */
export interface NetLimits {
  /** Queue limit of a proxy: how many messages senders may have waiting here before they block. */
  readonly proxyQlimit: number;
  /** Messages of one sender node that may be on their way to a port before its owner takes them. */
  readonly credit: number;
  /** Locations of ports that were here once, kept after their last right here has gone. */
  readonly tombstones: number;
  /** Messages held for ports that are on their way here. */
  readonly earlyMax: number;
  /** Frames and messages handled before others get the processor. */
  readonly turn: number;
  /** Bytes of bodies and out-of-line memory that go with the frame of their message; what is more is freight. */
  readonly inlineMax: number;
  /** Bytes of freight of one node that may be here or on their way at a time, and of one message. */
  readonly freightMax: number;
  /** Pieces of freight that one node may be asked for at a time. */
  readonly piecesMax: number;
}

/** What netmsg is started with. */
export interface NetArguments {
  readonly node: NodeId;
  /** Receive rights that the composition root has put into netmsg's space. */
  readonly service: PortName;
  readonly doorbell: PortName;
  readonly sessions: Sessions;
  readonly door: Door;
  readonly limits?: Partial<NetLimits>;
}
