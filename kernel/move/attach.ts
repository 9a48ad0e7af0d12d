/**
 * Puts a task together from an image and its rights: on a new task at the destination, or on the husk if the move is
 * called off.
 */

import type { Body } from '../../ports/body.ts';
import { destroyRight, dropSend, dropSendOnce, NOTIFY_DEAD_NAME, notify } from '../../ports/fate.ts';
import { type PortName, portName } from '../../ports/name.ts';
import {
  DEAD,
  type Entry,
  Identity,
  IN_KERNEL,
  type Item,
  type KernelServer,
  Message,
  type Port,
  PortSet,
  SendWait,
} from '../../ports/port.ts';
import { register } from '../../ports/port-calls.ts';
import { DEAD_NAME, PORT_SEND_ONCE, PORT_SET, RECEIVE, SEND, SEND_ONCE } from '../../ports/right.ts';
import { Ring } from '../../ports/ring.ts';
import type { Space } from '../../ports/space.ts';
import { putReceive } from '../../ports/transfer.ts';
import type {
  EntryImage,
  ItemImage,
  MemoryImage,
  ObjectImage,
  SendImage,
  TaskImage,
  ThreadImage,
} from '../interface/image.ts';
import { type Kernel, type Task, Thread } from '../kernel.ts';
import { movedObject } from '../pager-port.ts';
import { restore, restoreCopy } from '../vm/describe.ts';
import { MemoryObject } from '../vm/object.ts';
import { reference } from '../vm/shadow.ts';
import { copyData } from './data.ts';
import type { RightsIn } from './rights.ts';

/** Makes the server of a kernel port that has come in. */
export type ServerOf = (task: Task, thread: Thread | null) => KernelServer;

/** A program that the image needs is not here, or is another version. */
export class MissingProgram extends Error {
  override readonly name = 'MissingProgram';
}

/** Names of programs in an image that this kernel does not have in the version that is needed. */
export const missingPrograms = (kernel: Kernel, image: Pick<TaskImage, 'threads'>): string[] =>
  image.threads
    .filter(({ program, hash }) => kernel.programs.find(program, hash) === undefined)
    .map(({ program }) => program);

/** What an image brings beside its rights: the states of its threads have been thawed (`thawStates`). */
export interface Arriving {
  readonly image: TaskImage;
  readonly states: readonly object[];
}

/** Fills `task`, which is empty and frozen, with threads, names and rights. Programs have been checked. */
export const attachTask = (
  kernel: Kernel,
  task: Task,
  { image, states }: Arriving,
  rights: RightsIn,
  serverOf: ServerOf,
): void => {
  task.isFrozen = true;
  task.suspendCount = image.suspendCount;
  attachSpace(task.space, image, rights);
  const { memory } = image;
  for (const [at, thread] of image.threads.entries()) {
    const state = states[at] as object;
    attachThread(kernel, task, { image: thread, state, memory }, rights, serverOf);
  }
  takeTaskPorts(task, image, rights, serverOf);
};

/** Ports that a kernel keeps for a task and for each thread of it. */
const takePorts = (
  owner: Task | Thread,
  image: Pick<TaskImage & ThreadImage, 'kernelPort' | 'self' | 'exceptionPort'>,
  rights: RightsIn,
  server: KernelServer,
): void => {
  owner.kernelPort = openKernelPort(rights.take(image.kernelPort), server);
  owner.self = rights.take(image.self);
  owner.exceptionPort = rights.take(image.exceptionPort);
};

const takeTaskPorts = (task: Task, image: TaskImage, rights: RightsIn, serverOf: ServerOf): void => {
  takePorts(task, image, rights, serverOf(task, null));
  task.bootstrapPort = rights.take(image.bootstrapPort);
  task.registered = image.registered.map((index) => rights.take(index));
};

