/**
 * Messages as bytes, for who experiments with them: a header of six words, if COMPLEX a count and descriptors (12 bytes
 * for a right, 16 for what has an address), the body by the codec of this folder, zeros up to `msgh_size`, and behind
 * what is received a trailer. The layout is that of XNU for 64 bits; README.md has it byte by byte. A buffer is read
 * as the kernel reads one in the first step of a send (mach-ipc 2.6): what is wrong with it is said before any right
 * is taken.
 */
import { type Body, bodySize } from '../body.ts';
import type { Draft, DraftItem } from '../draft.ts';
import type { MachMsgReturn } from '../kern-return.ts';
import { BUFFER_MAX, HEADER_SIZE } from '../limits.ts';
import { COUNT_SIZE, PORT_SIZE, REGION_SIZE, sizeInBuffer } from '../message-size.ts';
import { MACH_PORT_NULL, type PortName, portName } from '../name.ts';
import type { Item, Received } from '../port.ts';
import { readBody } from './decode.ts';
import { writeBody } from './encode.ts';
import { WireError } from './error.ts';
import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

/** Header bit: a count and descriptors follow the header. */
export const COMPLEX = 0x8000_0000;
/** Header bit of the kernel's own, cleared if a sender sets it. */
export const CIRCULAR = 0x4000_0000;

/** Types of descriptors: `mach/message.h`. */
const PORT = 0;
const OOL = 1;
const OOL_PORTS = 2;
const COPIES = ['physical', 'virtual'] as const;

/** The sender's or receiver's memory, as far as a buffer needs it: arrays of names lie outside of it. */
export interface NameArrays {
  /** The `count` names at `address`; null if they cannot be read. */
  load(address: number, count: number): readonly PortName[] | null;
  /** Puts names somewhere, and answers where; null if there is no room. */
  store(names: readonly PortName[]): number | null;
}

/** For messages that carry no array of rights. */
export const NO_ARRAYS: NameArrays = Object.freeze({ load: () => null, store: () => null });

/** How much a receiver wants to know beside the message. Each holds what those before it do. */
export type TrailerKind = 'NULL' | 'SEQNO' | 'SENDER';

/** The size of a draft in a buffer, which is what the kernel charges for the message: `send_size`. */
export const draftSize = ({ body, descriptors }: Draft): number =>
  sizeInBuffer(body === undefined ? 0 : bodySize(body), descriptors);

/** The size of a received message in a buffer, without its trailer: `msgh_size`. */
export const receivedSize = ({ body, items }: Pick<Received, 'body' | 'items'>): number =>
  sizeInBuffer(body === undefined ? 0 : bodySize(body), items);

/**
 * A draft as its sender would have it in a buffer. Answers MACH_SEND_INVALID_MEMORY if an array of names that has no
 * address can be put nowhere. The body is one that can be sent: others throw a `WireError`.
 */
export const writeDraft = (draft: Draft, arrays: NameArrays = NO_ARRAYS): Uint8Array | MachMsgReturn => {
  const { remote, remoteDisposition, local = MACH_PORT_NULL, localDisposition = 0, id, descriptors } = draft;
  const size = draftSize(draft);
  const to = new Writer(size);
  const isComplex = descriptors !== undefined && descriptors.length > 0;
  writeHeader(to, { bits: bitsOf(remoteDisposition, localDisposition, isComplex), size, remote, local, seqno: 0, id });
  if (isComplex) {
    to.u32(descriptors.length);
    for (const item of descriptors) if (!writeItem(to, item, arrays)) return 'MACH_SEND_INVALID_MEMORY';
  }
  return finished(to, draft.body, size);
};

interface Header {
  readonly bits: number;
  readonly size: number;
  readonly remote: number;
  readonly local: number;
  readonly seqno: number;
  readonly id: number;
}

const bitsOf = (remote: number, local: number, isComplex: boolean): number =>
  ((remote & 0xff) | ((local & 0xff) << 8) | (isComplex ? COMPLEX : 0)) >>> 0;

const writeHeader = (to: Writer, { bits, size, remote, local, seqno, id }: Header): void => {
  for (const word of [bits, size, remote, local, seqno, id]) to.u32(word);
};

