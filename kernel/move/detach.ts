/**
 * Takes a frozen task apart: an image and its rights. What stays is a husk, with its memory and without a name. Put
 * together again here (`attach.ts` on the same task) nothing has changed; put together elsewhere the task goes on
 * there.
 */

import type { Carried } from '../../ports/name-calls.ts';
import { DEAD, type Entry, IN_LIMBO, type MemoryCopy, type Message, type Port } from '../../ports/port.ts';
import { DEAD_NAME, PORT_SET, RECEIVE, SEND, SEND_ONCE } from '../../ports/right.ts';
import type { Space } from '../../ports/space.ts';
import { takeRequest } from '../../ports/transfer.ts';
import type { EntryImage, ItemImage, SendImage, TaskImage, ThreadImage } from '../interface/image.ts';
import type { Kernel, Task, Thread } from '../kernel.ts';
import { describe, describeCopy, objectsOf } from '../vm/describe.ts';
import { MapCopy } from '../vm/map-copy.ts';
import { reference } from '../vm/shadow.ts';
import { copyData } from './data.ts';
import { remainingMs } from './freeze.ts';
import { RightsOut } from './rights.ts';
import type { FrozenTask } from './states.ts';

/** Takes the task apart. It is frozen, and stays so; its states have been frozen, too (`freezeStates`). */
export const detachTask = (
  kernel: Kernel,
  task: Task,
  states: FrozenTask,
): { image: TaskImage; rights: readonly Carried[] } => {
  const out = new RightsOut();
  const copies: MapCopy[] = [];
  const threads = [...task.threads].map((thread) => ({
    ...detachThread(kernel, thread, out, copies),
    ...stateImage(thread, states),
  }));
  const self = out.send(task.self);
  const exceptionPort = out.send(task.exceptionPort);
  const bootstrapPort = out.send(task.bootstrapPort);
  const registered = task.registered.map((port) => out.send(port));
  const kernelPort = out.receive(closeKernelPort(task.kernelPort));
  task.self = null;
  task.exceptionPort = null;
  task.bootstrapPort = null;
  task.registered = [];
  task.kernelPort = null;
  const entries = detachSpace(task.space, out);
  holdObjects(task, copies);
  const image: TaskImage = {
    version: 1,
    name: task.name,
    identity: task.space.identity.token,
    suspendCount: task.suspendCount,
    entries,
    freeNames: task.space.freeNames(),
    threads,
    heaps: states.heaps,
    kernelPort,
    self,
    exceptionPort,
    bootstrapPort,
    registered,
    memory: { ...describe(task.memory, copies), copies: copies.map(describeCopy) },
  };
  return { image, rights: out.rights };
};

/** What stays behind is read by the numbers of the image, and must not be merged with anything until that is over. */
const holdObjects = (task: Task, copies: readonly MapCopy[]): void => {
  task.described = objectsOf(task.memory, copies);
  for (const object of task.described.values()) reference(object);
};

/** A kernel port without its object: requests wait in it until the object is there again. */
const closeKernelPort = (port: Port | null): Port | null => {
  if (port === null || port.where === DEAD) return null;
  port.where = IN_LIMBO;
  port.server = null;
  return port;
};

/** A thread's state, or where it is. */
const stateImage = (thread: Thread, { heapOf }: FrozenTask): Pick<ThreadImage, 'state' | 'heap'> => {
  const heap = heapOf.get(thread);
  return heap === undefined ? { state: copyData(thread.state) } : { state: {}, heap };
};

const detachThread = (
  kernel: Kernel,
  thread: Thread,
  out: RightsOut,
  copies: MapCopy[],
): Omit<ThreadImage, 'state' | 'heap'> => {
  const { parked, result } = thread;
  const message = result.message;
  const image: Omit<ThreadImage, 'state' | 'heap'> = {
    program: thread.program.name,
    hash: thread.program.hash,
    run: thread.run === 'waiting' ? 'waiting' : 'runnable',
    waitsFor: movable(thread.waitsFor),
    suspendCount: thread.suspendCount,
    register: copyData(thread.register),
    isInterrupted: thread.isInterrupted,
    remainingMs: remainingMs(kernel, thread),
    parked: {
      op: parked.op,
      draft: copyData(parked.draft) as ThreadImage['parked']['draft'],
      sendOptions: parked.sendOptions,
      receive: parked.receive,
      receiveOptions: parked.receiveOptions,
      port: parked.port,
      request: copyData(parked.request) as ThreadImage['parked']['request'],
    },
    result: {
      kr: result.kr,
      bits: result.bits,
      message: message === null ? null : receivedImage(message),
      sender: message?.sender?.token ?? null,
      returned: result.returned,
      size: result.size,
      local: result.local,
      why: result.why,
      answer: copyData(result.answer),
    },
    send: thread.sending === null ? null : detachSend(thread.sending.message, out, copies),
    kernelPort: out.receive(closeKernelPort(thread.kernelPort)),
    self: out.send(thread.self),
    exceptionPort: out.send(thread.exceptionPort),
  };
  thread.kernelPort = null;
  thread.self = null;
  thread.exceptionPort = null;
  return image;
};

