/** The model of rights in and out of spaces [2.3, 2.4], and of the `mach_port_*` calls [2.16]. */
import { arrivingType, DEAD_NAME, type ModelKernel, NO_SENDERS, NONE, PORT_DELETED } from './kernel.ts';
import {
  COPY_SEND,
  DEAD,
  type LooseRight,
  MAKE_SEND,
  MAKE_SEND_ONCE,
  type ModelEntry,
  type ModelPort,
  type ModelSpace,
  MOVE_RECEIVE,
  MOVE_SEND,
  MOVE_SEND_ONCE,
  NULL,
  type Slot,
} from './records.ts';

const SEND_MAX = 65534;
const DEAD_MAX = 65535;

/** A right that a call gives: a name of the caller, and what becomes of what it denotes. */
export interface Given {
  readonly name: number;
  readonly disposition: number;
}

/** What an entry can give under a disposition. */
export const offered = (entry: ModelEntry, disposition: number): 'right' | 'dead' | 'nothing' => {
  const isDead = entry.dead > 0;
  switch (disposition) {
    case MAKE_SEND:
    case MAKE_SEND_ONCE:
    case MOVE_RECEIVE:
      return entry.receive ? 'right' : 'nothing';
    case COPY_SEND:
    case MOVE_SEND:
      if (isDead) return 'dead';
      return entry.send > 0 ? 'right' : 'nothing';
    case MOVE_SEND_ONCE:
      if (isDead) return 'dead';
      return entry.once ? 'right' : 'nothing';
    default:
      return 'nothing';
  }
};

/** Takes what the entry offers. */
export const takeRight = (k: ModelKernel, entry: ModelEntry, disposition: number): LooseRight => {
  const type = arrivingType(disposition);
  const { port } = entry;
  if (entry.dead > 0 || port === null) {
    if (disposition !== COPY_SEND) {
      entry.dead -= 1;
      if (entry.dead === 0) k.free(entry);
    }
    return { port: k.dead, type };
  }
  if (disposition === MAKE_SEND) port.mscount += 1;
  if (disposition === MOVE_SEND) {
    entry.send -= 1;
    if (entry.send === 0 && !entry.receive) k.free(entry);
  }
  if (disposition === MOVE_SEND_ONCE) k.free(entry);
  if (disposition === MOVE_RECEIVE) k.releaseReceive(entry, port);
  return { port, type };
};

/** Puts a right into a space; the slot that names it there. */
export const putRight = (k: ModelKernel, space: ModelSpace, { port, type }: LooseRight, name?: number): Slot => {
  if (port === null) return NULL;
  if (!port.alive) return DEAD;
  const known = type === 18 ? undefined : entryOf(space, port);
  const entry = known ?? k.newEntry(space, name ?? null);
  entry.port = port;
  if (type === 17) entry.send += 1;
  else if (type === 18) entry.once = true;
  else {
    entry.receive = true;
    port.holder = space;
    port.carrier = null;
    port.payload = null;
  }
  return entry;
};

const entryOf = (space: ModelSpace, port: ModelPort): ModelEntry | undefined =>
  space.entries.find((entry) => entry.port === port && (entry.send > 0 || entry.receive));

/** The right that an argument of a call gives, or why not. NULL is none, DEAD a dead one. */
export const takeArgument = (k: ModelKernel, space: ModelSpace, given: Given): LooseRight | string => {
  if (given.name === NULL) return { port: null, type: 17 };
  if (given.name === DEAD) return { port: k.dead, type: 17 };
  return extract(k, space, given.name, given.disposition);
};

/** `extract_right`: as if the right were sent. */
export const extract = (k: ModelKernel, space: ModelSpace, name: number, disposition: number): LooseRight | string => {
  if (arrivingType(disposition) === 0) return 'KERN_INVALID_VALUE';
  const entry = k.find(space, name);
  if (entry === undefined) return 'KERN_INVALID_NAME';
  if (offered(entry, disposition) === 'nothing') return 'KERN_INVALID_RIGHT';
  return takeRight(k, entry, disposition);
};

const isName = (name: number): boolean => name !== NULL && name !== DEAD;

/** `allocate` and `allocate_name`; `name` undefined: the kernel chooses. */
export const allocate = (k: ModelKernel, space: ModelSpace, kind: string, name?: number): ModelEntry | string => {
  if (kind !== 'RECEIVE' && kind !== 'PORT_SET' && kind !== 'DEAD_NAME') return 'KERN_INVALID_VALUE';
  if (name !== undefined && !isName(name)) return 'KERN_INVALID_VALUE';
  if (name !== undefined && k.find(space, name) !== undefined) return 'KERN_NAME_EXISTS';
  const entry = k.newEntry(space, name ?? null);
  if (kind === 'RECEIVE') {
    entry.receive = true;
    entry.port = k.newPort();
    entry.port.holder = space;
  } else if (kind === 'PORT_SET') entry.set = { members: [], queue: [], waiting: [] };
  else entry.dead = 1;
  return entry;
};

