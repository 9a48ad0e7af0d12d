/** The table of kernel calls: how each is carried out, and how its outcome becomes a value or a `SysError`. */
import type { Draft } from '../../ports/draft.ts';
import { type PortName, portName } from '../../ports/name.ts';
import type { Item, Received } from '../../ports/port.ts';
import type { KernelRequest } from '../interface/calls.ts';
import { NO_RECEIVE, type Thread } from '../kernel.ts';
import type { MsgCall, ProgramMemory, ReceiveOptions, Result, SendOptions, Sys } from '../program.ts';
import type { Range, Window, WindowMode } from '../vm/window.ts';
import type { KCall } from './call.ts';
import type { Group } from './fiber.ts';
import { SysError } from './sys-error.ts';

/** A message as a resumable program holds it: plain data. The receiver owns its rights and its memory. */
export interface Message {
  readonly id: number;
  readonly body: unknown;
  /** The right that answers it, null if there is none, and its type as a disposition. */
  readonly reply: PortName | null;
  readonly remoteType: number;
  /** Its descriptors: names and addresses of the receiver's own. */
  readonly items: readonly MessageItem[] | null;
  /** The rights among them, in order; an array of rights out of line is an array here. */
  readonly rights: readonly (PortName | readonly PortName[])[];
  /** The memory among them, in order. */
  readonly memory: readonly { readonly address: number; readonly size: number }[];
  readonly local: PortName;
  readonly seqno: number;
  readonly payload: number | null;
  /** Token of the task that sent it; null if the kernel did. */
  readonly sender: string | null;
}

/** One descriptor of a message. */
export type MessageItem =
  | { readonly kind: 'port'; readonly type: number; readonly name: PortName }
  | { readonly kind: 'ool'; readonly address: number; readonly size: number }
  | { readonly kind: 'ool_ports'; readonly type: number; readonly names: readonly PortName[] };

/**
 * Parks the thread in a call that may wait. False if the call is none of those: `perform` carries it out at once. Hot
 * path. Throws a `SysError` if the call cannot even be made.
 */
export const park = (thread: Thread, sys: Sys, call: KCall, group: Group): boolean => {
  switch (call.op) {
    case 'receive':
      sys.receive(call.a as PortName, call.b as ReceiveOptions | undefined);
      return true;
    case 'send':
      parkSend(thread, call);
      return true;
    case 'rpc':
      sys.rpc(call.a as Draft, call.b as PortName, call.c as ReceiveOptions | undefined);
      return true;
    case 'msg':
      sys.msg(call.a as MsgCall);
      return true;
    case 'kernelCall':
      sys.kernelCall(call.a as PortName, call.b as KernelRequest);
      return true;
    case 'sleep':
      sys.receive(sleepPort(sys, group), { timeoutMs: duration(call.a) });
      return true;
    case 'pause':
      sys.pause();
      return true;
    case 'yield':
      sys.yield();
      return true;
    case 'exit':
      sys.exit();
      return true;
    default:
      return false;
  }
};

const parkSend = ({ parked }: Thread, { a, b }: KCall): void => {
  parked.op = 'msg';
  parked.draft = a as Draft;
  parked.sendOptions = (b as SendOptions | undefined) ?? null;
  parked.receive = NO_RECEIVE;
  parked.receiveOptions = null;
};

const duration = (ms: unknown): number => {
  if (typeof ms === 'number' && ms >= 0 && ms < 2 ** 53) return ms;
  throw new RangeError(`sleep: ${String(ms)} is no number of milliseconds`);
};

/** Nobody has a right to send there: whoever receives from it waits for the time alone. */
const sleepPort = (sys: Sys, group: Group): PortName => {
  if (group.sleepPort === 0)
    group.sleepPort = answered(sys, { op: 'port_allocate', right: 'RECEIVE' })['name'] as number;
  return portName(group.sleepPort);
};

/** The outcome of a call that was parked: its value, or a throw. Hot path. */
export const outcome = (call: KCall, result: Result): unknown => {
  switch (call.op) {
    case 'receive':
    case 'rpc':
    case 'msg':
    case 'send':
      if (result.kr !== 'MACH_MSG_SUCCESS') throw failure(call, result);
      return result.message === null ? undefined : plain(result.message);
    case 'kernelCall': {
      const answer = result.answer ?? { kr: 'MIG_SERVER_DIED' };
      if (answer.kr !== 'KERN_SUCCESS') throw new SysError(answer.kr, (call.b as KernelRequest).op);
      return answer;
    }
    case 'sleep':
      if (result.kr !== 'MACH_RCV_TIMED_OUT') throw failure(call, result);
      return undefined;
    default:
      return undefined;
  }
};

