/** The server of control ports: what an external pager may say of its object (mach-ipc 2.21). Page path. */
import type { Body } from '../../ports/body.ts';
import { Bytes, viewOfBytes } from '../../ports/bytes.ts';
import { destroyRight } from '../../ports/fate.ts';
import { MACH_PORT_NULL } from '../../ports/name.ts';
import type { Carried } from '../../ports/name-calls.ts';
import { Message, type Port } from '../../ports/port.ts';
import { deliver } from '../../ports/queue.ts';
import { PORT_RECEIVE, PORT_SEND } from '../../ports/right.ts';
import { EVENT_SUPPLY } from '../events.ts';
import type { KernelRequest } from '../interface/calls.ts';
import {
  MEMORY_OBJECT_CHANGE_COMPLETED,
  MEMORY_OBJECT_LOCK_COMPLETED,
  MEMORY_OBJECT_SUPPLY_COMPLETED,
  type PagerRequest,
} from '../interface/pager.ts';
import type { Kernel } from '../kernel.ts';
import { controlOf, type PagerControl } from '../vm/control.ts';
import { ERROR } from '../vm/frames.ts';
import type { MapCopy } from '../vm/map-copy.ts';
import type { MemoryObject } from '../vm/object.ts';
import { isWait } from '../vm/obtain.ts';
import { PAGE } from '../vm/page.ts';
import { type SupplyData, sizeOfData } from '../vm/supply-data.ts';
import { foreign, only, type Served, settled, success } from './request.ts';

/** An object of an external pager, and its control port. */
export interface PagedObject {
  readonly kernel: Kernel;
  readonly object: MemoryObject;
  readonly control: Port | null;
  /** Supplies that wait for room. What the pager says after them must not overtake them. */
  readonly held: { count: number };
}

const isPagerRequest = (request: KernelRequest): request is PagerRequest =>
  request.op.startsWith('memory_object_') && request.op !== 'memory_object_create_proxy';

/** Serves a call on the control port of an object. */
export const servePager = (
  paged: PagedObject,
  request: KernelRequest,
  carried: readonly Carried[],
  data: readonly MapCopy[],
): Served => {
  if (!isPagerRequest(request)) return foreign(paged.kernel.ipc, carried);
  const control = controlOf(paged.object);
  const reply = carried[0] ?? null;
  if (control === null) {
    if (reply !== null) destroyRight(paged.kernel.ipc, reply.port, reply.type);
    return only('KERN_INVALID_ARGUMENT');
  }
  switch (request.op) {
    case 'memory_object_ready':
      return only(control.ready(request.may_cache, request.copy_strategy, request.cluster));
    case 'memory_object_data_supply':
      return supply(paged, control, { ...request, reply }, data);
    case 'memory_object_data_provided':
      return supply(paged, control, { ...request, precious: false, reply: null }, data);
    case 'memory_object_data_unavailable':
      return only(control.unavailable(request.offset, request.size));
    case 'memory_object_data_error':
      return only(control.error(request.offset, request.size));
    case 'memory_object_lock_request':
      return lock(paged, control, request, reply);
    case 'memory_object_change_attributes':
      return change(paged, control, request, reply);
    case 'memory_object_set_attributes':
      if (!request.object_ready && control.state === 'initial') return only('KERN_SUCCESS');
      return only(control.ready(request.may_cache, request.copy_strategy));
    case 'memory_object_get_attributes':
      return success({
        object_ready: control.state === 'ready',
        may_cache: control.attributes?.mayCache ?? false,
        copy_strategy: control.attributes?.strategy ?? 'NONE',
      });
    case 'memory_object_destroy':
      return only(control.destroy());
    case 'memory_object_complete':
      if (paged.held.count > 0) putOff(paged);
      control.complete();
      return only('KERN_SUCCESS');
    default:
      return request satisfies never;
  }
};

interface Supply {
  readonly offset: number;
  readonly data?: Body;
  readonly lock: number;
  readonly precious: boolean;
  readonly reply: Carried | null;
}

