/** The `mach_port_*` calls on names and rights (mach-ipc 2.16). Each looks everything up, refuses or does all. */
import {
  destroyPort,
  destroyRight,
  dropSend,
  dropSendOnce,
  NOTIFY_NO_SENDERS,
  NOTIFY_PORT_DELETED,
  notify,
} from './fate.ts';
import type { KernFailure, KernReturn } from './kern-return.ts';
import { isName, type PortName } from './name.ts';
import { DEAD, type Entry, Port, PortSet } from './port.ts';
import {
  type CarriedType,
  carriedType,
  DEAD_NAME,
  isDisposition,
  kindBit,
  MOVE_RECEIVE,
  PORT_RECEIVE,
  PORT_SEND,
  PORT_SEND_ONCE,
  PORT_SET,
  RECEIVE,
  type RightKind,
  SEND,
  SEND_ONCE,
} from './right.ts';
import { endSet } from './set-calls.ts';
import type { Space } from './space.ts';
import { copyInRight, copyOutRight, offers, putReceive, putSend, releaseReceive, takeRequest } from './transfer.ts';

/** A right outside any space: in a request or an answer. */
export interface Carried {
  readonly port: Port | null;
  readonly type: CarriedType;
}

/** True for a number that a program may choose as a name: 32 bits, neither NULL nor DEAD. */
const canBeChosen = (name: PortName): boolean => isName(name) && name >>> 0 === name;

/** Finds an entry for a call on a name: NULL and DEAD are no names (D18). */
export const entryFor = (space: Space, name: PortName): Entry | KernFailure => {
  if (!space.isActive) return 'KERN_INVALID_TASK';
  return (isName(name) ? space.lookup(name) : undefined) ?? 'KERN_INVALID_NAME';
};

/** Finds the port whose receive right a name denotes. */
export const receivePort = (space: Space, name: PortName): Port | KernFailure => {
  const entry = entryFor(space, name);
  if (typeof entry === 'string') return entry;
  return (entry.type & RECEIVE) !== 0 && entry.port !== null ? entry.port : 'KERN_INVALID_RIGHT';
};

/** `mach_port_allocate`: a new receive right, port set or dead name under a name that the kernel chooses. */
export const allocate = (space: Space, kind: RightKind | number): PortName | KernFailure => {
  if (!space.isActive) return 'KERN_INVALID_TASK';
  if (kind !== 'RECEIVE' && kind !== 'PORT_SET' && kind !== 'DEAD_NAME') return 'KERN_INVALID_VALUE';
  if (!space.hasRoom) return 'KERN_NO_SPACE';
  if (space.ipc.ports >= space.ipc.portsMax) return 'KERN_RESOURCE_SHORTAGE';
  const entry = space.allocate();
  fill(space, entry, kind);
  return entry.name;
};

/** `mach_port_allocate_name`: the same under a name that the caller chooses. */
export const allocateName = (space: Space, kind: RightKind | number, name: PortName): KernReturn => {
  if (!space.isActive) return 'KERN_INVALID_TASK';
  if (kind !== 'RECEIVE' && kind !== 'PORT_SET' && kind !== 'DEAD_NAME') return 'KERN_INVALID_VALUE';
  if (!canBeChosen(name)) return 'KERN_INVALID_VALUE';
  if (space.lookup(name) !== undefined) return 'KERN_NAME_EXISTS';
  if (!space.hasRoom) return 'KERN_NO_SPACE';
  if (space.ipc.ports >= space.ipc.portsMax) return 'KERN_RESOURCE_SHORTAGE';
  fill(space, space.allocateName(name), kind);
  return 'KERN_SUCCESS';
};

const fill = (space: Space, entry: Entry, kind: 'RECEIVE' | 'PORT_SET' | 'DEAD_NAME'): void => {
  if (kind === 'RECEIVE') {
    const port = new Port();
    space.ipc.ports += 1;
    putReceive(space, entry, port);
    return;
  }
  if (kind === 'PORT_SET') {
    entry.type = PORT_SET;
    entry.set = new PortSet();
    entry.set.entry = entry;
    return;
  }
  entry.type = DEAD_NAME;
  entry.urefs = 1;
};

/** `mach_port_deallocate`: one user reference of a send right, send-once right or dead name. */
export const deallocate = (space: Space, name: PortName): KernReturn => {
  const entry = entryFor(space, name);
  if (typeof entry === 'string') return entry;
  if ((entry.type & SEND) !== 0) return giveUpOne(space, entry);
  if (entry.type === DEAD_NAME) return giveUpOne(space, entry);
  if (entry.type === SEND_ONCE) giveUpSendOnce(space, entry);
  else if (entry.type === PORT_SET && space.ipc.profile.deallocatesSets) endSet(space, entry);
  else return 'KERN_INVALID_RIGHT';
  return 'KERN_SUCCESS';
};

