/**
 * Between the words of FORMAT.md and the kernel's: special names, dispositions, types of rights, the shape of
 * messages, protections, memory. Pure; all else that a call takes or answers has the same name and form on both sides.
 */
import type { TypedItem } from '../../ports/wire/typed.ts';
import { contentsOf } from './contents.ts';
import type { Answer, Args } from './driver.ts';
import { Unsupported } from './driver.ts';
import { pagerMessage } from './pager-messages.ts';
import { isObject } from './scenario.ts';

const NULL = 0;
const DEAD = 0xffffffff;

/** What the kernel is asked: `{op: 'port_allocate', right: 'RECEIVE'}`. */
export interface KernelRequest {
  readonly op: string;
  readonly [key: string]: unknown;
}

/** A message as the kernel takes it. Names and dispositions are numbers; 0 is the absent right. */
export interface SendMessage {
  readonly remote: number;
  readonly remoteDisposition: number;
  readonly local: number;
  readonly localDisposition: number;
  /** A number, or the name of a kernel routine: the driver knows the tables. */
  readonly id: number | string;
  readonly body: unknown;
  readonly descriptors: readonly SendDescriptor[];
  /** Header bits beyond those of the rights, if the case sets any. */
  readonly bits?: readonly string[];
  /** What the buffer says in these words, where it is not what the message is. */
  readonly words?: WrittenWords;
  /** Typed data in place of body and descriptors. */
  readonly items?: readonly TypedItem[];
}

/** Words of a buffer that the case writes itself. */
export interface WrittenWords {
  readonly size?: number;
  readonly seqno?: number;
  readonly descriptorCount?: number;
}

export type SendDescriptor =
  | { readonly kind: 'port'; readonly name: number; readonly disposition: number }
  | {
      readonly kind: 'ool';
      readonly address: number;
      readonly size: number;
      readonly deallocate: boolean;
      readonly copy: 'virtual' | 'physical';
    }
  | {
      readonly kind: 'ool_ports';
      readonly names: readonly number[];
      readonly disposition: number;
      readonly deallocate: boolean;
      /** Where the names lie in the task's memory, if the case says: to be written there before the call. */
      readonly address?: number;
    };

/** A message as the kernel delivers it. Types are Mach's numbers, 0 for the null right. */
export interface ReceivedMessage {
  readonly remote: number;
  readonly remoteType: number;
  readonly local: number;
  readonly localType: number;
  readonly id: number | string;
  readonly body: unknown;
  readonly descriptors: readonly ReceivedDescriptor[];
  /** Absent in a message given back. */
  readonly seqno?: number;
  /** Bytes that it takes in a buffer. */
  readonly size?: number;
  readonly trailer?: { readonly [key: string]: unknown };
  readonly bits?: readonly string[];
  /** Absent: complex if there are descriptors. */
  readonly complex?: boolean;
}

export type ReceivedDescriptor =
  | { readonly kind: 'port'; readonly name: number; readonly type: number }
  | { readonly kind: 'ool'; readonly address: number; readonly size: number; readonly deallocate: boolean }
  | { readonly kind: 'ool_ports'; readonly names: readonly number[]; readonly type: number };

/** Arguments and answers that are names, or lists or objects of names, wherever they stand outside a message. */
const NAME_KEYS: readonly string[] = [
  'name',
  'old',
  'new',
  'member',
  'members',
  'set',
  'after',
  'pset',
  'notify',
  'previous',
  'names',
  'as',
  'port',
  'ports',
  'signature',
  'task',
  'target',
  'from',
  'of',
  'thread',
  'threads',
  'host',
  'object',
  'control',
  'reply',
  'right',
  'remote',
  'local',
  'sendNotify',
  'sendCancel',
];
const DISPOSITIONS: { readonly [name: string]: number } = {
  MOVE_RECEIVE: 16,
  MOVE_SEND: 17,
  MOVE_SEND_ONCE: 18,
  COPY_SEND: 19,
  MAKE_SEND: 20,
  MAKE_SEND_ONCE: 21,
};
const TYPES: { readonly [type: number]: string } = { 16: 'PORT_RECEIVE', 17: 'PORT_SEND', 18: 'PORT_SEND_ONCE' };
const ACCESS: readonly (readonly [word: string, bit: number])[] = [
  ['READ', 1],
  ['WRITE', 2],
  ['EXECUTE', 4],
];
/** Arguments and answers that are a protection: a list of words here, an or of bits in the kernel. */
const PROTECTION_KEYS: readonly string[] = ['protection', 'maxProtection', 'max', 'lock'];
/** Dispositions and other types of typed items. */
const ITEM_KINDS: { readonly [kind: string]: number } = { INTEGER_16: 1, INTEGER_32: 2, CHAR: 8, BYTE: 9 };