/** A task whose threads wait for anything else has blockers, and is not taken apart. */
const movable = (kind: Thread['waitsFor']): ThreadImage['waitsFor'] =>
  kind === 'answer' || kind === 'exception' || kind === 'memory' ? 'none' : kind;

const receivedImage = (
  message: NonNullable<Thread['result']['message']>,
): NonNullable<ThreadImage['result']['message']> => ({
  id: message.id,
  body: message.body,
  items:
    message.items?.map((item) => {
      if (item.kind === 'port') return { ...item, port: null };
      return item.kind === 'ool' ? { ...item, copy: null } : { ...item, ports: [] };
    }) ?? null,
  remote: message.remote,
  remoteType: message.remoteType,
  local: message.local,
  localType: message.localType,
  seqno: message.seqno,
  payload: message.payload,
  cause: 0, // a number of the ring that stays behind
});

/** The message of a blocked sender. Its place in the queue is held until the move is decided. */
const detachSend = (message: Message, out: RightsOut, copies: MapCopy[]): SendImage => {
  const items: ItemImage[] = [];
  for (const item of message.items ?? []) {
    if (item.kind === 'port') items.push({ kind: 'port', type: item.type, right: out.any(item.port, item.type) });
    else if (item.kind === 'ool_ports') {
      items.push({ kind: 'ool_ports', type: item.type, rights: item.ports.map((port) => out.any(port, item.type)) });
    } else items.push({ kind: 'ool', size: item.size, copy: keep(item.copy, copies) });
  }
  const image: SendImage = {
    id: message.id,
    body: message.body,
    dest: out.any(message.dest, message.remoteType),
    destType: message.remoteType,
    reply: out.any(message.reply, message.localType),
    replyType: message.localType,
    items,
  };
  return image;
};

/** The memory of a blocked send goes with the task's: its number among the snapshots of the image. */
const keep = (copy: MemoryCopy | null, copies: MapCopy[]): number =>
  copy instanceof MapCopy ? copies.push(copy) - 1 : -1;

const detachSpace = (space: Space, out: RightsOut): EntryImage[] =>
  space.entries().map((entry) => detachEntry(space, entry, out));

/** One name. The entry stays in the husk, without its rights, so that the name stays taken. */
const detachEntry = (space: Space, entry: Entry, out: RightsOut): EntryImage => {
  const { port, type } = entry;
  const image: EntryImage = {
    name: entry.name,
    type,
    urefs: entry.urefs,
    seqno: port?.seqno ?? 0,
    mscount: port?.mscount ?? 0,
    payload: port?.payload ?? null,
    pset: (type & RECEIVE) !== 0 ? (port?.set?.entry?.name ?? 0) : 0,
    request: entry.request === null ? -1 : out.sendOnce(takeRequest(entry)),
    receive: (type & RECEIVE) !== 0 ? out.receive(port) : -1,
    ...((type & RECEIVE) !== 0 && port !== null && port.guard !== null ? { guard: { ...port.guard } } : {}),
    send: (type & SEND) !== 0 ? out.send(port) : type === SEND_ONCE ? out.sendOnce(port) : -1,
  };
  if (type === DEAD_NAME || type === PORT_SET || port === null) return image;
  if ((type & RECEIVE) !== 0) {
    port.guard = null; // it is in the image: who carries the right may have to pass it on
    port.set?.remove(port);
    port.where = IN_LIMBO;
  }
  space.unindex(entry);
  if ((type & RECEIVE) !== 0 && (type & SEND) !== 0) space.forgetSend(port);
  entry.port = null;
  return image;
};
