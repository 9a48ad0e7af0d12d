/** The send half of `mach_msg`, up to the queue: get, header copyin, body copyin (mach-ipc 2.6). */
import { admitPlain, admitWhole, type Body, BodyRefusal, leafSize, NOT_PLAIN, sizeOfWeight } from './body.ts';
import type { Draft, DraftItem } from './draft.ts';
import { ReadDraft, readDraft } from './draft-read.ts';
import { carryTo, destroyMessage } from './fate.ts';
import type { MachMsgReturn } from './kern-return.ts';
import { DESCRIPTORS_MAX, INLINE_BODY_MAX, MESSAGE_MAX, OOL_PORTS_MAX } from './limits.ts';
import { isName, MACH_PORT_DEAD, MACH_PORT_NULL, type PortName } from './name.ts';
import { type Entry, type Item, Message, type Port } from './port.ts';
import { isFull } from './queue.ts';
import {
  type CarriedType,
  COPY_SEND,
  carriedType,
  isDisposition,
  isSendDisposition,
  MAKE_SEND_ONCE,
  MOVE_RECEIVE,
  MOVE_SEND,
  MOVE_SEND_ONCE,
  PORT_SEND,
  PORT_SEND_ONCE,
  RECEIVE,
  SEND,
  SEND_ONCE,
} from './right.ts';
import type { Space } from './space.ts';
import { copyInRight, offers, takeRequest } from './transfer.ts';

/** Why a message could not be made: a code, or the place in the body that cannot be sent. */
export type SendRefusal = MachMsgReturn | BodyRefusal;

/** What `compose` does about a destination whose queue is full: nothing, or it refuses before it has taken a right. */
export type WhenFull = 'compose' | 'refuse';

/**
 * Turns a draft into a message in kernel form. Refused before or in the header nothing has been touched; refused in the
 * body, the header rights and earlier items are destroyed (the table of 2.6). `cancel` is the notify port of
 * SEND_CANCEL. Hot path.
 */
export const compose = (
  space: Space,
  draft: Draft,
  cancel: PortName | null = null,
  whenFull: WhenFull = 'compose',
): Message | SendRefusal => {
  if (!space.isActive) return 'MACH_SEND_INVALID_DEST';
  const read = readDraft(draft);
  if (typeof read === 'string') return read;
  let body: Body;
  let id: number;
  let remote: PortName;
  let remoteDisposition: number;
  let local: PortName;
  let localDisposition: number;
  try {
    // Accessors run here or nowhere: nothing has been looked at, and nothing is read again.
    ({ body, id, remote, remoteDisposition, local = MACH_PORT_NULL, localDisposition = 0 } = read);
  } catch {
    return 'MACH_SEND_INVALID_DATA';
  }
  let size = leafSize(body);
  if (size < 0) {
    let weight = admitPlain(body);
    if (weight === NOT_PLAIN) {
      const admitted = admitWhole(body);
      if (admitted instanceof BodyRefusal) return admitted;
      body = admitted.body;
      weight = admitted.weight;
    }
    size = sizeOfWeight(weight);
  }
  if (size > INLINE_BODY_MAX) return 'MACH_SEND_NO_BUFFER';
  const items = read instanceof ReadDraft ? read.descriptors : undefined;
  const areNames = typeof remote === 'number' && typeof local === 'number';
  if (items === undefined && cancel === null && areNames && Number.isSafeInteger(id)) {
    const message = composeStraight(space, id, remote, remoteDisposition, local, localDisposition, whenFull);
    if (message !== null) {
      message.body = body;
      message.bodySize = size;
      return message;
    }
  }
  const header = { id, remote, remoteDisposition, local, localDisposition, body };
  const message = composeWhole(space, header, items, cancel, whenFull);
  if (message instanceof Message) message.bodySize = size;
  return message;
};

/**
 * What most messages are: by a copied send right, or by a send-once right as an answer; with a send-once right made to
 * answer to, or none; nothing but a body, which the caller adds. Null for every other draft, of which nothing has been
 * taken. Hot path.
 */
const composeStraight = (
  space: Space,
  id: number,
  remote: PortName,
  remoteDisposition: number,
  local: PortName,
  localDisposition: number,
  whenFull: WhenFull,
): Message | null => {
  let reply: Port | null = null;
  if (local !== MACH_PORT_NULL) {
    const entry = localDisposition === MAKE_SEND_ONCE ? space.lookup(local) : undefined;
    if (entry === undefined || (entry.type & RECEIVE) === 0) return null;
    reply = entry.port;
  } else if (localDisposition !== 0) return null;
  const entry = space.lookup(remote);
  if (entry === undefined || entry.port === null) return null;
  const dest = entry.port;
  let type: CarriedType = PORT_SEND;
  if (remoteDisposition === COPY_SEND) {
    if ((entry.type & SEND) === 0 || (whenFull === 'refuse' && isFull(dest, COPY_SEND))) return null;
    // --- Point of no return. ---
    dest.srights += 1;
  } else {
    if (remoteDisposition !== MOVE_SEND_ONCE || entry.type !== SEND_ONCE) return null;
    // --- Point of no return. ---
    type = PORT_SEND_ONCE;
    space.free(entry);
  }
  const message = new Message(id, undefined, dest, type, space.identity);
  if (reply !== null) {
    reply.sorights += 1;
    message.reply = reply;
    message.localType = PORT_SEND_ONCE;
  }
  return message;
};