/** Builds the task's memory. Pages are supplied, or asked for when they are touched. The image has been checked. */
export const attachMemory = (kernel: Kernel, task: Task, image: MemoryImage, rights: RightsIn): void => {
  task.described = restore(task.memory, image, ({ pages, pager = -1 }: ObjectImage) => {
    const port = rights.take(pager);
    return port === null ? new MemoryObject(kernel.pool, pages) : movedObject(kernel, port, pages).object;
  });
  for (const object of task.described.values()) reference(object);
};

/** Gives a kernel port its object again. Requests that waited are served when the task goes on. */
const openKernelPort = (port: Port | null, server: KernelServer): Port | null => {
  if (port === null || port.where === DEAD) return null;
  port.where = IN_KERNEL;
  port.server = server;
  port.space = null;
  port.entry = null;
  port.carrier = null;
  return port;
};

/** Serves what has queued up at a kernel port while its object was on its way. */
export const serveWaiting = (kernel: Kernel, port: Port | null): void => {
  if (port === null || port.server === null) return;
  for (let message = port.dequeue(); message !== undefined; message = port.dequeue()) {
    kernel.ipc.messages -= 1;
    port.server.serve(message);
  }
  const blocked = port.senders;
  port.senders = null;
  for (let wait = blocked?.shift(); wait !== undefined; wait = blocked?.shift()) {
    kernel.ipc.messages -= 1;
    wait.done();
    port.server.serve(wait.message);
  }
};

const attachSpace = (space: Space, image: TaskImage, rights: RightsIn): void => {
  for (const entry of image.entries) {
    if (entry.type === PORT_SET) attachSet(space.restore(portName(entry.name)));
  }
  for (const entry of image.entries) if (entry.type !== PORT_SET) attachEntry(space, entry, rights);
  space.restoreFree(image.freeNames.map(portName));
};

const attachSet = (entry: Entry): void => {
  entry.type = PORT_SET;
  entry.set ??= new PortSet();
  entry.set.entry = entry;
};

const attachEntry = (space: Space, image: EntryImage, rights: RightsIn): void => {
  const entry = space.restore(portName(image.name));
  const receive = rights.take(image.receive);
  const send = rights.take(image.send);
  const request = rights.take(image.request);
  entry.urefs = image.urefs;
  if (image.type === DEAD_NAME) {
    entry.type = DEAD_NAME;
    return;
  }
  const port = receive ?? send;
  if (port === null || port.where === DEAD) return diedOnTheWay(space, entry, image, request);
  entry.type = image.type & (SEND | RECEIVE | SEND_ONCE);
  entry.port = port;
  if (receive !== null) {
    putReceive(space, entry, port);
    port.seqno = image.seqno;
    port.mscount = image.mscount;
    port.payload = image.payload;
    port.guard = image.guard === undefined ? null : { ...image.guard };
    if (image.pset !== 0) space.lookup(portName(image.pset))?.set?.add(port);
  } else if ((image.type & SEND) !== 0) space.index(entry, port);
  if (request !== null) register(entry, port, request);
};

/** The port died while the right was on its way: the task finds what it would have found had it stayed. */
const diedOnTheWay = (space: Space, entry: Entry, image: EntryImage, request: Port | null): void => {
  entry.type = DEAD_NAME;
  entry.urefs = (image.type & SEND) !== 0 ? image.urefs : 1;
  if (request === null) return;
  entry.urefs += 1;
  notify(space.ipc, request, NOTIFY_DEAD_NAME, { name: entry.name });
};