const finished = (to: Writer, body: Body, size: number): Uint8Array => {
  if (body !== undefined) writeBody(to, body);
  to.raw(new Uint8Array(size - to.length));
  return to.copy();
};

/** False if there is no room for the names of an array. */
const writeItem = (to: Writer, item: DraftItem, arrays: NameArrays): boolean => {
  switch (item.kind) {
    case 'port':
      writePort(to, item.name, item.disposition);
      return true;
    case 'ool': {
      const copy = COPIES.findIndex((each) => each === (item.copy ?? 'virtual'));
      writeRegion(to, item, [item.deallocate === true ? 1 : 0, copy, 0, OOL]);
      return true;
    }
    case 'ool_ports': {
      const address = item.address ?? (item.names.length === 0 ? 0 : arrays.store(item.names));
      if (address === null) return false;
      const flags = [item.deallocate === true ? 1 : 0, 1, item.disposition, OOL_PORTS];
      writeRegion(to, { address, size: item.names.length }, flags);
      return true;
    }
    case 'malformed':
      writeRegion(to, { address: 0, size: 0 }, [0, 0, 0, 0xff]);
      return true;
  }
};

const writePort = (to: Writer, name: PortName, disposition: number): void => {
  to.u32(name);
  to.u32(0);
  for (const octet of [0, 0, disposition, PORT]) to.u8(octet);
};

const writeRegion = (
  to: Writer,
  { address, size }: { readonly address: number; readonly size: number },
  flags: readonly number[],
): void => {
  to.u53(address);
  for (const octet of flags) to.u8(octet);
  to.u32(size);
};

/**
 * What a buffer says, of which the first `sendSize` bytes are the message. `msgh_size` and `msgh_seqno` in it are not
 * looked at. MSG_TOO_SMALL if `sendSize` is less than a header, no whole number of words or ends within a descriptor;
 * NO_BUFFER if it is more than the kernel takes; INVALID_DATA if it is more than the buffer, if the body is none or an
 * array of names cannot be read; INVALID_TYPE for a descriptor of no known type. Zeros after the body are not carried.
 */
export const readDraft = (
  buffer: Uint8Array,
  sendSize: number = buffer.length,
  arrays: NameArrays = NO_ARRAYS,
): Draft | MachMsgReturn => {
  if (!(sendSize >= HEADER_SIZE) || sendSize % 4 !== 0) return 'MACH_SEND_MSG_TOO_SMALL';
  if (sendSize > BUFFER_MAX) return 'MACH_SEND_NO_BUFFER';
  if (sendSize > buffer.length) return 'MACH_SEND_INVALID_DATA';
  const from = new Reader(buffer, 0, sendSize);
  const header = readHeader(from);
  const isComplex = (header.bits & COMPLEX) !== 0;
  const descriptors = isComplex ? readItems(from, arrays) : [];
  if (typeof descriptors === 'string') return descriptors;
  const body = readRest(from);
  if (body === null) return 'MACH_SEND_INVALID_DATA';
  return {
    remote: portName(header.remote),
    remoteDisposition: header.bits & 0xff,
    local: portName(header.local),
    localDisposition: (header.bits >>> 8) & 0xff,
    id: header.id,
    ...body,
    ...(descriptors.length === 0 ? {} : { descriptors }),
  };
};

/** The six words at the head of a buffer that has room for them. */
export const readHeader = (from: Reader): Header => {
  const [bits, size, remote, local, seqno, id] = [
    from.u32(),
    from.u32(),
    from.u32(),
    from.u32(),
    from.u32(),
    from.u32(),
  ];
  return { bits, size, remote, local, seqno, id: id | 0 };
};

/** The body, if there is any; null if what is there is none. */
const readRest = (from: Reader): { readonly body?: Body } | null => {
  if (from.left === 0) return {};
  try {
    const body = readBody(from);
    return from.raw(from.left).every((octet) => octet === 0) ? { body } : null;
  } catch (thrown) {
    if (thrown instanceof WireError) return null;
    throw thrown;
  }
};

const readItems = (from: Reader, arrays: NameArrays): readonly DraftItem[] | MachMsgReturn => {
  if (from.left < COUNT_SIZE) return 'MACH_SEND_MSG_TOO_SMALL';
  const items: DraftItem[] = [];
  for (let left = from.u32(); left > 0; left -= 1) {
    const item = readItem(from, arrays);
    if (typeof item === 'string') return item;
    items.push(item);
  }
  return items;
};