/** `mach_port_mod_refs`: changes the user references of one kind of right under a name. */
export const modRefs = (space: Space, name: PortName, kind: RightKind | number, delta: number): KernReturn => {
  if (typeof kind === 'number' || !Number.isSafeInteger(delta)) return 'KERN_INVALID_VALUE';
  const entry = entryFor(space, name);
  if (typeof entry === 'string') return entry;
  if ((entry.type & kindBit(kind)) === 0) return 'KERN_INVALID_RIGHT';
  if (kind === 'SEND' || kind === 'DEAD_NAME') {
    const urefs = urefsAfter(space, entry, delta);
    if (typeof urefs === 'string') return urefs;
    if (kind === 'SEND') setSend(space, entry, urefs);
    else setDead(space, entry, urefs);
    return 'KERN_SUCCESS';
  }
  if (delta !== 0 && delta !== -1) return 'KERN_INVALID_VALUE';
  if (delta === 0) return 'KERN_SUCCESS';
  if (kind === 'RECEIVE' && isGuarded(entry)) return 'KERN_INVALID_RIGHT';
  if (kind === 'RECEIVE') giveUpReceive(space, entry);
  else if (kind === 'SEND_ONCE') giveUpSendOnce(space, entry);
  else endSet(space, entry);
  return 'KERN_SUCCESS';
};

const urefsAfter = (space: Space, entry: Entry, delta: number): number | KernFailure => {
  const { profile } = space.ipc;
  const max = entry.type === DEAD_NAME ? profile.deadUrefsMax : profile.sendUrefsMax;
  return profile.changeUrefs(entry.urefs, delta, max);
};

/** One reference of a send right or dead name goes, unless the count is stuck at its limit. */
const giveUpOne = (space: Space, entry: Entry): KernReturn => {
  const urefs = urefsAfter(space, entry, -1);
  if (typeof urefs === 'string') return urefs;
  if (entry.type === DEAD_NAME) setDead(space, entry, urefs);
  else setSend(space, entry, urefs);
  return 'KERN_SUCCESS';
};

const setDead = (space: Space, entry: Entry, urefs: number): void => {
  entry.urefs = urefs;
  if (urefs === 0) space.free(entry);
};

const setSend = (space: Space, entry: Entry, urefs: number): void => {
  const port = entry.port;
  entry.urefs = urefs;
  if (entry.urefs > 0 || port === null) return;
  if ((entry.type & RECEIVE) !== 0) entry.type &= ~SEND;
  else space.free(entry);
  dropSend(space.ipc, port);
};

const giveUpSendOnce = (space: Space, entry: Entry): void => {
  const port = entry.port;
  space.free(entry);
  if (port !== null) dropSendOnce(space.ipc, port);
};

/** The receive right goes: the port dies, or its backup gets it. A send right under the same name stays (D5). */
const giveUpReceive = (space: Space, entry: Entry): void => {
  const port = entry.port;
  if (port === null) return;
  releaseReceive(space, entry, port);
  destroyPort(space.ipc, port);
};

const isGuarded = ({ type, port }: Entry): boolean => (type & RECEIVE) !== 0 && port?.guard?.isGuarded === true;

/** `mach_port_destruct`: the receive right, guarded or not, and `-srdelta` references of the send right. */
export const destruct = (space: Space, name: PortName, srdelta: number, guard: number): KernReturn => {
  const port = receivePort(space, name);
  if (typeof port === 'string') return port;
  const entry = entryFor(space, name);
  if (typeof entry === 'string') return entry;
  if (srdelta !== 0 && (entry.type & SEND) === 0) return 'KERN_INVALID_RIGHT';
  if (srdelta > 0 || entry.urefs + srdelta < 0) return 'KERN_INVALID_VALUE';
  if (isGuarded(entry) && port.guard?.context !== guard) return 'KERN_INVALID_ARGUMENT';
  if (srdelta !== 0) setSend(space, entry, entry.urefs + srdelta);
  giveUpReceive(space, entry);
  return 'KERN_SUCCESS';
};

/** `mach_port_destroy`: every right under a name, however many references. A guarded receive right is refused. */
export const destroy = (space: Space, name: PortName): KernReturn => {
  const entry = entryFor(space, name);
  if (typeof entry === 'string') return entry;
  if (isGuarded(entry)) return 'KERN_INVALID_RIGHT';
  destroyEntry(space, entry);
  return 'KERN_SUCCESS';
};

