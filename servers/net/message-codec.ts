/**
 * Frames as bytes: one array per frame, its first element the number of the kind. What a peer sent is checked field
 * by field before anything is done with it; `decodeFrame` answers null for what is not a frame.
 */
import type { Body } from '../../ports/body.ts';
import { Bytes, viewOfBytes } from '../../ports/bytes.ts';
import { invariant } from '../../ports/invariant.ts';
import { decodeBody, encodeBody } from '../../ports/wire/codec.ts';
import {
  type Cargo,
  type Cause,
  type Dependency,
  type Frame,
  type Freight,
  NOTHING_BEFORE,
  type Ticket,
  type WireItem,
  type WireMessage,
  type WireRight,
} from './tables/frames.ts';

type Field = 'text' | 'texts' | 'count' | 'flag' | 'bytes' | 'message' | 'freight' | 'right' | 'after';
type Form = readonly (readonly [string, Field])[];

const ADDRESS: readonly Form[number][] = [
  ['port', 'text'],
  ['epoch', 'count'],
  ['origin', 'text'],
  ['chan', 'count'],
];
const MID: readonly Form[number][] = [['mid', 'text']];
const ONCE: readonly Form[number][] = [['once', 'text']];
const CHANNEL: readonly Form[number][] = [
  ['port', 'text'],
  ['chan', 'count'],
];
const LOAD: readonly Form[number][] = [['load', 'count']];

/** Every kind of frame, in the order of their numbers. A new kind does not compile until it has a form. */
const FORMS: Readonly<Record<Frame['kind'], Form>> = {
  msg: [...ADDRESS, ['seq', 'count'], ['message', 'message'], ['freight', 'freight'], ['after', 'after']],
  dirty: ADDRESS,
  clean: ADDRESS,
  registered: [
    ['port', 'text'],
    ['chan', 'count'],
    ['node', 'text'],
    ['epoch', 'count'],
  ],
  copyack: [['copy', 'count']],
  dead: [['port', 'text']],
  cack: [
    ['port', 'text'],
    ['chan', 'count'],
    ['next', 'count'],
    ['limit', 'count'],
    ['node', 'text'],
    ['epoch', 'count'],
  ],
  moved: [
    ['port', 'text'],
    ['node', 'text'],
    ['epoch', 'count'],
  ],
  once: [...ONCE, ['message', 'message'], ['freight', 'freight']],
  once_gone: ONCE,
  once_dead: ONCE,
  once_here: ONCE,
  stage: [...MID, ['message', 'message'], ['freight', 'freight']],
  staged: [...MID, ['accepted', 'flag']],
  commit: MID,
  abort: MID,
  look_up: [
    ['query', 'count'],
    ['name', 'text'],
  ],
  found: [
    ['query', 'count'],
    ['right', 'right'],
  ],
  fetch: [...LOAD, ['at', 'count'], ['size', 'count']],
  piece: [...LOAD, ['at', 'count'], ['bytes', 'bytes']],
  brought: LOAD,
  await: CHANNEL,
  over: CHANNEL,
  sought: [
    ['port', 'text'],
    ['dead', 'texts'],
  ],
  searched: [
    ['port', 'text'],
    ['carries', 'flag'],
    ['epoch', 'count'],
  ],
};
const KINDS = Object.keys(FORMS) as Frame['kind'][];

/** Thrown inside the decoder only. */
class Malformed extends Error {}

/** Values of one frame: a message may carry 65,536 rights, of eight values each. */
const FRAME_VALUES_MAX = 1 << 20;

/** Ports inside messages inside ports: how deep a peer may nest them. */
const NESTING_MAX = 16;

/** A frame as bytes. */
export const encodeFrame = (frame: Frame): Uint8Array => {
  const fields = frame as unknown as Readonly<Record<string, unknown>>;
  const out: Body[] = [KINDS.indexOf(frame.kind)];
  for (const [name, field] of FORMS[frame.kind]) out.push(encodeField(field, fields[name]));
  return encodeBody(out);
};