/** The type of a descriptor stands in its twelfth byte, whatever it is. */
const readItem = (from: Reader, arrays: NameArrays): DraftItem | MachMsgReturn => {
  if (from.left < PORT_SIZE) return 'MACH_SEND_MSG_TOO_SMALL';
  const head = from.raw(PORT_SIZE);
  const type = head[11];
  const at = new Reader(head);
  if (type === PORT) return { kind: 'port', name: portName(at.u32()), disposition: head[10] as number };
  if (type !== OOL && type !== OOL_PORTS) return 'MACH_SEND_INVALID_TYPE';
  if (from.left < REGION_SIZE - PORT_SIZE) return 'MACH_SEND_MSG_TOO_SMALL';
  const size = from.u32();
  if (((head[6] as number) | (head[7] as number)) !== 0) return 'MACH_SEND_INVALID_MEMORY'; // beyond any address space
  const address = at.u53();
  const deallocate = head[8] !== 0;
  if (type === OOL) {
    const copy = COPIES[head[9] as number];
    return copy === undefined ? 'MACH_SEND_INVALID_TYPE' : { kind: 'ool', address, size, deallocate, copy };
  }
  const names = size === 0 ? [] : arrays.load(address, size);
  if (names === null) return 'MACH_SEND_INVALID_DATA';
  return { kind: 'ool_ports', names, disposition: head[10] as number, address, deallocate };
};

/** What a message that came back (`returned`) has not: a number and a trailer. */
export interface ReceivedOptions {
  readonly trailer?: TrailerKind;
  readonly returned?: boolean;
}

/**
 * A received message as it would lie in its receiver's buffer: `msgh_size` bytes, and the trailer behind them. Arrays
 * of names are put where `arrays` says; an array for which there is no room has address 0 and its names are lost, so
 * who cannot afford that hands in room.
 */
export const writeReceived = (
  message: Received,
  { trailer = 'NULL', returned = false }: ReceivedOptions = {},
  arrays: NameArrays = NO_ARRAYS,
): Uint8Array => {
  const { remote, remoteType, local, localType, seqno, id, body, items } = message;
  const size = receivedSize(message);
  const to = new Writer(size + 16);
  const isComplex = items !== null && items.length > 0;
  const bits = bitsOf(remoteType, localType, isComplex);
  writeHeader(to, { bits, size, remote, local, seqno: returned ? 0 : seqno, id });
  if (isComplex) {
    to.u32(items.length);
    for (const item of items) writeItem(to, asSent(item), storing(arrays));
  }
  if (body !== undefined) writeBody(to, body);
  to.raw(new Uint8Array(size - to.length));
  if (!returned) writeTrailer(to, message, trailer);
  return to.copy();
};

/** Names that find no room are lost; their array is empty then. */
const storing = ({ load, store }: NameArrays): NameArrays => ({ load, store: (names) => store(names) ?? 0 });

/** What arrived, in the form in which it could be sent on: types of rights are the MOVE dispositions. */
export const asSent = (item: Item): DraftItem => {
  switch (item.kind) {
    case 'port':
      return { kind: 'port', name: item.name, disposition: item.type };
    case 'ool':
      return { kind: 'ool', address: item.address, size: item.size, deallocate: item.deallocate };
    case 'ool_ports':
      return { kind: 'ool_ports', names: item.names, disposition: item.type, deallocate: true };
  }
};

/** Type 0, its own size, then as asked the number and the sender, whose identity is a text of any length. */
const writeTrailer = (to: Writer, { seqno, sender }: Received, kind: TrailerKind): void => {
  const token = kind === 'SENDER' ? (sender?.token ?? '') : '';
  const text = new Writer(token.length + 8);
  if (kind === 'SENDER') text.str(token);
  const padded = Math.ceil(text.length / 4) * 4;
  to.u32(0);
  to.u32(8 + (kind === 'NULL' ? 0 : 4) + padded);
  if (kind === 'NULL') return;
  to.u32(seqno);
  to.raw(text.written());
  to.raw(new Uint8Array(padded - text.length));
};
