/** The server of `vm_*` calls (mach-ipc 2.21). */
import { match } from 'ts-pattern';
import type { KernFailure } from '../../ports/kern-return.ts';
import { MESSAGE_MAX } from '../../ports/limits.ts';
import { type Carried, discard } from '../../ports/name-calls.ts';
import { PORT_SEND } from '../../ports/right.ts';
import type { Inheritance, MemoryRequest } from '../interface/calls.ts';
import type { Task } from '../kernel.ts';
import { type AddressSpace, fresh } from '../memory/address-space.ts';
import { PAGE_SIZE } from '../memory/object.ts';
import { MAP_END, PROT_ALL, PROT_READ, PROT_WRITE, pageCeil, pageFloor } from '../memory/regions.ts';
import { isHostPort } from './kernel-ports.ts';
import { only, type Served, success } from './request.ts';

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
    .with({ op: 'vm_allocate' }, (r) => allocate(memory, r))
    .with({ op: 'vm_deallocate' }, ({ address, size }) => {
      if (size > 0) memory.unmap(pageFloor(address), pageCeil(address + size));
      return only('KERN_SUCCESS');
    })
    .with({ op: 'vm_protect' }, (r) => protect(memory, r))
    .with({ op: 'vm_inherit' }, (r) => inherit(memory, r))
    .with({ op: 'vm_read' }, ({ address, size }) => read(memory, address, size))
    .with({ op: 'vm_write' }, ({ address, bytes }) => {
      const refused = memory.regions.covers(address, address + bytes.length, PROT_WRITE);
      if (refused !== null) return only(refused);
      memory.write(address, bytes);
      return only('KERN_SUCCESS');
    })
    .with({ op: 'vm_copy' }, (r) => copy(memory, r))
    .with({ op: 'vm_region' }, ({ address }) => region(memory, address))
    .with({ op: 'vm_map' }, (r) => map(task, r, carried[0]))
    .with({ op: 'vm_set_size_limit' }, ({ current, max }) => {
      const isPrivileged = isHostPort(carried[0]?.port ?? null);
      if (carried[0] !== undefined) discard(task.space, carried[0]);
      return setLimit(memory, current, max, isPrivileged);
    })
    .with({ op: 'vm_get_size_limit' }, () => success({ current: memory.limit, max: memory.limitMax }))
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
    case 'vm_map':
      return request.offset >= 0 && request.offset <= MAP_END ? null : 'KERN_INVALID_ARGUMENT';
    default:
      return null;
  }
};

/** A free range of whole pages: the one asked for, or any. */
const range = (
  memory: AddressSpace,
  { size, address, anywhere }: { readonly size: number; readonly address?: number; readonly anywhere: boolean },
): { readonly start: number; readonly end: number } | KernFailure => {
  if (!(size >= 0) || size > MAP_END) return 'KERN_NO_SPACE';
  const start = pageFloor(address ?? 0);
  const length = anywhere ? pageCeil(size) : pageCeil((address ?? 0) + size) - start;
  if (memory.bytes + length > memory.limit) return 'KERN_NO_SPACE';
  if (anywhere) {
    const found = memory.regions.findFree(length);
    return typeof found === 'string' ? found : { start: found, end: found + length };
  }
  const end = start + length;
  if (start < PAGE_SIZE || end > MAP_END - PAGE_SIZE || !memory.regions.isFree(start, end)) return 'KERN_NO_SPACE';
  return { start, end };
};

const allocate = (memory: AddressSpace, request: Request<'vm_allocate'>): Served => {
  if (request.size === 0) return success({ address: 0 });
  const at = range(memory, request);
  if (typeof at === 'string') return only(at);
  if (memory.regions.list.length >= memory.regions.limit) return only('KERN_RESOURCE_SHORTAGE');
  // New memory beside old is the same object grown, so that a heap stays one region.
  if (!grown(memory, at.start, at.end)) {
    memory.insert(fresh(at.start, at.end, memory.newObject((at.end - at.start) / PAGE_SIZE)));
  }
  return success({ address: at.start });
};

const grown = (memory: AddressSpace, start: number, end: number): boolean => {
  const before = memory.regions.at(start - 1);
  if (before === null || before.isShared || before.needsCopy || before.object.references !== 1) return false;
  const page = before.page + (before.end - before.start) / PAGE_SIZE;
  const isPlain = before.protection === (PROT_READ | PROT_WRITE) && before.max === PROT_ALL && before.inheritance === 1;
  if (
    !isPlain ||
    page !== before.object.pages ||
    before.object.shadow !== null ||
    before.object.backing.kind !== 'zero'
  )
    return false;
  before.object.grow(page + (end - start) / PAGE_SIZE);
  before.end = end;
  memory.bytes += end - start;
  memory.regions.epoch += 1;
  return true;
};