const attachThread = (
  kernel: Kernel,
  task: Task,
  { image, state, memory }: { readonly image: ThreadImage; readonly state: object; readonly memory: MemoryImage },
  rights: RightsIn,
  serverOf: ServerOf,
): void => {
  const program = kernel.programs.find(image.program, image.hash);
  if (program === undefined) throw new MissingProgram(image.program);
  const thread = new Thread(task, program, state);
  task.threads.add(thread);
  thread.suspendCount = image.suspendCount;
  thread.register = copyData(image.register);
  thread.isInterrupted = image.isInterrupted;
  thread.run = image.run;
  thread.waitsFor = image.waitsFor;
  thread.deadline = image.remainingMs === null ? Number.POSITIVE_INFINITY : kernel.now + image.remainingMs;
  Object.assign(thread.parked, copyData(image.parked));
  restoreOptions(thread);
  const { message, sender, ...result } = image.result;
  Object.assign(thread.result, copyData(result));
  thread.result.message =
    message === null
      ? null
      : {
          ...(copyData({ ...message, body: null }) as typeof message),
          body: message.body,
          sender: sender === null ? null : new Identity(sender),
        };
  if (image.send !== null) attachSend(thread, image.send, rights, memory);
  takePorts(thread, image, rights, serverOf(task, thread));
};

const restoreOptions = (thread: Thread): void => {
  const options = thread.parked.receiveOptions;
  thread.receiver.setOptions(options?.limit, options?.large === true, options?.notify);
};

/** The blocked sender stands in the queue of senders at the new place, last of those that came from where it was. */
const attachSend = (thread: Thread, image: SendImage, rights: RightsIn, memory: MemoryImage): void => {
  const { ipc, identity } = thread.task.space;
  const dest = rights.take(image.dest) ?? ipc.dead;
  const message = new Message(image.id, image.body as Body, dest, image.destType as 17 | 18, identity);
  message.reply = rights.take(image.reply);
  message.localType = image.replyType as 0 | 17 | 18;
  const items = image.items.map((item) => attachItem(thread, item, rights, memory));
  if (items.length > 0) message.items = items;
  const wait = new SendWait(thread, message, dest);
  wait.isHeld = true;
  thread.sending = wait;
  ipc.messages += 1;
  if (dest.senders === null) dest.senders = new Ring();
  dest.senders.push(wait);
};

const attachItem = (thread: Thread, item: ItemImage, rights: RightsIn, { copies }: MemoryImage): Item => {
  switch (item.kind) {
    case 'port':
      return { kind: 'port', type: item.type as 16 | 17 | 18, name: NONE, port: rights.take(item.right) };
    case 'ool_ports': {
      const ports = item.rights.map((index) => rights.take(index));
      return { kind: 'ool_ports', type: item.type as 16 | 17 | 18, names: [], ports };
    }
    case 'ool': {
      const plan = copies[item.copy];
      const copy =
        plan === undefined ? null : restoreCopy(thread.task.memory, plan, thread.task.described ?? new Map());
      return { kind: 'ool', address: 0, size: copy === null ? 0 : item.size, deallocate: true, copy };
    }
  }
};

const NONE: PortName = portName(0);

/** Destroys rights of an image that is given up. */
export const discardRights = (kernel: Kernel, rights: RightsIn): void => {
  for (const { port, type } of rights.left) {
    if (type === PORT_SEND_ONCE && port !== null) dropSendOnce(kernel.ipc, port);
    else if (port !== null && type === 17) dropSend(kernel.ipc, port);
    else destroyRight(kernel.ipc, port, type);
  }
};

/** The move is called off: the husk gets back what was taken from it, and is the task it was. */
export const restoreTask = (
  kernel: Kernel,
  task: Task,
  image: TaskImage,
  rights: RightsIn,
  serverOf: ServerOf,
): void => {
  attachSpace(task.space, image, rights);
  let at = 0;
  for (const thread of task.threads) {
    const was = image.threads[at];
    at += 1;
    if (was === undefined) continue;
    if (was.send !== null) reclaimSend(was.send, rights);
    takePorts(thread, was, rights, serverOf(task, thread));
  }
  takeTaskPorts(task, image, rights, serverOf);
  discardRights(kernel, rights);
};

/** The held message still has its ports; only the rights that stood for them come home. */
const reclaimSend = (send: SendImage, rights: RightsIn): void => {
  rights.take(send.dest);
  rights.take(send.reply);
  for (const item of send.items) {
    if (item.kind === 'port') rights.take(item.right);
    else if (item.kind === 'ool_ports') for (const index of item.rights) rights.take(index);
  }
};
