/** The server of `vm_*` calls (mach-ipc 2.21). A call that must wait for a page is made again when it is there. */
import { match } from 'ts-pattern';
import { viewOfBytes } from '../../ports/bytes.ts';
import type { KernFailure } from '../../ports/kern-return.ts';
import { MESSAGE_MAX } from '../../ports/limits.ts';
import { type Carried, discard } from '../../ports/name-calls.ts';
import { PORT_SEND } from '../../ports/right.ts';
import type { MemoryRequest } from '../interface/calls.ts';
import type { Task } from '../kernel.ts';
import { objectFor } from '../pager-port.ts';
import type { AddressMap } from '../vm/address-map.ts';
import { isBlocked } from '../vm/fault.ts';
import type { MemoryObject } from '../vm/object.ts';
import { PROT_READ } from '../vm/page.ts';
import { reference, release } from '../vm/shadow.ts';
import { isHostPort } from './kernel-ports.ts';
import { createProxy, type Mappable, mappableOf } from './memory-proxy.ts';
import { only, type Served, settled, success } from './request.ts';

type Request<Op extends MemoryRequest['op']> = Extract<MemoryRequest, { op: Op }>;

/** Serves a call on the memory of `task`. */
export const serveMemory = (task: Task, request: MemoryRequest, carried: readonly Carried[]): Served => {
  const { memory } = task;
  const refused = task.isAlive ? refusalOf(request) : 'KERN_INVALID_ARGUMENT';
  if (refused !== null) {
    for (const right of carried) discard(task.space, right);
    return only(refused);
  }
  return match(request)
    .returnType<Served>()
    .with({ op: 'vm_allocate' }, ({ size, address, anywhere }) =>
      placed(memory.allocate(size, anywhere ? 'anywhere' : (address ?? 0))),
    )
    .with({ op: 'vm_deallocate' }, ({ address, size }) => only(memory.deallocate(address, size)))
    .with({ op: 'vm_protect' }, ({ address, size, protection, setMaximum }) =>
      only(memory.protect(address, size, protection, setMaximum ? 'maximum' : 'current')),
    )
    .with({ op: 'vm_inherit' }, ({ address, size, inheritance }) => only(memory.inherit(address, size, inheritance)))
    .with({ op: 'vm_read' }, ({ address, size }) => read(memory, address, size))
    .with({ op: 'vm_write' }, ({ address, bytes }) =>
      only(settled(memory.write(address, bytes instanceof Uint8Array ? bytes : viewOfBytes(bytes)), address)),
    )
    .with({ op: 'vm_copy' }, ({ from, size, to }) => only(settled(memory.copy(from, size, to), from)))
    .with({ op: 'vm_region' }, ({ address }) => region(memory, address))
    .with({ op: 'vm_map' }, (r) => map(task, r, carried[0]))
    .with({ op: 'memory_object_create_proxy' }, (r) => createProxy(task, r, carried[0]))
    .with({ op: 'vm_set_size_limit' }, ({ current, max }) => {
      const who = isHostPort(carried[0]?.port ?? null) ? 'privileged' : 'user';
      if (carried[0] !== undefined) discard(task.space, carried[0]);
      return only(memory.setSizeLimit(current, max, who));
    })
    .with({ op: 'vm_get_size_limit' }, () => success({ ...memory.sizeLimit }))
    .exhaustive();
};

/** Numbers from outside: no range begins below 0 or is larger than the space, and no copy larger than a message. */
const refusalOf = (request: MemoryRequest): KernFailure | null => {
  switch (request.op) {
    case 'vm_read':
    case 'vm_copy': {
      const from = request.op === 'vm_copy' ? request.from : request.address;
      if (!(from >= 0 && request.size >= 0)) return 'KERN_INVALID_ADDRESS';
      return request.size > MESSAGE_MAX ? 'KERN_RESOURCE_SHORTAGE' : null;
    }
    case 'vm_write':
    case 'vm_protect':
    case 'vm_inherit':
    case 'vm_deallocate':
      return request.address >= 0 ? null : 'KERN_INVALID_ADDRESS';
    default:
      return null;
  }
};

const placed = (result: number | KernFailure): Served =>
  typeof result === 'string' ? only(result) : success({ address: result });

const read = (memory: AddressMap, address: number, size: number): Served => {
  const copy = settled(memory.read(address, size), address);
  if (typeof copy === 'string') return only(copy);
  const bytes = new Uint8Array(size);
  const result = copy.readInto(bytes);
  copy.release();
  if (typeof result === 'object') return settled({ wait: result }, address);
  return result === 'KERN_SUCCESS' ? success({ bytes }) : only(result);
};

const region = (memory: AddressMap, address: number): Served => {
  const report = memory.region(address);
  return typeof report === 'string' ? only(report) : success({ ...report });
};

const map = (task: Task, request: Request<'vm_map'>, right: Carried | undefined): Served => {
  const isNone = right === undefined || right.port === null;
  const source = isNone ? null : right.type === PORT_SEND ? mappableOf(right.port) : 'KERN_INVALID_ARGUMENT';
  const result = typeof source === 'string' ? source : mapSource(task, request, source);
  if (right !== undefined) discard(task.space, right);
  return placed(result);
};

const mapSource = (task: Task, request: Request<'vm_map'>, source: Mappable | null): number | KernFailure => {
  const { size, address, anywhere, copy, offset } = request;
  if (source !== null) {
    if (copy && (source.protection & PROT_READ) === 0) return 'KERN_PROTECTION_FAILURE';
    if (!(offset >= 0 && size >= 0 && offset + size <= source.length)) return 'KERN_INVALID_ARGUMENT';
  }
  const limit = source === null || copy ? -1 : source.protection;
  const object = source === null ? null : reference(objectFor(task.kernel, source.port));
  const result = task.memory.map({
    size,
    where: anywhere ? 'anywhere' : (address ?? 0),
    object,
    offset: offset + (source?.start ?? 0),
    share: copy && object !== null ? 'copy' : 'share',
    protection: request.protection & limit,
    max: request.maxProtection & limit,
    inheritance: request.inheritance,
  });
  if (object !== null) settleReference(task, object, isBlocked(result));
  return settled(result, offset);
};

/** An object that is mapped has the map's reference. One that the call waits for is kept until it is made again. */
const settleReference = (task: Task, object: MemoryObject, isAwaited: boolean): void => {
  task.awaitedObjects ??= new Set();
  const wasAwaited = task.awaitedObjects.delete(object);
  if (isAwaited) task.awaitedObjects.add(object);
  if (!isAwaited || wasAwaited) release(object);
  if (wasAwaited && !isAwaited) release(object);
};
