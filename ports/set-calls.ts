/** Port sets: `mach_port_move_member` and its kin (mach-ipc 2.14). */
import type { KernFailure, KernReturn } from './kern-return.ts';
import { isName, MACH_PORT_NULL, type PortName } from './name.ts';
import { type Entry, type Port, type PortSet, shiftAll, shiftReceiver } from './port.ts';
import { admitBlocked, fits } from './queue.ts';
import { PORT_SET, RECEIVE } from './right.ts';
import type { Space } from './space.ts';
import { wakeReceivers } from './transfer.ts';

const find = (space: Space, name: PortName): Entry | KernFailure => {
  if (!space.isActive) return 'KERN_INVALID_TASK';
  return (isName(name) ? space.lookup(name) : undefined) ?? 'KERN_INVALID_NAME';
};

const member = (space: Space, name: PortName): Port | KernFailure => {
  const entry = find(space, name);
  if (typeof entry === 'string') return entry;
  return (entry.type & RECEIVE) !== 0 && entry.port !== null ? entry.port : 'KERN_INVALID_RIGHT';
};

const setOf = (space: Space, name: PortName): PortSet | KernFailure => {
  const entry = find(space, name);
  if (typeof entry === 'string') return entry;
  return entry.type === PORT_SET && entry.set !== null ? entry.set : 'KERN_INVALID_RIGHT';
};

/** `mach_port_move_member`: out of the set it is in, into another; NULL only takes it out. */
export const moveMember = (space: Space, name: PortName, after: PortName): KernReturn => {
  const port = member(space, name);
  if (typeof port === 'string') return port;
  if (after === MACH_PORT_NULL) {
    if (port.set === null) return 'KERN_NOT_IN_SET';
    port.set.remove(port);
    return 'KERN_SUCCESS';
  }
  const set = setOf(space, after);
  if (typeof set === 'string') return set;
  if (port.set === set) return 'KERN_SUCCESS';
  port.set?.remove(port);
  join(space, port, set);
  return 'KERN_SUCCESS';
};

/** `mach_port_insert_member`. A port of this kernel is in one set at most (profile `mach3`). */
export const insertMember = (space: Space, name: PortName, into: PortName): KernReturn => {
  const port = member(space, name);
  if (typeof port === 'string') return port;
  const set = setOf(space, into);
  if (typeof set === 'string') return set;
  if (port.set !== null) return 'KERN_ALREADY_IN_SET';
  join(space, port, set);
  return 'KERN_SUCCESS';
};

/** `mach_port_extract_member`. */
export const extractMember = (space: Space, name: PortName, from: PortName): KernReturn => {
  const port = member(space, name);
  if (typeof port === 'string') return port;
  const set = setOf(space, from);
  if (typeof set === 'string') return set;
  if (port.set !== set) return 'KERN_NOT_IN_SET';
  set.remove(port);
  return 'KERN_SUCCESS';
};

/** `mach_port_get_set_status`: the names of the members, in ascending order. */
export const getSetStatus = (space: Space, name: PortName): PortName[] | KernFailure => {
  const set = setOf(space, name);
  if (typeof set === 'string') return set;
  const names: PortName[] = [];
  for (const port of set.members) if (port.entry !== null) names.push(port.entry.name);
  return names.sort((a, b) => a - b);
};

/** The port joins: its queue goes to whoever waits on the set; whoever waits on the port alone is sent away. */
const join = (space: Space, port: Port, set: PortSet): void => {
  set.add(port);
  while (set.receivers !== null) {
    const message = port.queue?.at(0);
    const wait = message === undefined ? null : shiftReceiver(set);
    if (message === undefined || wait === null) break;
    if (!fits(wait, message)) {
      wait.end('MACH_RCV_TOO_LARGE');
      continue;
    }
    set.ready.shift();
    port.dequeue();
    space.ipc.messages -= 1;
    wait.waker.deliver(message);
    admitBlocked(space.ipc, port);
  }
  wakeReceivers(port, 'MACH_RCV_PORT_CHANGED');
};

/** The set dies: its receivers are told, its members live on with their messages. */
export const endSet = (space: Space, entry: Entry): void => {
  const set = entry.set;
  space.free(entry);
  if (set === null) return;
  set.alive = false;
  for (const port of set.members) port.set = null;
  set.members.clear();
  for (const wait of shiftAll(set)) wait.end(space.ipc.profile.receiverGone);
};