const giveUpSend = (k: ModelKernel, entry: ModelEntry, count: number): void => {
  const { port } = entry;
  entry.send -= count;
  if (entry.send > 0 || port === null) return;
  if (!entry.receive) k.free(entry);
  k.sendRightGone(port);
};

const giveUpOnce = (k: ModelKernel, entry: ModelEntry): void => {
  const { port } = entry;
  k.free(entry);
  if (port !== null) k.sendOnceUnused(port);
};

const giveUpDead = (k: ModelKernel, entry: ModelEntry, count: number): void => {
  entry.dead -= count;
  if (entry.dead === 0) k.free(entry);
};

const giveUpReceive = (k: ModelKernel, entry: ModelEntry): void => {
  const { port } = entry;
  if (port === null) return;
  k.releaseReceive(entry, port);
  k.destroyReceive(port);
};

const endSet = (k: ModelKernel, entry: ModelEntry): void => {
  const { set } = entry;
  if (set === null) return;
  for (const port of [...set.members]) k.leaveSet(port);
  for (const call of set.waiting.splice(0)) {
    call.at = null;
    k.end(call, 'MACH_RCV_PORT_DIED');
  }
  k.free(entry);
};

/** `deallocate`: one reference. */
export const deallocate = (k: ModelKernel, space: ModelSpace, name: number): string => {
  const entry = k.find(space, name);
  if (entry === undefined) return 'KERN_INVALID_NAME';
  if (entry.send > 0) giveUpSend(k, entry, 1);
  else if (entry.once) giveUpOnce(k, entry);
  else if (entry.dead > 0) giveUpDead(k, entry, 1);
  else return 'KERN_INVALID_RIGHT';
  return 'KERN_SUCCESS';
};

/** The kinds of right that a name denotes. */
export const denotes = (entry: ModelEntry, kind: string): boolean =>
  (kind === 'SEND' && entry.send > 0) ||
  (kind === 'RECEIVE' && entry.receive) ||
  (kind === 'SEND_ONCE' && entry.once) ||
  (kind === 'PORT_SET' && entry.set !== null) ||
  (kind === 'DEAD_NAME' && entry.dead > 0);

/** `mod_refs`. */
export const modRefs = (k: ModelKernel, space: ModelSpace, name: number, kind: string | number, delta: number): string => {
  if (typeof kind === 'number') return 'KERN_INVALID_VALUE';
  const entry = k.find(space, name);
  if (entry === undefined) return 'KERN_INVALID_NAME';
  if (!denotes(entry, kind)) return 'KERN_INVALID_RIGHT';
  if (kind === 'SEND' || kind === 'DEAD_NAME') {
    const count = (kind === 'SEND' ? entry.send : entry.dead) + delta;
    if (count < 0) return 'KERN_INVALID_VALUE';
    if (delta > 0 && count > (kind === 'SEND' ? SEND_MAX : DEAD_MAX)) return 'KERN_UREFS_OVERFLOW';
    if (kind === 'SEND') giveUpSend(k, entry, -delta);
    else giveUpDead(k, entry, -delta);
    return 'KERN_SUCCESS';
  }
  if (delta !== 0 && delta !== -1) return 'KERN_INVALID_VALUE';
  if (delta === -1) {
    if (kind === 'RECEIVE') giveUpReceive(k, entry);
    else if (kind === 'SEND_ONCE') giveUpOnce(k, entry);
    else endSet(k, entry);
  }
  return 'KERN_SUCCESS';
};

/** `get_refs` of a kind that is one. */
export const getRefs = (entry: ModelEntry, kind: string): number => {
  if (!denotes(entry, kind)) return 0;
  if (kind === 'SEND') return Math.min(entry.send, SEND_MAX);
  return kind === 'DEAD_NAME' ? Math.min(entry.dead, DEAD_MAX) : 1;
};

/** `destroy`: everything under a name goes, whatever it is [2.12, last paragraphs]. */
export const destroyEntry = (k: ModelKernel, entry: ModelEntry): void => {
  const { port } = entry;
  if (entry.set !== null) return endSet(k, entry);
  if (entry.dead > 0 || port === null) return k.free(entry);
  if (entry.once) return giveUpOnce(k, entry);
  if (!entry.receive) return giveUpSend(k, entry, entry.send);
  const count = port.mscount;
  const hadSend = entry.send > 0;
  entry.send = 0;
  let satisfied: ModelPort | null = null;
  if (hadSend && k.sendRights(port) === 0) {
    satisfied = port.noSenders;
    port.noSenders = null;
  }
  const watcher = entry.request;
  entry.request = null;
  port.watchers = port.watchers.filter((each) => each !== entry);
  k.releaseReceive(entry, port);
  k.destroyReceive(port);
  if (satisfied !== null) k.notify(satisfied, NO_SENDERS, { count });
  if (watcher !== null) k.notify(watcher, PORT_DELETED, { name: entry.name ?? entry });
};