const failure = (call: KCall, result: Result): SysError => {
  const { kr, why, size, local, message, returned } = result;
  const detail = returned && message !== null ? { returned: plain(message) } : null;
  return new SysError(kr, call.op, why, kr === 'MACH_RCV_TOO_LARGE' ? { size, local } : detail);
};

const NOTHING: readonly never[] = Object.freeze([]);

/** Hot path. */
const plain = (message: Received): Message => {
  const items = message.items === null ? null : message.items.map(plainItem);
  return {
    id: message.id,
    body: message.body,
    reply: message.remote === 0 ? null : message.remote,
    remoteType: message.remoteType,
    items,
    rights: items === null ? NOTHING : items.flatMap(rightsIn),
    memory: items === null ? NOTHING : items.flatMap(memoryIn),
    local: message.local,
    seqno: message.seqno,
    payload: message.payload,
    sender: message.sender === null ? null : message.sender.token,
  };
};

const rightsIn = (item: MessageItem): (PortName | readonly PortName[])[] => {
  if (item.kind === 'port') return [item.name];
  return item.kind === 'ool_ports' ? [item.names] : [];
};

const memoryIn = (item: MessageItem): { readonly address: number; readonly size: number }[] =>
  item.kind === 'ool' ? [{ address: item.address, size: item.size }] : [];

const plainItem = (item: Item): MessageItem => {
  switch (item.kind) {
    case 'port':
      return { kind: 'port', type: item.type, name: item.name };
    case 'ool':
      return { kind: 'ool', address: item.address, size: item.size };
    case 'ool_ports':
      return { kind: 'ool_ports', type: item.type, names: [...item.names] };
  }
};

const answered = (sys: Sys, request: KernelRequest): Readonly<Record<string, unknown>> => {
  const answer = sys.call(request);
  if (answer.kr !== 'KERN_SUCCESS') throw new SysError(answer.kr, request.op);
  return answer;
};

type Performer = (sys: Sys, call: KCall) => unknown;

const at = (call: KCall): number => call.a as number;
const memory =
  (use: (vm: ProgramMemory, call: KCall) => unknown): Performer =>
  (sys, call) =>
    use(sys.vm, call);

const openWindow = (vm: ProgramMemory, { a, b, c }: KCall): unknown => {
  const window = vm.window(a as Range, b as WindowMode);
  if (typeof c === 'function') return (c as (window: Window) => unknown)(window);
  if (b !== 'read') throw new TypeError('vm.window: what is to be written is written in a callback');
  const bytes = new Uint8Array(window.size);
  window.read(0, bytes);
  return bytes;
};

const readBytes = (vm: ProgramMemory, { a, b }: KCall): Uint8Array => {
  const bytes = new Uint8Array(b as number);
  vm.read(a as number, bytes);
  return bytes;
};

const polled = (sys: Sys, port: PortName): Message | null => {
  const message = sys.poll(port);
  return message === null ? null : plain(message);
};

/** Calls that need no waiting, by name, beside `poll`. Each may throw a page fault, and is then made again whole. */
const PERFORMERS: ReadonlyMap<string, Performer> = new Map<string, Performer>(
  Object.entries({
    call: (sys, call) => answered(sys, call.a as KernelRequest),
    field: (sys, call) => answered(sys, call.a as KernelRequest)[call.b as string],
    getU8: memory((vm, call) => vm.getU8(at(call))),
    getU32: memory((vm, call) => vm.getU32(at(call))),
    getI32: memory((vm, call) => vm.getI32(at(call))),
    getF64: memory((vm, call) => vm.getF64(at(call))),
    setU8: memory((vm, call) => vm.setU8(at(call), call.b as number)),
    setU32: memory((vm, call) => vm.setU32(at(call), call.b as number)),
    setF64: memory((vm, call) => vm.setF64(at(call), call.b as number)),
    read: memory(readBytes),
    write: memory((vm, call) => vm.write(at(call), call.b as Uint8Array)),
    window: memory(openWindow),
    run: memory((vm, { a }) => (a as (memory: ProgramMemory) => unknown)(vm)),
  } satisfies Record<string, Performer>),
);

/** Carries out a call that needs no waiting. Hot path. Throws what the call throws, a page fault among it. */
export const perform = (sys: Sys, call: KCall): unknown => {
  if (call.op === 'poll') return polled(sys, call.a as PortName);
  const performer = PERFORMERS.get(call.op);
  if (performer === undefined) throw new SysError('MIG_BAD_ID', call.op);
  return performer(sys, call);
};