/** Composes any draft whose body has been admitted. */
const composeWhole = (
  space: Space,
  { id, remote, remoteDisposition, local, localDisposition, body }: Omit<ReadDraft, 'descriptors'>,
  items: readonly DraftItem[] | undefined,
  cancel: PortName | null,
  whenFull: WhenFull,
): Message | MachMsgReturn => {
  const malformed = items === undefined ? null : examine(items, space.ipc.profile.examinesDispositions);
  if (malformed !== null) return malformed;
  if (!isHeader(id, remoteDisposition, local, localDisposition)) return 'MACH_SEND_INVALID_HEADER';
  const cancelPort = cancel === null ? null : receiveRight(space, cancel);
  if (cancelPort === 'MACH_SEND_INVALID_NOTIFY') return cancelPort;
  const destEntry = typeof remote === 'number' && isName(remote) ? space.lookup(remote) : undefined;
  if (destEntry === undefined) return 'MACH_SEND_INVALID_DEST';
  if (typeof local !== 'number') return 'MACH_SEND_INVALID_REPLY';
  const replyEntry = isName(local) ? space.lookup(local) : null;
  if (replyEntry !== null) {
    if (replyEntry === undefined) return 'MACH_SEND_INVALID_REPLY';
    const offered = offers(replyEntry, localDisposition);
    if (offered !== 'right' && !isDeadReply(space, offered)) return 'MACH_SEND_INVALID_REPLY';
    if (replyEntry === destEntry && !canGiveBoth(destEntry, remoteDisposition, localDisposition)) {
      return 'MACH_SEND_INVALID_DEST';
    }
  }
  if (offers(destEntry, remoteDisposition) !== 'right') return 'MACH_SEND_INVALID_DEST';
  if (whenFull === 'refuse' && isFull(destEntry.port, remoteDisposition)) return 'MACH_SEND_TIMED_OUT';
  // --- Point of no return for the header. ---
  if (replyEntry === null && cancelPort !== null) cancelRequest(destEntry, remoteDisposition, cancelPort);
  // What only looks at a name goes before what may use it up.
  const isReplyFirst = replyEntry === destEntry && remoteDisposition === MOVE_SEND;
  let reply = replyEntry !== null && isReplyFirst ? copyInRight(space, replyEntry, localDisposition) : null;
  const dest = copyInRight(space, destEntry, remoteDisposition);
  if (replyEntry !== null && !isReplyFirst) reply = copyInRight(space, replyEntry, localDisposition);
  const message = new Message(id, body, dest, carriedType(remoteDisposition), space.identity);
  message.reply = local === MACH_PORT_DEAD ? space.ipc.dead : reply;
  message.localType = carriedType(localDisposition);
  return items === undefined || items.length === 0 ? message : copyInBody(space, message, items);
};

/** A dead reply right, where the profile takes one. */
const isDeadReply = (space: Space, offered: 'dead' | 'nothing'): boolean =>
  offered === 'dead' && space.ipc.profile.takesDeadReply;
/** The id is a number, the dispositions make send rights; no reply right is no reply disposition. */
const isHeader = (id: number, remoteDisposition: number, local: PortName, localDisposition: number): boolean =>
  Number.isSafeInteger(id) &&
  canBeDestination(remoteDisposition) &&
  (canBeDestination(localDisposition) || (localDisposition === 0 && local === MACH_PORT_NULL));

/** True for a number that is a disposition of a header right: what comes from a sender may be anything. */
const canBeDestination = (disposition: number): boolean =>
  Number.isInteger(disposition) && isSendDisposition(disposition);

/** Destination and reply are one name: both rights come out of it, or none (2.6, last rule). */
const canGiveBoth = (entry: Entry, remoteDisposition: number, localDisposition: number): boolean => {
  if (remoteDisposition === MOVE_SEND_ONCE || localDisposition === MOVE_SEND_ONCE) return false;
  return remoteDisposition !== MOVE_SEND || localDisposition !== MOVE_SEND || entry.urefs >= 2;
};