/** `rename`. */
export const rename = (k: ModelKernel, space: ModelSpace, from: number, to: number): string => {
  if (!isName(to)) return 'KERN_INVALID_VALUE';
  if (k.find(space, to) !== undefined) return 'KERN_NAME_EXISTS';
  const entry = k.find(space, from);
  if (entry === undefined) return 'KERN_INVALID_NAME';
  entry.name = to;
  return 'KERN_SUCCESS';
};

/** `insert_right`; the right is destroyed if it cannot be put there. */
export const insertRight = (k: ModelKernel, space: ModelSpace, name: number, right: LooseRight): string => {
  const refused = whyNotInsert(k, space, name, right);
  if (refused !== null) {
    k.destroyRight(right);
    return refused;
  }
  putRight(k, space, right, name);
  return 'KERN_SUCCESS';
};

const whyNotInsert = (k: ModelKernel, space: ModelSpace, name: number, { port, type }: LooseRight): string | null => {
  if (!isName(name)) return 'KERN_INVALID_VALUE';
  if (port?.alive !== true) return 'KERN_INVALID_CAPABILITY';
  const at = k.find(space, name);
  const known = type === 18 ? undefined : entryOf(space, port);
  if (known !== undefined && known !== at) return 'KERN_RIGHT_EXISTS';
  if (at !== undefined && at !== known) return 'KERN_NAME_EXISTS';
  if (type === 17 && at !== undefined && at.send >= SEND_MAX) return 'KERN_UREFS_OVERFLOW';
  return null;
};

/** The port whose receive right a name denotes. */
export const received = (k: ModelKernel, space: ModelSpace, name: number): ModelPort | string => {
  const entry = k.find(space, name);
  if (entry === undefined) return 'KERN_INVALID_NAME';
  return entry.receive && entry.port !== null ? entry.port : 'KERN_INVALID_RIGHT';
};

/** `request_notification` [2.13]: the right that was registered before, or a refusal. */
export const requestNotification = (
  k: ModelKernel,
  space: ModelSpace,
  ask: { readonly name: number; readonly kind: string; readonly sync: number },
  right: LooseRight,
): LooseRight | string => {
  const answer = register(k, space, ask, right);
  if (typeof answer === 'string') k.destroyRight(right);
  return answer;
};

const register = (
  k: ModelKernel,
  space: ModelSpace,
  { name, kind, sync }: { readonly name: number; readonly kind: string; readonly sync: number },
  { port: told, type }: LooseRight,
): LooseRight | string => {
  if (told !== null && (!told.alive || type !== 18)) return 'KERN_INVALID_CAPABILITY';
  const previous = (port: ModelPort | null): LooseRight => (port === null ? NONE : { port, type: 18 });
  if (kind === 'DEAD_NAME') return watch(k, space, { name, sync }, told);
  if (kind === 'PORT_DESTROYED' && sync !== 0) return 'KERN_INVALID_VALUE';
  if (kind !== 'NO_SENDERS' && kind !== 'PORT_DESTROYED') return 'KERN_INVALID_VALUE';
  const port = received(k, space, name);
  if (typeof port === 'string') return port;
  if (kind === 'PORT_DESTROYED') {
    const before = port.portDestroyed;
    port.portDestroyed = told;
    return previous(before);
  }
  const before = port.noSenders;
  if (told !== null && k.sendRights(port) === 0 && sync <= port.mscount) {
    port.noSenders = null;
    k.notify(told, NO_SENDERS, { count: port.mscount });
  } else port.noSenders = told;
  return previous(before);
};

const watch = (
  k: ModelKernel,
  space: ModelSpace,
  { name, sync }: { readonly name: number; readonly sync: number },
  told: ModelPort | null,
): LooseRight | string => {
  const entry = k.find(space, name);
  if (entry === undefined) return 'KERN_INVALID_NAME';
  if (entry.set !== null) return 'KERN_INVALID_RIGHT';
  const { port } = entry;
  if (entry.dead > 0 || port === null) {
    if (sync === 0 || told === null) return 'KERN_INVALID_ARGUMENT';
    if (entry.dead >= DEAD_MAX) return 'KERN_UREFS_OVERFLOW';
    entry.dead += 1;
    k.notify(told, DEAD_NAME, { name: entry.name ?? entry });
    return NONE;
  }
  const before = entry.request;
  port.watchers = port.watchers.filter((each) => each !== entry);
  entry.request = told;
  if (told !== null) port.watchers.push(entry);
  return before === null ? NONE : { port: before, type: 18 };
};
