/** What one netmsg has: its tables, what it owes, and the two ways out, to its kernel and to other nodes. */

import type { KernelRequest } from '../../kernel/interface/calls.ts';
import type { Sys } from '../../kernel/program.ts';
import { MACH_PORT_NULL, type PortName } from '../../ports/name.ts';
import { MAKE_SEND_ONCE } from '../../ports/right.ts';
import { encodeFrame } from './message-codec.ts';
import {
  type Door,
  LANE_BULK,
  LANE_CONTROL,
  LANE_DEMAND,
  LANE_MESSAGES,
  type NetArguments,
  type NetLimits,
  type NodeId,
  type Parcel,
  type PortCapsule,
  type PortId,
  type Sessions,
} from './protocol.ts';
import type { Frame } from './tables/frames.ts';
import type { Claim, Desk, Load } from './tables/freights.ts';
import { Onces } from './tables/onces.ts';
import { type LocalPort, type PortRecord, Records, type RemotePort } from './tables/records.ts';
import { Tombstones } from './tables/tombstones.ts';

/** A frame and the node that it came from. */
export interface Arrival {
  readonly from: NodeId;
  readonly frame: Frame;
}

/** A copy of a send right on its way to another node: a reference of ours stands for it until COPYACK. */
export interface Copy {
  readonly record: PortRecord['id'];
  readonly name: PortName;
  /** PORT_SEND or PORT_SEND_ONCE. */
  readonly type: number;
  peer: NodeId;
}

/** What encoding a message has begun: carried out when the message goes, undone when it does not. */
export type Effect =
  | { readonly kind: 'copy'; readonly copy: number; readonly name: PortName }
  | { readonly kind: 'once'; readonly id: string; readonly name: PortName }
  /** Memory that has been read and goes with the message. */
  | { readonly kind: 'memory'; readonly address: number; readonly size: number }
  /** Bytes and memory that follow the message. */
  | { readonly kind: 'load'; readonly number: number }
  /** A send-once right of a third node that is passed on; `proxy` stood for it here. */
  | { readonly kind: 'pass'; readonly name: PortName; readonly proxy: PortName }
  | {
      readonly kind: 'receive';
      readonly record: LocalPort;
      readonly capsule: PortCapsule;
      readonly chan: number;
      readonly next: number;
      /** The record was made for this message. */
      readonly isNew: boolean;
    };

/** A message staged at a peer by somebody here. */
export interface OutgoingStage {
  readonly mid: string;
  readonly peer: NodeId;
  readonly parcel: Parcel;
  readonly effects: readonly Effect[];
  /** Who waits to hear that the peer has it. */
  asker: PortName;
  state: 'sent' | 'held' | 'lost';
}

/** A message staged here by a peer, with its freight. */
export interface IncomingStage {
  readonly from: NodeId;
  readonly frame: Extract<Frame, { kind: 'stage' }>;
}

/** What the census counts. */
export interface Counters {
  sent: number;
  received: number;
  forwarded: number;
  retargeted: number;
  refused: number;
}

/** The state of one netmsg. */
export interface Net {
  readonly node: NodeId;
  readonly sys: Sys;
  readonly door: Door;
  readonly sessions: Sessions;
  readonly limits: NetLimits;
  readonly service: PortName;
  readonly doorbell: PortName;
  /** The port set that netmsg waits on. */
  readonly set: PortName;
  /** Where notifications come that name what they are about. */
  readonly watch: PortName;
  readonly records: Records;
  readonly onces: Onces;
  readonly tombstones: Tombstones;
  readonly copies: Map<number, Copy>;
  /** Freight on its way out, by number; who waits for a piece of it. */
  readonly loads: Map<number, Load>;
  readonly fetches: { readonly from: NodeId; readonly frame: Extract<Frame, { kind: 'fetch' }> }[];
  /** Freight on its way in, and what is charged to whom. */
  readonly claims: Map<string, Claim>;
  readonly desks: Map<NodeId, Desk>;
  /** Frames for ports that are on their way here. */
  readonly early: Map<PortId, Arrival[]>;
  earlyCount: number;
  /** Searches for such ports, questions of others that cannot be answered yet, and the nodes that have died last. */
  readonly searches: Map<PortId, { rounds: number; readonly waiting: Set<NodeId>; isCarried: boolean }>;
  readonly sought: { readonly from: NodeId; readonly frame: Extract<Frame, { kind: 'sought' }> }[];
  readonly dead: NodeId[];
  /** Frames to be looked at (again) within this turn. */
  readonly again: Arrival[];
  /**
   * Local ports with acknowledgements to send, proxies whose no-senders request is to be looked at: at the end of the
   * turn.
   */
  readonly owing: Set<LocalPort>;
  readonly toArm: Set<RemotePort>;
  /** Local ports some of whose messages may have to wait no longer: what they waited for may have come. */
  readonly stirred: Set<LocalPort>;
  /** Local ports that may have nobody left who knows them. */
  readonly toSettle: Set<LocalPort>;
  readonly outgoing: Map<string, OutgoingStage>;
  readonly incoming: Map<string, IncomingStage>;
  readonly names: Map<string, PortName>;
  readonly queries: Map<number, { readonly reply: PortName; readonly id: number; readonly node: NodeId }>;
  listener: PortName;
  readonly counters: Counters;
  serial: number;
}