const encodeField = (field: Field, value: unknown): Body => {
  switch (field) {
    case 'message':
      return encodeMessage(value as WireMessage);
    case 'right':
      return encodeRight(value as WireRight);
    case 'bytes':
      return Bytes.adopt(value as Uint8Array);
    case 'freight':
      return encodeFreight(value as Freight | null);
    case 'after':
      return encodeAfter(value as readonly Dependency[]);
    default:
      return value as Body;
  }
};

const encodeFreight = (freight: Freight | null): Body =>
  freight === null ? null : [freight.node, freight.number, freight.size];

/** Hardly any right or message has to wait for others: an empty list is null. */
const encodeAfter = (after: readonly Dependency[]): Body =>
  after.length === 0 ? null : after.map(({ node, chan, next }) => [node, chan, next]);

const encodeCargo = (cargo: Cargo): Body => {
  if (cargo instanceof Uint8Array) return Bytes.adopt(cargo);
  invariant('at' in cargo, 'memory is loaded before its message goes');
  return [cargo.at, cargo.size];
};

const encodeMessage = (message: WireMessage): Body => [
  message.id,
  message.type,
  message.sender,
  message.cause === null ? null : [message.cause.node, message.cause.n],
  encodeCargo(message.body),
  encodeRight(message.reply),
  message.items.map(encodeItem),
];

const encodeItem = (item: WireItem): Body => {
  switch (item.kind) {
    case 'port':
      return [0, encodeRight(item.right)];
    case 'ool_ports':
      return [1, item.type, item.rights.map(encodeRight)];
    case 'ool':
      return [2, encodeCargo(item.bytes)];
  }
};

const encodeRight = (right: WireRight): Body => {
  switch (right.kind) {
    case 'null':
      return [0, right.type];
    case 'dead':
      return [1, right.type];
    case 'send':
      return [2, right.type, right.port, right.node, right.epoch, right.copier, right.copy, encodeAfter(right.after)];
    case 'once':
      return [3, right.once, right.node, right.peer];
    case 'receive':
      return [4, right.port, right.epoch, encodeTicket(right.ticket)];
  }
};

const encodeTicket = (ticket: Ticket): Body => [
  ticket.seqno,
  ticket.mscount,
  ticket.qlimit,
  encodeRight(ticket.nsrequest),
  encodeRight(ticket.pdrequest),
  ticket.channels.map(({ node, chan, next }) => [node, chan, next]),
  ticket.holders.map(({ node, chan }) => [node, chan]),
  ticket.messages.map(encodeMessage),
  ticket.hasSenders,
];

/** The frame in bytes from a peer, or null if it is none. */
export const decodeFrame = (bytes: Uint8Array): Frame | null => {
  try {
    const parts = list(decodeBody(bytes, FRAME_VALUES_MAX));
    const kind = KINDS[count(parts[0])];
    if (kind === undefined) return null;
    const frame: Record<string, unknown> = { kind };
    FORMS[kind].forEach(([name, field], at) => {
      frame[name] = decodeField(field, parts[at + 1]);
    });
    return frame as unknown as Frame;
  } catch {
    return null;
  }
};

const decodeField = (field: Field, value: unknown): unknown => {
  switch (field) {
    case 'text':
      return text(value);
    case 'texts':
      return list(value).map(text);
    case 'count':
      return count(value);
    case 'flag':
      return value === true;
    case 'bytes':
      return bytesOf(value);
    case 'freight':
      return decodeFreight(value);
    case 'after':
      return decodeAfter(value);
    case 'message':
      return decodeMessage(value, 0);
    case 'right':
      return decodeRight(value, 0);
  }
};