/** The kernel's number of a disposition; one given as a number is passed on, right or wrong. */
export const dispositionOf = (disposition: unknown): number => {
  if (disposition === undefined) return 0;
  if (typeof disposition === 'number') return disposition;
  const number = typeof disposition === 'string' ? DISPOSITIONS[disposition] : undefined;
  if (number === undefined) throw new Unsupported(`disposition ${String(disposition)}`);
  return number;
};

export const nameOf = (name: unknown): number => {
  if (name === undefined || name === 'NULL') return NULL;
  if (name === 'DEAD') return DEAD;
  if (typeof name !== 'number') throw new Unsupported(`name ${String(name)}`);
  return name;
};

const shownName = (name: unknown): unknown => {
  if (name === NULL) return 'NULL';
  return name === DEAD ? 'DEAD' : name;
};

/** Null for the null right. What is no number has been named already. */
const shownType = (type: unknown): unknown => {
  if (typeof type !== 'number') return type ?? null;
  return TYPES[type] ?? (type === 0 ? null : type);
};

/** Any call but `msg` and `mach_msg`, which carry messages: see `toMsgRequest`. */
export const toRequest = (call: string, args: Args): KernelRequest => {
  if (call === 'msg' || call === 'mach_msg') return toMsgRequest(args);
  return { ...reshaped(call, translateArgs(args)), op: call };
};

/** Where the kernel takes the same in another form: a right as one argument, memory as bytes. */
const reshaped = (call: string, args: Args): Args => {
  const { name, disposition, fill, bytes, object, data, ...others } = args;
  switch (call) {
    case 'set_special_port':
      return { ...others, right: { name, disposition } };
    case 'vm_map':
      return { ...others, object: typeof object === 'number' ? copySend(object) : null };
    case 'memory_object_create_proxy':
      return { ...others, object: typeof object === 'number' ? copySend(object) : null };
    case 'memory_object_data_supply':
    case 'memory_object_data_provided':
      return { ...others, data: bytesOf(data) };
    case 'vm_write':
      return { ...others, bytes: bytesOf(fill === undefined ? bytes : { fill }) };
    default:
      return args;
  }
};

const copySend = (name: number): Args => ({ name, disposition: DISPOSITIONS['COPY_SEND'] });

const bytesOf = (value: unknown): Uint8Array => {
  const contents = contentsOf(value);
  if (contents === undefined) throw new Unsupported('contents that are no memory');
  return contents.kind === 'bytes' ? contents.bytes : new Uint8Array(contents.size).fill(contents.byte);
};

/** A number is passed on, right or wrong. */
export const protectionOf = (protection: unknown): unknown => {
  if (protection === 'NO_CHANGE') return -1;
  if (!Array.isArray(protection)) return protection;
  return ACCESS.reduce((bits, [word, bit]) => (protection.includes(word) ? bits | bit : bits), 0);
};

const shownProtection = (protection: unknown): unknown => {
  if (typeof protection !== 'number') return protection;
  return ACCESS.filter(([, bit]) => (protection & bit) !== 0).map(([word]) => word);
};

const translateArgs = (args: { readonly [key: string]: unknown }): { readonly [key: string]: unknown } =>
  Object.fromEntries(
    Object.entries(args).map(([key, value]) => {
      if (key === 'disposition') return [key, dispositionOf(value)];
      if (key === 'descriptors' && Array.isArray(value)) return [key, value.map(toDescriptor)];
      if (PROTECTION_KEYS.includes(key)) return [key, protectionOf(value)];
      if (!NAME_KEYS.includes(key)) return [key, value];
      return [key, plainNames(value)];
    }),
  );

/** The special names as numbers; symbolic words such as a kind of right, labels and names of services stay. */
const plainNames = (value: unknown): unknown => {
  if (value === 'NULL' || value === 'DEAD') return nameOf(value);
  if (Array.isArray(value)) return value.map(plainNames);
  return isObject(value) ? translateArgs(value) : value;
};

/** `limit` and `trailer` of the receive half stay symbolic: only the kernel knows the queued message's size. */
export const toMsgRequest = ({ send, receive, ...others }: Args): KernelRequest => {
  return {
    ...translateArgs(others),
    op: 'msg',
    ...(isObject(send) ? { send: toMessage(send) } : {}),
    ...(isObject(receive) ? { receive: translateArgs(receive) } : {}),
  };
};