/** What `mach_port_destroy` and the death of a space do to one entry (2.12, last paragraphs). */
export const destroyEntry = (space: Space, entry: Entry): void => {
  const { ipc } = space;
  const { port, type, name } = entry;
  if (type === PORT_SET) return endSet(space, entry);
  if (port === null) return space.free(entry);
  if (type === SEND_ONCE) return giveUpSendOnce(space, entry);
  if ((type & RECEIVE) === 0) {
    space.free(entry);
    return dropSend(ipc, port);
  }
  let satisfied: Port | null = null;
  if ((type & SEND) !== 0) {
    port.srights -= 1;
    if (port.srights === 0) {
      satisfied = port.nsrequest;
      port.nsrequest = null;
    }
  }
  const count = port.mscount;
  const request = takeRequest(entry);
  entry.type = RECEIVE;
  giveUpReceive(space, entry);
  if (satisfied !== null) notify(ipc, satisfied, NOTIFY_NO_SENDERS, { count });
  if (request !== null) notify(ipc, request, NOTIFY_PORT_DELETED, { name });
};

/** `mach_port_get_refs`: 0 for a right that the name does not denote. Counts are shown as Mach's 16 bits hold them. */
export const getRefs = (space: Space, name: PortName, kind: RightKind | number): number | KernFailure => {
  if (typeof kind === 'number') return 'KERN_INVALID_VALUE';
  const entry = entryFor(space, name);
  if (typeof entry === 'string') return entry;
  if ((entry.type & kindBit(kind)) === 0) return 0;
  const { sendUrefsMax, deadUrefsMax } = space.ipc.profile;
  if (kind === 'SEND') return Math.min(entry.urefs, sendUrefsMax);
  return kind === 'DEAD_NAME' ? Math.min(entry.urefs, deadUrefsMax) : 1;
};

/** `mach_port_rename`: everything under a name, and what is pending on it, goes to another name. */
export const rename = (space: Space, from: PortName, to: PortName): KernReturn => {
  if (!space.isActive) return 'KERN_INVALID_TASK';
  if (!canBeChosen(to)) return 'KERN_INVALID_VALUE';
  if (space.lookup(to) !== undefined) return 'KERN_NAME_EXISTS';
  const entry = entryFor(space, from);
  if (typeof entry === 'string') return entry;
  space.rename(entry, to);
  return 'KERN_SUCCESS';
};

/** Takes a right out of a space for a request or an answer. */
export const carry = (space: Space, name: PortName, disposition: number): Carried | KernFailure => {
  if (!isDisposition(disposition)) return 'KERN_INVALID_VALUE';
  const entry = entryFor(space, name);
  if (typeof entry === 'string') return entry;
  if (offers(entry, disposition) === 'nothing') {
    const isKept = disposition === MOVE_RECEIVE && (entry.type & RECEIVE) !== 0; // immovable
    return isKept ? 'KERN_INVALID_CAPABILITY' : 'KERN_INVALID_RIGHT';
  }
  return { port: copyInRight(space, entry, disposition), type: carriedType(disposition) };
};

/** `mach_port_insert_right`. The right is the caller's again if this fails: it destroys it. */
export const insertRight = (space: Space, name: PortName, right: Carried): KernReturn => {
  if (!space.isActive) return 'KERN_INVALID_TASK';
  if (!canBeChosen(name) || right.type === 0) return 'KERN_INVALID_VALUE';
  const port = right.port;
  if (port === null || port.where === DEAD) return 'KERN_INVALID_CAPABILITY';
  const at = space.lookup(name);
  const known = right.type === PORT_SEND_ONCE ? undefined : space.entryOf(port);
  if (known !== undefined && known !== at) return 'KERN_RIGHT_EXISTS';
  if (at !== undefined && at !== known) return 'KERN_NAME_EXISTS';
  const urefs = right.type === PORT_SEND && at !== undefined ? urefsAfter(space, at, 1) : 0;
  if (typeof urefs === 'string') return urefs;
  if (at === undefined && !space.hasRoom) return 'KERN_NO_SPACE';
  const entry = at ?? space.allocateName(name);
  if (right.type === PORT_SEND) putSend(space, entry, port);
  else if (right.type === PORT_RECEIVE) putReceive(space, entry, port);
  else {
    entry.type = SEND_ONCE;
    entry.urefs = 1;
    entry.port = port;
  }
  return 'KERN_SUCCESS';
};

/** Gives up a right that a request carried. */
export const discard = (space: Space, right: Carried): void => destroyRight(space.ipc, right.port, right.type);

/** Puts a right of an answer into a space. */
export const land = (space: Space, right: Carried): PortName | KernFailure =>
  copyOutRight(space, right.port, right.type) ?? 'KERN_NO_SPACE';

/** The whole space dies: receive rights first (D24), then the rest. */
export const destroySpace = (space: Space): void => {
  const entries = space.entries();
  space.isActive = false;
  for (const entry of entries) if ((entry.type & RECEIVE) !== 0) destroyEntry(space, entry);
  for (const entry of entries) if (entry.type !== 0) destroyEntry(space, entry);
};
