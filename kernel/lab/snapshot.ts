/** The state of a kernel as plain data: spaces, ports, queues, threads. Reading it changes nothing. */
import type { Message, Port, SendWait } from '../../ports/port.ts';
import { DEAD, IN_KERNEL, IN_SPACE, IN_TRANSIT } from '../../ports/port.ts';
import { messageSize } from '../../ports/queue.ts';
import { PORT_SET } from '../../ports/right.ts';
import { stackOfThread } from '../inspect.ts';
import type { Kernel, Task, Thread } from '../kernel.ts';
import { kindsOf } from './entry-words.ts';
import type { Labels } from './labels.ts';

/** One name of a space. */
export interface NameState {
  readonly rights: readonly string[];
  readonly urefs: number;
  /** The port's label; null of a set or a dead name. */
  readonly port: string | null;
  /** Labels of a set's members. */
  readonly members: readonly string[];
  /** A dead-name request is registered. */
  readonly isWatched: boolean;
}

/** A thread at rest. */
export interface ThreadState {
  readonly program: string;
  readonly run: string;
  readonly waits: string;
  readonly suspended: number;
}

/** A task. */
export interface TaskState {
  readonly suspended: number;
  readonly names: Readonly<Record<string, NameState>>;
  readonly threads: Readonly<Record<string, ThreadState>>;
  /** Regions by their addresses, in words. */
  readonly memory: Readonly<Record<string, string>>;
}

/** A message that is queued, or whose sender is blocked. */
export interface MessageState {
  readonly id: number;
  /** Bytes with its header. */
  readonly size: number;
  /** Bytes of out-of-line memory. */
  readonly outOfLine: number;
  readonly reply: string | null;
  /** Labels of the ports that it carries rights to, with their types. */
  readonly carries: readonly string[];
}

/** A port. */
export interface PortState {
  readonly receiver: string;
  readonly qlimit: number;
  readonly seqno: number;
  readonly mscount: number;
  readonly srights: number;
  readonly sorights: number;
  /** Messages by their labels, in order. */
  readonly queue: Readonly<Record<string, MessageState>>;
  /** Messages of blocked senders, in order. */
  readonly blocked: Readonly<Record<string, MessageState>>;
  readonly requests: readonly string[];
}

/** A kernel. */
export interface KernelState {
  readonly now: number;
  readonly tasks: Readonly<Record<string, TaskState>>;
  /** Ports that a space, a queue or a task can lead to, by their labels. */
  readonly ports: Readonly<Record<string, PortState>>;
  readonly totals: { readonly ports: number; readonly messages: number };
}

/** Takes the state of a kernel. O(names + ports + messages + threads). */
export const stateOf = (kernel: Kernel, labels: Labels): KernelState => {
  const found = new Set<Port>();
  const tasks: Record<string, TaskState> = {};
  for (const task of kernel.tasks) tasks[labels.task(task)] = taskState(task, labels, found);
  const ports: Record<string, PortState> = {};
  // The set grows while it is walked: what a message carries is a port, too.
  for (const port of found) if (port.where !== DEAD) ports[labels.port(port)] = portState(port, kernel, labels, found);
  return { now: kernel.now, tasks, ports, totals: { ports: kernel.ipc.ports, messages: kernel.ipc.messages } };
};

const taskState = (task: Task, labels: Labels, found: Set<Port>): TaskState => {
  const names: Record<string, NameState> = {};
  for (const entry of task.space.entries()) {
    if (entry.port !== null) found.add(entry.port);
    const members = entry.type === PORT_SET ? [...(entry.set?.members ?? [])].map((port) => labels.port(port)) : [];
    names[String(entry.name)] = {
      rights: kindsOf(entry.type),
      urefs: entry.urefs,
      port: entry.port === null ? null : labels.port(entry.port),
      members,
      isWatched: entry.request !== null,
    };
  }
  const threads: Record<string, ThreadState> = {};
  for (const thread of task.threads) threads[labels.thread(thread)] = threadState(thread);
  const memory: Record<string, string> = {};
  for (const { start, end, protection, inheritance } of task.memory.regions.list) {
    memory[`0x${start.toString(16)}`] = `${end - start} bytes, protection ${protection}, inherited ${inheritance}`;
  }
  return { suspended: task.suspendCount, names, threads, memory };
};

const threadState = (thread: Thread): ThreadState => {
  const { waits } = stackOfThread(thread);
  return {
    program: thread.program.name,
    run: thread.run,
    waits: waits.port === null ? waits.call : `${waits.call} on ${waits.port}`,
    suspended: thread.suspendCount,
  };
};

const receiverOf = ({ where, space, entry, carrier }: Port, kernel: Kernel, labels: Labels): string => {
  if (where === IN_SPACE) {
    for (const task of kernel.tasks) if (task.space === space) return `${labels.task(task)} (name ${entry?.name})`;
  }
  if (where === IN_TRANSIT && carrier !== null) return `in a message queued on ${labels.port(carrier)}`;
  return where === IN_KERNEL ? 'the kernel' : 'nobody';
};

const portState = (port: Port, kernel: Kernel, labels: Labels, found: Set<Port>): PortState => {
  const requests: string[] = [];
  if (port.nsrequest !== null) requests.push('no senders');
  if (port.pdrequest !== null) requests.push('port destroyed');
  if (port.requests !== null && port.requests.size > 0) requests.push(`dead name, ${port.requests.size}`);
  const queue: Record<string, MessageState> = {};
  for (let at = 0; at < port.msgcount; at += 1) {
    const message = port.queue?.at(at);
    if (message !== undefined) queue[labels.message(message)] = messageState(message, labels, found);
  }
  const blocked: Record<string, MessageState> = {};
  for (const { message } of blockedOn(port)) blocked[labels.message(message)] = messageState(message, labels, found);
  const { qlimit, seqno, mscount, srights, sorights } = port;
  const receiver = receiverOf(port, kernel, labels);
  return { receiver, qlimit, seqno, mscount, srights, sorights, queue, blocked, requests };
};

/** The sends that wait for room at a port, in order. */
export const blockedOn = ({ senders }: Port): SendWait[] => {
  const waits: SendWait[] = [];
  for (let at = 0; at < (senders?.length ?? 0); at += 1) {
    const wait = senders?.at(at);
    if (wait !== undefined) waits.push(wait);
  }
  return waits;
};

const TYPES: Readonly<Record<number, string>> = { 16: 'RECEIVE', 17: 'SEND', 18: 'SEND_ONCE' };

const messageState = (message: Message, labels: Labels, found: Set<Port>): MessageState => {
  const carries: string[] = [];
  const carry = (port: Port | null, type: number): void => {
    if (port === null) return;
    found.add(port);
    carries.push(`${TYPES[type] ?? type} of ${labels.portNow(port)}`);
  };
  for (const item of message.items ?? []) {
    if (item.kind === 'port') carry(item.port, item.type);
    else if (item.kind === 'ool_ports') for (const port of item.ports) carry(port, item.type);
  }
  const { id, reply } = message;
  if (reply !== null) found.add(reply);
  return {
    id,
    size: messageSize(message),
    outOfLine: outOfLineBytes(message),
    reply: reply === null ? null : labels.portNow(reply),
    carries,
  };
};

/** Bytes of out-of-line memory that a message carries. */
export const outOfLineBytes = ({ items }: Message): number => {
  let bytes = 0;
  for (const item of items ?? []) if (item.kind === 'ool') bytes += item.size;
  return bytes;
};