const supply = (paged: PagedObject, control: PagerControl, request: Supply, memory: readonly MapCopy[]): Served => {
  const { offset, reply } = request;
  const data = dataOf(request.data, memory[0]);
  paged.kernel.events?.record(EVENT_SUPPLY, paged.kernel.now, paged.object.id, offset / PAGE, 0);
  const length = sizeOfData(data);
  if (!paged.kernel.pool.hasRoom(length / PAGE)) putOff(paged);
  const supplied = control.supply(offset, data, request.lock, request.precious);
  if (typeof supplied === 'string') {
    if (reply !== null) destroyRight(paged.kernel.ipc, reply.port, reply.type);
    return only(supplied);
  }
  const { result, errorOffset } = supplied;
  if (result === 'KERN_RESOURCE_SHORTAGE' && control.role === 'moved') lose(paged.object, errorOffset, offset + length);
  const body = { offset, length, result, error_offset: errorOffset };
  tellCompleted(paged, reply, MEMORY_OBJECT_SUPPLY_COMPLETED, body, paged.control);
  return only(result);
};

/** Room is being made: the call comes again then. If none is, it goes on. Calls keep their order. */
const putOff = ({ kernel, held }: PagedObject): void => {
  const { wait } = kernel.pool.backing;
  if (wait === null) return;
  held.count += 1;
  wait.join({ pageReady: () => void (held.count -= 1) });
  settled({ wait }, 0);
};

/** Pages of a moved object come once: those for which there is no room are errors from now on, never zeros. */
const lose = ({ frames }: MemoryObject, from: number, to: number): void => {
  for (let page = from / PAGE; page < to / PAGE; page += 1) {
    if (!frames.has(page)) frames.setFlags(page, frames.flags(page) | ERROR);
  }
};

const NOTHING: Uint8Array = new Uint8Array(0);

/** The data of a supply: memory of the message, all of which must be here before anything is done, or bytes. */
const dataOf = (inline: Body, memory: MapCopy | undefined): SupplyData => {
  if (memory === undefined) {
    if (inline instanceof Bytes) return viewOfBytes(inline);
    return inline instanceof Uint8Array ? inline : NOTHING;
  }
  for (const index of memory.missing()) {
    const found = memory.page(index);
    if (isWait(found)) return settled({ wait: found }, 0);
  }
  return memory;
};

const lock = (
  paged: PagedObject,
  control: PagerControl,
  request: Extract<PagerRequest, { op: 'memory_object_lock_request' }>,
  reply: Carried | null,
): Served => {
  const { offset, size } = request;
  const kr = control.lockRequest(offset, size, request.should_return, request.flush, request.lock);
  if (kr === 'KERN_SUCCESS') {
    tellCompleted(paged, reply, MEMORY_OBJECT_LOCK_COMPLETED, { offset, length: size }, paged.control);
  } else if (reply !== null) destroyRight(paged.kernel.ipc, reply.port, reply.type);
  return only(kr);
};

const change = (
  paged: PagedObject,
  control: PagerControl,
  { may_cache, copy_strategy }: Extract<PagerRequest, { op: 'memory_object_change_attributes' }>,
  reply: Carried | null,
): Served => {
  const kr = control.changeAttributes(may_cache, copy_strategy);
  if (kr === 'KERN_SUCCESS') {
    tellCompleted(paged, reply, MEMORY_OBJECT_CHANGE_COMPLETED, { may_cache, copy_strategy }, null);
  } else if (reply !== null) destroyRight(paged.kernel.ipc, reply.port, reply.type);
  return only(kr);
};

/** Tells whoever asked to be told that a call is complete. The right is used up. */
const tellCompleted = (
  { kernel }: PagedObject,
  reply: Carried | null,
  id: number,
  body: Body,
  control: Port | null,
): void => {
  if (reply === null || reply.port === null) return;
  if (reply.type === PORT_RECEIVE) return destroyRight(kernel.ipc, reply.port, reply.type);
  const message = new Message(id, body, reply.port, reply.type, null);
  if (control !== null) {
    control.srights += 1;
    message.items = [{ kind: 'port', type: PORT_SEND, name: MACH_PORT_NULL, port: control }];
  }
  deliver(kernel.ipc, message);
};
