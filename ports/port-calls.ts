/** The `mach_port_*` calls on one port: limits, counts, status, notifications (mach-ipc 2.13, 2.16). */
import { NOTIFY_DEAD_NAME, NOTIFY_NO_SENDERS, notify } from './fate.ts';
import type { KernFailure, KernReturn } from './kern-return.ts';
import { QLIMIT_MAX } from './limits.ts';
import { MACH_PORT_NULL, type PortName } from './name.ts';
import { type Carried, entryFor, receivePort } from './name-calls.ts';
import { DEAD, type Entry, type Port } from './port.ts';
import { admitBlocked, messageSize } from './queue.ts';
import { DEAD_NAME, PORT_SEND_ONCE, PORT_SET } from './right.ts';
import type { Space } from './space.ts';
import { takeRequest } from './transfer.ts';

/** Answer of `mach_port_get_receive_status`. */
export interface PortStatus {
  readonly pset: PortName;
  readonly seqno: number;
  readonly mscount: number;
  readonly qlimit: number;
  readonly msgcount: number;
  readonly sorights: number;
  readonly srights: boolean;
  readonly nsrequest: boolean;
  readonly pdrequest: boolean;
}

/** `mach_port_set_qlimit`. Raising it lets as many blocked senders in; lowering discards nothing. */
export const setQlimit = (space: Space, name: PortName, qlimit: number): KernReturn => {
  if (!(qlimit >= 0 && qlimit <= QLIMIT_MAX)) return 'KERN_INVALID_VALUE';
  const port = receivePort(space, name);
  if (typeof port === 'string') return port;
  port.limitTo(qlimit, port.isBarred);
  admitBlocked(space.ipc, port);
  return 'KERN_SUCCESS';
};

/** `mach_port_set_mscount`: the make-send count that no-senders notifications carry. */
export const setMscount = (space: Space, name: PortName, mscount: number): KernReturn => {
  const port = receivePort(space, name);
  if (typeof port === 'string') return port;
  port.mscount = mscount;
  return 'KERN_SUCCESS';
};

/** `mach_port_set_seqno`: the number that the next message received gets. */
export const setSeqno = (space: Space, name: PortName, seqno: number): KernReturn => {
  const port = receivePort(space, name);
  if (typeof port === 'string') return port;
  port.seqno = seqno;
  return 'KERN_SUCCESS';
};

/** `mach_port_set_protected_payload`: messages carry this number in place of the local name; `null` clears it. */
export const setPayload = (space: Space, name: PortName, payload: number | null): KernReturn => {
  const port = receivePort(space, name);
  if (typeof port === 'string') return port;
  port.payload = payload;
  return 'KERN_SUCCESS';
};

/** `mach_port_get_receive_status`. */
export const getStatus = (space: Space, name: PortName): PortStatus | KernFailure => {
  const port = receivePort(space, name);
  if (typeof port === 'string') return port;
  return {
    pset: port.set?.entry?.name ?? MACH_PORT_NULL,
    seqno: port.seqno,
    mscount: port.mscount,
    qlimit: port.qlimit,
    msgcount: port.msgcount,
    sorights: port.sorights,
    srights: port.srights > 0,
    nsrequest: port.nsrequest !== null,
    pdrequest: port.pdrequest !== null,
  };
};

/** `mach_port_peek` (XNU): id and size in bytes of the first queued message, which stays. */
export const peek = (space: Space, name: PortName): { id: number; size: number } | KernFailure => {
  const entry = entryFor(space, name);
  if (typeof entry === 'string') return entry;
  const port = entry.type === PORT_SET ? entry.set?.ready.at(0) : receivePort(space, name);
  if (typeof port === 'string') return port;
  const message = port?.queue?.at(0);
  return message === undefined ? 'KERN_FAILURE' : { id: message.id, size: messageSize(message) };
};

/** The notifications that can be asked for. */
export type NotificationKind = 'DEAD_NAME' | 'NO_SENDERS' | 'PORT_DESTROYED';

/**
 * `mach_port_request_notification`: answers the send-once right registered before, or null. `right` null cancels.
 * On success `right` is the kernel's; on failure it is still the caller's.
 */
export const requestNotification = (
  space: Space,
  name: PortName,
  ask: { readonly kind: NotificationKind | number | string; readonly sync: number },
  right: Carried | null,
): Port | null | KernFailure => {
  const port = right?.port ?? null;
  if (port !== null && port.where === DEAD) return 'KERN_INVALID_CAPABILITY';
  if (port !== null && right?.type !== PORT_SEND_ONCE) return 'KERN_INVALID_CAPABILITY';
  switch (ask.kind) {
    case 'DEAD_NAME':
      return requestDeadName(space, name, ask.sync, port);
    case 'NO_SENDERS':
      return requestNoSenders(space, name, ask.sync, port);
    case 'PORT_DESTROYED': {
      if (ask.sync !== 0) return 'KERN_INVALID_VALUE';
      const target = receivePort(space, name);
      if (typeof target === 'string') return target;
      const previous = target.pdrequest;
      if (previous !== null && !space.ipc.profile.replacesBackup) return 'KERN_FAILURE';
      target.pdrequest = port;
      return previous;
    }
    default:
      return 'KERN_INVALID_VALUE';
  }
};

const requestNoSenders = (
  space: Space,
  name: PortName,
  sync: number,
  right: Port | null,
): Port | null | KernFailure => {
  const port = receivePort(space, name);
  if (typeof port === 'string') return port;
  const previous = port.nsrequest;
  if (right !== null && port.srights === 0 && sync <= port.mscount) {
    port.nsrequest = null;
    notify(space.ipc, right, NOTIFY_NO_SENDERS, { count: port.mscount });
  } else port.nsrequest = right;
  return previous;
};

const requestDeadName = (space: Space, name: PortName, sync: number, right: Port | null): Port | null | KernFailure => {
  const entry = entryFor(space, name);
  if (typeof entry === 'string') return entry;
  if (entry.type === PORT_SET) return 'KERN_INVALID_RIGHT';
  if (entry.type === DEAD_NAME || entry.port === null) {
    const { profile } = space.ipc;
    if (!profile.tellsOfTheDead) return right === null ? null : 'KERN_INVALID_ARGUMENT';
    if (sync === 0 || right === null) return 'KERN_INVALID_ARGUMENT';
    const urefs = profile.changeUrefs(entry.urefs, 1, profile.deadUrefsMax);
    if (typeof urefs === 'string') return urefs;
    entry.urefs = urefs;
    notify(space.ipc, right, NOTIFY_DEAD_NAME, { name });
    return null;
  }
  const previous = takeRequest(entry);
  if (right !== null) register(entry, entry.port, right);
  return previous;
};

/** Registers a dead-name request on an entry that has none. */
export const register = (entry: Entry, port: Port, right: Port): void => {
  const request = { entry, notify: right };
  entry.request = request;
  if (port.requests === null) port.requests = new Set();
  port.requests.add(request);
};