export const toMessage = (message: Args): SendMessage => {
  const { remote, remoteDisposition, local, localDisposition, id = 0, body, descriptors = [], bits, items } = message;
  return {
    remote: nameOf(remote),
    remoteDisposition: dispositionOf(remoteDisposition),
    local: nameOf(local),
    localDisposition: dispositionOf(localDisposition),
    id: id as number | string,
    body,
    descriptors: (descriptors as readonly unknown[]).map(toDescriptor),
    ...(bits === undefined ? {} : { bits: bits as readonly string[] }),
    ...(items === undefined ? {} : { items: (items as readonly Args[]).map(toItem) }),
    ...wordsOf(message),
  };
};

const wordsOf = ({ size, seqno, descriptorCount }: Args): Pick<SendMessage, 'words'> => {
  const words = Object.entries({ size, seqno, descriptorCount }).filter(([, word]) => word !== undefined);
  return words.length === 0 ? {} : { words: Object.fromEntries(words) as WrittenWords };
};

const toItem = (item: Args): TypedItem => {
  const { kind, disposition, bits = 32, count = 1, inline = true, deallocate = false, unused = 0, value = [], address } = item;
  const name = kind === 'PORT' ? dispositionOf(disposition) : ITEM_KINDS[String(kind)];
  if (name === undefined) throw new Unsupported(`msg item ${String(kind)}`);
  return {
    name,
    bits: Number(bits),
    count: Number(count),
    inline: inline === true,
    deallocate: deallocate === true,
    unused: Number(unused),
    values: (value as readonly unknown[]).map(kind === 'PORT' ? nameOf : Number),
    address: Number(address ?? 0),
  };
};

export const toDescriptor = (descriptor: unknown): SendDescriptor => {
  if (!isObject(descriptor)) throw new Unsupported('msg descriptor');
  const { port, ool, oolPorts, disposition, deallocate = false, address }: Args = descriptor;
  if (port !== undefined) return { kind: 'port', name: nameOf(port), disposition: dispositionOf(disposition) };
  if (isObject(ool)) return toRegion(ool);
  if (!Array.isArray(oolPorts)) throw new Unsupported(`msg descriptor ${Object.keys(descriptor)[0] ?? ''}`.trim());
  return {
    kind: 'ool_ports',
    names: oolPorts.map(nameOf),
    disposition: dispositionOf(disposition),
    deallocate: deallocate === true,
    ...(typeof address === 'number' ? { address } : {}),
  };
};

/** `copy` may be a number that is no copy option: it is passed on, for the kernel to refuse. */
const toRegion = ({ address, size, deallocate = false, copy = 'virtual' }: Args): SendDescriptor => ({
  kind: 'ool',
  address: address as number,
  size: size as number,
  deallocate: deallocate === true,
  copy: copy as 'virtual' | 'physical',
});

/** A kernel's answer in the words of FORMAT.md. */
export const fromAnswer = (answer: { readonly [key: string]: unknown }): Answer =>
  Object.fromEntries(
    Object.entries(answer).map(([key, value]) => {
      const isRegion = 'protection' in answer; // elsewhere `max` is a size
      if (isRegion && PROTECTION_KEYS.includes(key)) return [key, shownProtection(value)];
      const isMessage = key === 'message' || key === 'returned' || key === 'received';
      if (isMessage && isObject(value)) return [key, fromMessage(value as unknown as ReceivedMessage)];
      if (key === 'descriptors' && Array.isArray(value)) return [key, value.map(fromDescriptor)];
      return [key, NAME_KEYS.includes(key) ? shownNames(value) : value];
    }),
  );

/** Lists of names, and the one object in answers that holds one: `{name, type}` and `{name}`. */
const shownNames = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(shownNames);
  if (!isObject(value)) return shownName(value);
  return Object.hasOwn(value, 'name') ? { ...value, name: shownName(value['name']) } : value;
};

export const fromMessage = (message: ReceivedMessage): Answer => {
  const { remote, remoteType, local, localType, descriptors, complex, bits, ...others } = message;
  const rights = descriptors.map((each) => (each.kind === 'port' ? shownName(each.name) : undefined));
  return {
    ...others,
    ...pagerMessage(message.id, message.body, rights, shownProtection),
    remote: shownName(remote),
    remoteType: shownType(remoteType),
    local: shownName(local),
    localType: shownType(localType),
    descriptors: descriptors.map(fromDescriptor),
    complex: complex ?? descriptors.length > 0,
    bits: bits ?? [],
  };
};

export const fromDescriptor = (descriptor: ReceivedDescriptor): Answer => {
  switch (descriptor.kind) {
    case 'port':
      return { port: shownName(descriptor.name), type: shownType(descriptor.type) };
    case 'ool_ports':
      return { oolPorts: descriptor.names.map(shownName), type: shownType(descriptor.type) };
    case 'ool': {
      const { address, size, deallocate } = descriptor;
      return { ool: { address, size, deallocate } };
    }
  }
};