/** The state of a netmsg that starts. Makes the port set. */
export const startNet = (sys: Sys, args: NetArguments, limits: NetLimits): Net => {
  const make = (right: 'RECEIVE' | 'PORT_SET'): PortName =>
    sys.call({ op: 'port_allocate', right })['name'] as PortName;
  const set = make('PORT_SET');
  const watch = make('RECEIVE');
  for (const member of [args.service, args.doorbell, watch]) sys.call({ op: 'port_move_member', member, after: set });
  sys.call({ op: 'port_set_qlimit', name: watch, qlimit: 1024 });
  return {
    node: args.node,
    sys,
    door: args.door,
    sessions: args.sessions,
    limits,
    service: args.service,
    doorbell: args.doorbell,
    set,
    watch,
    records: new Records(),
    onces: new Onces(),
    tombstones: new Tombstones(limits.tombstones),
    copies: new Map(),
    loads: new Map(),
    fetches: [],
    claims: new Map(),
    desks: new Map(),
    early: new Map(),
    earlyCount: 0,
    searches: new Map(),
    sought: [],
    dead: [],
    again: [],
    owing: new Set(),
    toArm: new Set(),
    stirred: new Set(),
    toSettle: new Set(),
    outgoing: new Map(),
    incoming: new Map(),
    names: new Map(),
    queries: new Map(),
    listener: MACH_PORT_NULL,
    counters: { sent: 0, received: 0, forwarded: 0, retargeted: 0, refused: 0 },
    serial: 0,
  };
};

/** The next number of this netmsg: of ports, copies, channels and queries. */
export const nextSerial = (net: Net): number => {
  net.serial += 1;
  return net.serial;
};

/**
 * Sends a frame. Whatever depends on order goes by the lane of messages; acknowledgements and news of places overtake
 * it; so do messages of memory objects, whose order the numbers of their channel restore. Freight has a lane to itself.
 * False if the frame is larger than a session carries: nobody hears of it.
 */
export const post = (net: Net, node: NodeId, frame: Frame): boolean => {
  if (node !== net.node) return net.sessions.transmit(node, laneOf(frame), encodeFrame(frame));
  net.again.push({ from: node, frame });
  return true;
};

const laneOf = (frame: Frame): number => {
  switch (frame.kind) {
    case 'cack':
    case 'moved':
    case 'fetch':
    case 'brought':
      return LANE_CONTROL;
    case 'piece':
      return LANE_BULK;
    case 'msg':
      return frame.message.id >= 2200 && frame.message.id < 2300 ? LANE_DEMAND : LANE_MESSAGES;
    default:
      return LANE_MESSAGES;
  }
};

/** Gives up user references of a send right, one unless said otherwise. */
export const dropSend = (net: Net, name: PortName): void => {
  net.sys.call({ op: 'port_deallocate', name });
};

/** Gives up memory that came with a message. */
export const dropMemory = (net: Net, { address, size }: { readonly address: number; readonly size: number }): void => {
  if (size > 0) net.sys.call({ op: 'vm_deallocate', address, size });
};

/** Asks to be told on the watch port, or no longer. */
export const request = (
  net: Net,
  name: PortName,
  kind: 'DEAD_NAME' | 'NO_SENDERS',
  wanted: 'wanted' | 'cancelled',
): void => {
  const ask: KernelRequest = {
    op: 'port_request_notification',
    name,
    kind,
    sync: 0,
    notify: wanted === 'wanted' ? { name: net.watch, disposition: MAKE_SEND_ONCE } : null,
  };
  const previous = net.sys.call(ask)['previous'];
  if (typeof previous === 'number' && previous !== MACH_PORT_NULL) dropSend(net, previous as PortName);
};