const protect = (memory: AddressSpace, { address, size, protection, setMaximum }: Request<'vm_protect'>): Served => {
  if (!(protection >= 0 && protection <= PROT_ALL)) return only('KERN_INVALID_ARGUMENT');
  const start = pageFloor(address);
  const end = pageCeil(address + size);
  const refused = memory.regions.covers(start, end);
  if (refused !== null) return only(refused);
  const regions = memory.regions.between(start, end);
  if (regions.some(({ max }) => (protection & max) !== protection)) return only('KERN_PROTECTION_FAILURE');
  for (const each of regions) {
    if (setMaximum) each.max = protection;
    each.protection = setMaximum ? each.protection & protection : protection;
  }
  return only('KERN_SUCCESS');
};

const INHERITANCES: Readonly<Record<Inheritance, 0 | 1 | 2>> = { SHARE: 0, COPY: 1, NONE: 2 };

const inheritanceOf = (value: Inheritance | number): 0 | 1 | 2 | null => {
  const number = typeof value === 'string' ? INHERITANCES[value] : value;
  return number === 0 || number === 1 || number === 2 ? number : null;
};

const inherit = (memory: AddressSpace, { address, size, inheritance }: Request<'vm_inherit'>): Served => {
  const value = inheritanceOf(inheritance);
  if (value === null) return only('KERN_INVALID_ARGUMENT');
  const start = pageFloor(address);
  const end = pageCeil(address + size);
  const refused = memory.regions.covers(start, end);
  if (refused !== null) return only(refused);
  for (const each of memory.regions.between(start, end)) each.inheritance = value;
  return only('KERN_SUCCESS');
};

const read = (memory: AddressSpace, address: number, size: number): Served => {
  const refused = memory.regions.covers(address, address + size, PROT_READ);
  if (refused !== null) return only(refused);
  const bytes = new Uint8Array(size);
  memory.read(address, bytes);
  return success({ bytes });
};

const copy = (memory: AddressSpace, { from, size, to }: Request<'vm_copy'>): Served => {
  const refused =
    memory.regions.covers(from, from + size, PROT_READ) ?? memory.regions.covers(to, to + size, PROT_WRITE);
  if (refused !== null) return only(refused);
  const bytes = new Uint8Array(size);
  memory.read(from, bytes);
  memory.write(to, bytes);
  return only('KERN_SUCCESS');
};

const region = (memory: AddressSpace, address: number): Served => {
  const found = memory.regions.list[memory.regions.indexAbove(address)];
  if (found === undefined) return only('KERN_NO_SPACE');
  return success({
    address: found.start,
    size: found.end - found.start,
    protection: found.protection,
    max: found.max,
    inheritance: (['SHARE', 'COPY', 'NONE'] as const)[found.inheritance],
    shared: found.isShared && found.object.references > 1,
  });
};

const map = (task: Task, request: Request<'vm_map'>, right: Carried | undefined): Served => {
  const { memory } = task;
  const refuse = (kr: KernFailure): Served => {
    if (right !== undefined) discard(task.space, right);
    return only(kr);
  };
  const inheritance = inheritanceOf(request.inheritance);
  const { protection, maxProtection } = request;
  if (request.size === 0 || inheritance === null) return refuse('KERN_INVALID_ARGUMENT');
  if ((protection & ~PROT_ALL) !== 0 || (maxProtection & ~PROT_ALL) !== 0) return refuse('KERN_INVALID_ARGUMENT');
  if ((protection & maxProtection) !== protection) return refuse('KERN_INVALID_ARGUMENT');
  const at = range(memory, request);
  if (typeof at === 'string') return refuse(at);
  const pages = (at.end - at.start) / PAGE_SIZE;
  const port = right?.port ?? null;
  if (port !== null && right?.type !== PORT_SEND) return refuse('KERN_INVALID_ARGUMENT');
  const first = Math.floor(request.offset / PAGE_SIZE);
  const object = port === null ? memory.newObject(pages) : task.kernel.objectOf(port, first + pages);
  if (port !== null) discard(task.space, { port, type: PORT_SEND });
  memory.insert({
    ...fresh(at.start, at.end, object),
    page: port === null ? 0 : first,
    protection,
    max: maxProtection,
    inheritance,
    isShared: port !== null && !request.copy,
    needsCopy: port !== null && request.copy,
  });
  return success({ address: at.start });
};

const setLimit = (memory: AddressSpace, current: number, max: number, isPrivileged: boolean): Served => {
  if (current > max) return only('KERN_INVALID_ARGUMENT');
  if (max > memory.limitMax && !isPrivileged) return only('KERN_NO_ACCESS');
  memory.limit = current;
  memory.limitMax = max;
  return only('KERN_SUCCESS');
};