const list = (value: unknown): readonly unknown[] => {
  if (!Array.isArray(value)) throw new Malformed();
  return value;
};
const text = (value: unknown): string => {
  if (typeof value !== 'string') throw new Malformed();
  return value;
};
const count = (value: unknown): number => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw new Malformed();
  return value;
};
const integer = (value: unknown): number => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new Malformed();
  return value;
};
const bytesOf = (value: unknown): Uint8Array => {
  if (!(value instanceof Bytes)) throw new Malformed();
  return viewOfBytes(value);
};
const rightType = (value: unknown): number => {
  if (value !== 0 && value !== 16 && value !== 17 && value !== 18) throw new Malformed();
  return value;
};

const decodeMessage = (value: unknown, depth: number): WireMessage => {
  const [id, type, sender, cause, body, reply, items] = list(value);
  return {
    id: integer(id),
    type: rightType(type),
    sender: sender === null ? null : text(sender),
    cause: cause === null ? null : decodeCause(list(cause)),
    body: decodeCargo(body),
    reply: decodeRight(reply, depth),
    items: list(items).map((item) => decodeItem(item, depth)),
  };
};

const decodeCause = ([node, n]: readonly unknown[]): Cause => ({ node: text(node), n: count(n) });

const decodeCargo = (value: unknown): Cargo => {
  if (!Array.isArray(value)) return bytesOf(value);
  return { at: count(value[0]), size: count(value[1]) };
};

const decodeFreight = (value: unknown): Freight | null => {
  if (value === null) return null;
  const [node, number, size] = list(value);
  return { node: text(node), number: count(number), size: count(size) };
};

const decodeAfter = (value: unknown): readonly Dependency[] => {
  if (value === null) return NOTHING_BEFORE;
  return list(value).map((each) => {
    const [node, chan, next] = list(each);
    return { node: text(node), chan: count(chan), next: count(next) };
  });
};

const decodeItem = (value: unknown, depth: number): WireItem => {
  const [kind, first, second] = list(value);
  if (kind === 0) return { kind: 'port', right: decodeRight(first, depth) };
  if (kind === 2) return { kind: 'ool', bytes: decodeCargo(first) };
  if (kind !== 1) throw new Malformed();
  return { kind: 'ool_ports', type: rightType(first), rights: list(second).map((right) => decodeRight(right, depth)) };
};

const decodeRight = (value: unknown, depth: number): WireRight => {
  const [kind, ...f] = list(value);
  switch (kind) {
    case 0:
      return { kind: 'null', type: rightType(f[0]) };
    case 1:
      return { kind: 'dead', type: rightType(f[0]) };
    case 2:
      return decodeSend(f);
    case 3:
      return { kind: 'once', once: text(f[0]), node: text(f[1]), peer: text(f[2]) };
    case 4:
      if (depth >= NESTING_MAX) throw new Malformed();
      return { kind: 'receive', port: text(f[0]), epoch: count(f[1]), ticket: decodeTicket(f[2], depth + 1) };
    default:
      throw new Malformed();
  }
};

const decodeSend = ([type, port, node, epoch, copier, copy, after]: readonly unknown[]): WireRight => ({
  kind: 'send',
  type: rightType(type),
  port: text(port),
  node: text(node),
  epoch: count(epoch),
  copier: text(copier),
  copy: count(copy),
  after: decodeAfter(after),
});

const decodeTicket = (value: unknown, depth: number): Ticket => {
  const [seqno, mscount, qlimit, nsrequest, pdrequest, channels, holders, messages, hasSenders] = list(value);
  return {
    seqno: count(seqno),
    mscount: count(mscount),
    qlimit: count(qlimit),
    hasSenders: hasSenders === true,
    nsrequest: decodeRight(nsrequest, depth),
    pdrequest: decodeRight(pdrequest, depth),
    channels: list(channels).map((each) => {
      const [node, chan, next] = list(each);
      return { node: text(node), chan: count(chan), next: count(next) };
    }),
    holders: list(holders).map((each) => {
      const [node, chan] = list(each);
      return { node: text(node), chan: count(chan) };
    }),
    messages: list(messages).map((each) => decodeMessage(each, depth)),
  };
};
