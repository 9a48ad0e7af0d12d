/** The send half of `mach_msg`, up to the queue: get, header copyin, body copyin (mach-ipc 2.6). */
import { admitBody, BodyRefusal, bodySize } from './body.ts';
import type { Draft, DraftItem } from './draft.ts';
import { carryTo, destroyMessage } from './fate.ts';
import type { MachMsgReturn } from './kern-return.ts';
import { DESCRIPTORS_MAX, INLINE_BODY_MAX, MESSAGE_MAX, OOL_PORTS_MAX } from './limits.ts';
import { isName, MACH_PORT_DEAD, MACH_PORT_NULL, type PortName } from './name.ts';
import { type Entry, type Item, Message, type Port } from './port.ts';
import {
  type CarriedType,
  carriedType,
  isDisposition,
  isSendDisposition,
  MAKE_SEND_ONCE,
  MOVE_RECEIVE,
  MOVE_SEND,
  MOVE_SEND_ONCE,
} from './right.ts';
import type { Space } from './space.ts';
import { copyInRight, offers, takeRequest } from './transfer.ts';

/** Why a message could not be made: a code, or the place in the body that cannot be sent. */
export type SendRefusal = MachMsgReturn | BodyRefusal;

/**
 * Turns a draft into a message in kernel form. Refused before or in the header nothing has been touched; refused in the
 * body, the header rights and earlier items are destroyed (the table of 2.6). `cancel` is the notify port of
 * SEND_CANCEL.
 */
export const compose = (space: Space, draft: Draft, cancel: PortName | null = null): Message | SendRefusal => {
  if (!space.isActive) return 'MACH_SEND_INVALID_DEST';
  const body = draft.body === undefined ? undefined : admitBody(draft.body);
  if (body instanceof BodyRefusal) return body;
  if (typeof body === 'object' && body !== null && bodySize(body) > INLINE_BODY_MAX) return 'MACH_SEND_NO_BUFFER';
  const items = draft.descriptors;
  const malformed = items === undefined ? null : examine(items);
  if (malformed !== null) return malformed;
  const localDisposition = draft.localDisposition ?? 0;
  const local = draft.local ?? MACH_PORT_NULL;
  if (!isSendDisposition(draft.remoteDisposition)) return 'MACH_SEND_INVALID_HEADER';
  if (localDisposition === 0 ? local !== MACH_PORT_NULL : !isSendDisposition(localDisposition)) {
    return 'MACH_SEND_INVALID_HEADER';
  }
  const cancelPort = cancel === null ? null : receiveRight(space, cancel);
  if (cancelPort === 'MACH_SEND_INVALID_NOTIFY') return cancelPort;
  const destEntry = isName(draft.remote) ? space.lookup(draft.remote) : undefined;
  if (destEntry === undefined) return 'MACH_SEND_INVALID_DEST';
  const message = isName(local)
    ? copyInBoth(space, draft, destEntry, localDisposition)
    : copyInDest(space, draft, destEntry, cancelPort);
  if (!(message instanceof Message)) return message;
  if (!isName(local) && local === MACH_PORT_DEAD) message.reply = space.ipc.dead;
  message.body = body;
  message.localType = carriedType(localDisposition);
  return items === undefined || items.length === 0 ? message : copyInBody(space, message, items);
};

/** Descriptors that could never be sent are refused before anything is taken (D16), as is what is beyond a limit. */
const examine = (items: readonly DraftItem[]): MachMsgReturn | null => {
  if (items.length > DESCRIPTORS_MAX) return 'MACH_SEND_NO_BUFFER';
  let bytes = 0;
  let rights = 0;
  for (const item of items) {
    switch (item.kind) {
      case 'port':
        if (!isDisposition(item.disposition)) return 'MACH_SEND_INVALID_TYPE';
        break;
      case 'ool_ports':
        if (!isDisposition(item.disposition)) return 'MACH_SEND_INVALID_TYPE';
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

const newMessage = (space: Space, draft: Draft, dest: Port): Message =>
  new Message(draft.id, undefined, dest, carriedType(draft.remoteDisposition), space.identity);

const copyInDest = (space: Space, draft: Draft, entry: Entry, cancel: Port | null): Message | MachMsgReturn => {
  const disposition = draft.remoteDisposition;
  if (offers(entry, disposition) !== 'right') return 'MACH_SEND_INVALID_DEST';
  cancelRequest(entry, disposition, cancel);
  return newMessage(space, draft, copyInRight(space, entry, disposition));
};

/** SEND_CANCEL: a request on the name that this send uses up is withdrawn in silence if it would tell `cancel`. */
const cancelRequest = (entry: Entry, disposition: number, cancel: Port | null): void => {
  if (cancel === null || entry.request === null || entry.request.notify !== cancel) return;
  const goes = disposition === MOVE_SEND_ONCE || (disposition === MOVE_SEND && entry.urefs === 1);
  if (goes && takeRequest(entry) !== null) cancel.sorights -= 1;
};

const copyInBoth = (space: Space, draft: Draft, dest: Entry, localDisposition: number): Message | MachMsgReturn => {
  const local = draft.local ?? MACH_PORT_NULL;
  const reply = space.lookup(local);
  if (reply === undefined || offers(reply, localDisposition) === 'nothing') return 'MACH_SEND_INVALID_REPLY';
  const disposition = draft.remoteDisposition;
  if (reply === dest && (disposition === MOVE_SEND_ONCE || localDisposition === MOVE_SEND_ONCE)) {
    return 'MACH_SEND_INVALID_DEST';
  }
  if (offers(dest, disposition) !== 'right') return 'MACH_SEND_INVALID_DEST';
  if (reply === dest) return copyInPair(space, draft, dest, localDisposition);
  const message = newMessage(space, draft, copyInRight(space, dest, disposition));
  message.reply = copyInRight(space, reply, localDisposition);
  return message;
};

/** Destination and reply are one name: both rights come out of it, or none (2.6, last rule). */
const copyInPair = (space: Space, draft: Draft, entry: Entry, localDisposition: number): Message | MachMsgReturn => {
  const first = draft.remoteDisposition;
  if (first === MOVE_SEND && localDisposition === MOVE_SEND && entry.urefs < 2) return 'MACH_SEND_INVALID_DEST';
  if (first === MOVE_SEND && localDisposition !== MOVE_SEND) {
    // What only looks at the name goes before what may use it up.
    const reply = copyInRight(space, entry, localDisposition);
    const message = newMessage(space, draft, copyInRight(space, entry, first));
    message.reply = reply;
    return message;
  }
  const message = newMessage(space, draft, copyInRight(space, entry, first));
  message.reply = copyInRight(space, entry, localDisposition);
  return message;
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