/** Descriptors that could never be sent are refused before anything is taken (D16), as is what is beyond a limit. */
const examine = (items: readonly DraftItem[], areExamined: boolean): MachMsgReturn | null => {
  if (items.length > DESCRIPTORS_MAX) return 'MACH_SEND_NO_BUFFER';
  let bytes = 0;
  let rights = 0;
  for (const item of items) {
    switch (item.kind) {
      case 'port':
        if (areExamined && !isDisposition(item.disposition)) return 'MACH_SEND_INVALID_TYPE';
        break;
      case 'ool_ports':
        if (areExamined && !isDisposition(item.disposition)) return 'MACH_SEND_INVALID_TYPE';
        rights += item.names.length;
        if (rights > OOL_PORTS_MAX) return 'MACH_SEND_NO_BUFFER';
        break;
      case 'ool': {
        const { copy } = item;
        if (copy !== undefined && copy !== 'virtual' && copy !== 'physical') return 'MACH_SEND_INVALID_TYPE';
        if (!(item.size >= 0)) return 'MACH_SEND_INVALID_TYPE';
        bytes += item.size;
        if (bytes > MESSAGE_MAX) return 'MACH_SEND_NO_BUFFER';
        break;
      }
      case 'malformed':
        break;
      default:
        return 'MACH_SEND_INVALID_TYPE';
    }
  }
  return null;
};

const receiveRight = (space: Space, name: PortName): Port | 'MACH_SEND_INVALID_NOTIFY' => {
  const entry = isName(name) ? space.lookup(name) : undefined;
  const port = entry === undefined || offers(entry, MAKE_SEND_ONCE) !== 'right' ? null : entry.port;
  return port ?? 'MACH_SEND_INVALID_NOTIFY';
};

/** SEND_CANCEL: a request on the name that this send uses up is withdrawn in silence if it would tell `cancel`. */
const cancelRequest = (entry: Entry, disposition: number, cancel: Port | null): void => {
  if (cancel === null || entry.request === null || entry.request.notify !== cancel) return;
  const goes =
    disposition === MOVE_SEND_ONCE || (disposition === MOVE_SEND && entry.urefs === 1 && (entry.type & RECEIVE) === 0);
  if (goes && takeRequest(entry) !== null) cancel.sorights -= 1;
};

const copyInBody = (space: Space, message: Message, items: readonly DraftItem[]): Message | MachMsgReturn => {
  message.items = [];
  for (const item of items) {
    const taken = copyInItem(space, message, item);
    if (typeof taken === 'string') {
      destroyMessage(space.ipc, message);
      return taken;
    }
    message.items.push(taken);
  }
  return message;
};

const copyInItem = (space: Space, message: Message, item: DraftItem): Item | MachMsgReturn => {
  switch (item.kind) {
    case 'port': {
      const port = copyInPort(space, message, item.name, item.disposition);
      if (port === 'MACH_SEND_INVALID_RIGHT') return port;
      return { kind: 'port', type: carriedType(item.disposition), name: MACH_PORT_NULL, port };
    }
    case 'ool': {
      if (item.size === 0) return { kind: 'ool', address: 0, size: 0, deallocate: true, copy: null };
      const copy = space.memory.take(item.address, item.size, item.deallocate === true);
      if (typeof copy === 'string') return 'MACH_SEND_INVALID_MEMORY';
      return { kind: 'ool', address: 0, size: item.size, deallocate: true, copy };
    }
    case 'ool_ports':
      return copyInArray(space, message, item);
    case 'malformed':
      return item.code;
  }
};

const copyInArray = (
  space: Space,
  message: Message,
  item: Extract<DraftItem, { kind: 'ool_ports' }>,
): Item | MachMsgReturn => {
  if (item.deallocate === true && item.address !== undefined && item.names.length > 0) {
    const copy = space.memory.take(item.address, item.names.length * 4, true);
    if (typeof copy === 'string') return 'MACH_SEND_INVALID_MEMORY';
    copy.release();
  }
  const type: CarriedType = carriedType(item.disposition);
  const taken: Item = { kind: 'ool_ports', type, names: [], ports: [] };
  for (const name of item.names) {
    const port = copyInPort(space, message, name, item.disposition);
    if (port === 'MACH_SEND_INVALID_RIGHT') {
      message.items?.push(taken); // destroyed with what went before
      return port;
    }
    taken.ports.push(port);
  }
  return taken;
};

const copyInPort = (
  space: Space,
  message: Message,
  name: PortName,
  disposition: number,
): Port | null | 'MACH_SEND_INVALID_RIGHT' => {
  if (name === MACH_PORT_NULL) return null;
  if (name === MACH_PORT_DEAD) return space.ipc.dead;
  const entry = space.lookup(name);
  if (entry === undefined || offers(entry, disposition) === 'nothing') return 'MACH_SEND_INVALID_RIGHT';
  const port = copyInRight(space, entry, disposition);
  if (disposition === MOVE_RECEIVE && message.dest !== null && carryTo(port, message.dest)) message.circular = true;
  return port;
};
