/** The kernel calls of random operations: each as the kernel is asked it, and as the model does it. */
import type { KernelRequest } from '../../kernel/interface/calls.ts';
import { type PortName, portName } from '../../ports/name.ts';
import type { ModelKernel } from './kernel.ts';
import { getSpecial, lookUpPorts, registerPorts, setSpecial } from './lives.ts';
import { mapAt, peek, protect, unmap, write } from './memory.ts';
import { joinSet, receivable } from './messages.ts';
import type { Operation, RightRef } from './operations.ts';
import { DEAD, ModelPort, type ModelSpace, NULL } from './records.ts';
import { addressOf, chosen, type Door, doorOf, nameOf, rightOf } from './resolve.ts';
import {
  allocate,
  deallocate,
  destroyEntry,
  extract,
  type Given,
  insertRight,
  modRefs,
  putRight,
  received,
  rename,
  requestNotification,
  takeArgument,
} from './rights.ts';

/** An answer as the model expects it: a code, and entries where there are names. */
export type ExpectedAnswer = { readonly kr: string } & Readonly<Record<string, unknown>>;

/** A call that is answered at once. */
export interface SyncCall {
  readonly request: KernelRequest;
  readonly door: Door;
  readonly effect: () => ExpectedAnswer;
}

type Of<Op extends Operation['op']> = Extract<Operation, { readonly op: Op }>;
type Argument = { readonly name: PortName; readonly disposition: number };

const SELF: Door = { kind: 'self' };
const code = (kr: string): ExpectedAnswer => ({ kr });
const argument = ({ name, disposition }: Given): Argument => ({ name: portName(name), disposition });
const self = (request: unknown, effect: () => ExpectedAnswer): SyncCall => ({
  request: request as KernelRequest,
  door: SELF,
  effect,
});

/** The call that an operation of `space` makes; null for operations that are none. */
export const callOf = (k: ModelKernel, space: ModelSpace, operation: Operation): SyncCall | null => {
  switch (operation.op) {
    case 'allocate':
      return allocateCall(k, space, operation);
    case 'deallocate':
    case 'destroy':
      return dropCall(k, space, operation);
    case 'mod refs':
      return modRefsCall(k, space, operation);
    case 'rename': {
      const [old, to] = [nameOf(space, operation.ref), chosen(space, operation.to)];
      return self({ op: 'port_rename', old, new: to }, () => code(rename(k, space, old, to)));
    }
    case 'insert':
      return insertCall(k, space, operation);
    case 'extract':
      return extractCall(k, space, operation);
    case 'notification':
      return notificationCall(k, space, operation);
    case 'qlimit':
    case 'mscount':
    case 'seqno':
    case 'payload':
      return attributeCall(k, space, operation);
    case 'move member':
    case 'insert member':
    case 'extract member':
      return memberCall(k, space, operation);
    case 'peek': {
      const name = nameOf(space, operation.ref);
      return self({ op: 'port_peek', name }, () => peekQueue(k, space, name));
    }
    case 'set special':
    case 'get special':
    case 'register':
    case 'lookup':
      return specialCall(k, space, operation);
    case 'map':
    case 'unmap':
    case 'protect':
    case 'read':
    case 'write':
      return memoryCall(space, operation);
    default:
      return null;
  }
};

/** The task that a call through a door is about. */
const targetOf = (space: ModelSpace, door: Door): ModelSpace => (door.kind === 'task' ? door.space : space);

const allocateCall = (k: ModelKernel, space: ModelSpace, { kind, name, via }: Of<'allocate'>): SyncCall => {
  const door = doorOf(space, via);
  const target = targetOf(space, door);
  if (name === null) {
    return {
      request: { op: 'port_allocate', right: kind as never },
      door,
      // The name comes in the answer; it is one of the task that it is about.
      effect: () => {
        const made = allocate(k, target, kind);
        return typeof made === 'string' ? code(made) : { kr: 'KERN_SUCCESS', name: made };
      },
    };
  }
  const as = chosen(target, name);
  return {
    request: { op: 'port_allocate_name', right: kind as never, name: portName(as) },
    door,
    effect: () => {
      const made = allocate(k, target, kind, as);
      return code(typeof made === 'string' ? made : 'KERN_SUCCESS');
    },
  };
};

const dropCall = (k: ModelKernel, space: ModelSpace, { op, ref, via }: Of<'deallocate' | 'destroy'>): SyncCall => {
  const door = doorOf(space, via);
  const target = targetOf(space, door);
  const name = nameOf(target, ref);
  const request = { op: `port_${op}`, name: portName(name) } as KernelRequest;
  const effect = (): ExpectedAnswer => {
    if (op === 'deallocate') return code(deallocate(k, target, name));
    const entry = k.find(target, name);
    if (entry === undefined) return code('KERN_INVALID_NAME');
    destroyEntry(k, entry);
    return code('KERN_SUCCESS');
  };
  return { request, door, effect };
};

const modRefsCall = (k: ModelKernel, space: ModelSpace, { ref, kind, delta }: Of<'mod refs'>): SyncCall => {
  const name = nameOf(space, ref);
  const entry = k.find(space, name);
  const own = entry === undefined || entry.send > 0 ? 'SEND' : entry.receive ? 'RECEIVE' : entry.dead > 0 ? 'DEAD_NAME' : 'SEND_ONCE';
  const right = kind ?? (entry?.set == null ? own : 'PORT_SET');
  return self({ op: 'port_mod_refs', name, right, delta }, () => code(modRefs(k, space, name, right, delta)));
};

const insertCall = (k: ModelKernel, space: ModelSpace, { name, right, via }: Of<'insert'>): SyncCall => {
  const door = doorOf(space, via);
  const target = targetOf(space, door);
  const given = rightOf(k, space, right);
  const entry = k.find(space, given.name);
  // Half of the time the name that the target has for the port already, if it has one.
  const known = target.entries.find(({ port, once }) => port !== null && port === entry?.port && !once);
  const as = typeof name === 'number' && name % 2 === 0 && known?.name != null ? known.name : chosen(target, name);
  return {
    request: { op: 'port_insert_right', name: portName(as), right: argument(given) },
    door,
    effect: () => {
      const taken = takeArgument(k, space, given);
      return code(typeof taken === 'string' ? taken : insertRight(k, target, as, taken));
    },
  };
};

const extractCall = (k: ModelKernel, space: ModelSpace, { right, via }: Of<'extract'>): SyncCall => {
  const door = doorOf(space, via);
  const target = targetOf(space, door);
  const { name, disposition } = rightOf(k, target, right);
  return {
    request: { op: 'port_extract_right', name: portName(name), disposition },
    door,
    effect: () => {
      const taken = extract(k, target, name, disposition);
      return typeof taken === 'string' ? code(taken) : { kr: 'KERN_SUCCESS', name: putRight(k, space, taken) };
    },
  };
};

const notificationCall = (k: ModelKernel, space: ModelSpace, operation: Of<'notification'>): SyncCall => {
  const { kind, sync } = operation;
  const name = nameOf(space, operation.ref);
  const told = operation.told === null ? null : onceOf(k, space, operation.told);
  const notify = told === null ? null : argument(told);
  return self({ op: 'port_request_notification', name, kind, sync, notify }, () => {
    const right = told === null ? { port: null, type: 17 as const } : takeArgument(k, space, told);
    if (typeof right === 'string') return code(right);
    const previous = requestNotification(k, space, { name, kind, sync }, right);
    return typeof previous === 'string' ? code(previous) : { kr: 'KERN_SUCCESS', previous: putRight(k, space, previous) };
  });
};

/** A right to notify with: a send-once right mostly, made or had. */
const onceOf = (k: ModelKernel, space: ModelSpace, right: RightRef): Given => {
  const given = rightOf(k, space, right);
  return right.fits && k.find(space, given.name)?.receive === true ? { ...given, disposition: 21 } : given;
};

const attributeCall = (
  k: ModelKernel,
  space: ModelSpace,
  { op, ref, value }: Of<'qlimit' | 'mscount' | 'seqno' | 'payload'>,
): SyncCall => {
  const name = nameOf(space, ref);
  return self({ op: `port_set_${op}`, name, [op]: value }, () => {
    if (op === 'qlimit' && (value < 0 || value > 1024)) return code('KERN_INVALID_VALUE');
    const port = received(k, space, name);
    if (typeof port === 'string') return code(port);
    port[op] = value;
    if (op === 'qlimit') k.admit(port);
    return code('KERN_SUCCESS');
  });
};

const memberCall = (
  k: ModelKernel,
  space: ModelSpace,
  operation: Of<'move member' | 'insert member' | 'extract member'>,
): SyncCall => {
  const { op } = operation;
  const [member, set] = [nameOf(space, operation.ref), nameOf(space, operation.set)];
  const request = { op: `port_${op.replace(' ', '_')}`, member, [op === 'move member' ? 'after' : 'set']: set };
  return self(request, () => {
    const port = received(k, space, member);
    if (typeof port === 'string') return code(port);
    if (op === 'move member' && set === NULL) {
      if (port.set === null) return code('KERN_NOT_IN_SET');
      k.leaveSet(port);
      return code('KERN_SUCCESS');
    }
    const entry = set === DEAD ? undefined : k.find(space, set);
    if (entry === undefined) return code('KERN_INVALID_NAME');
    if (entry.set === null) return code('KERN_INVALID_RIGHT');
    if (op === 'extract member') {
      if (port.set !== entry.set) return code('KERN_NOT_IN_SET');
      k.leaveSet(port);
      return code('KERN_SUCCESS');
    }
    if (op === 'insert member' && port.set !== null) return code('KERN_ALREADY_IN_SET');
    if (port.set !== entry.set) joinSet(k, port, entry.set);
    return code('KERN_SUCCESS');
  });
};

const peekQueue = (k: ModelKernel, space: ModelSpace, name: number): ExpectedAnswer => {
  const entry = k.find(space, name);
  if (entry === undefined) return code('KERN_INVALID_NAME');
  if (entry.set === null && !entry.receive) return code('KERN_INVALID_RIGHT');
  const from = receivable(k, space, name);
  const queue = from instanceof ModelPort ? k.queued(from) : typeof from === 'string' ? k.queued(entry.port as ModelPort) : from.queue;
  return queue[0] === undefined ? code('KERN_FAILURE') : { kr: 'KERN_SUCCESS', id: queue[0].id };
};

const specialCall = (
  k: ModelKernel,
  space: ModelSpace,
  operation: Of<'set special' | 'get special' | 'register' | 'lookup'>,
): SyncCall => {
  switch (operation.op) {
    case 'set special': {
      const { which } = operation;
      const given = operation.right === null ? null : rightOf(k, space, operation.right);
      const right = given === null ? {} : { right: argument(given) };
      return self({ op: 'set_special_port', which, ...right }, () => code(setSpecial(k, space, which, given)));
    }
    case 'get special': {
      const { which } = operation;
      return self({ op: 'get_special_port', which }, () => {
        const slot = getSpecial(k, space, which);
        return typeof slot === 'string' ? code(slot) : { kr: 'KERN_SUCCESS', name: slot };
      });
    }
    case 'register': {
      const given = operation.rights.map((right) => rightOf(k, space, right));
      return self({ op: 'ports_register', ports: given.map(argument) }, () => code(registerPorts(k, space, given)));
    }
    case 'lookup':
      return self({ op: 'ports_lookup' }, () => ({ kr: 'KERN_SUCCESS', ports: lookUpPorts(k, space) }));
  }
};

const memoryCall = (space: ModelSpace, operation: Of<'map' | 'unmap' | 'protect' | 'read' | 'write'>): SyncCall => {
  if (operation.op === 'map') {
    const size = operation.pages * 4096;
    const mapped = (address: number): void => mapAt(space, address, size);
    return self({ op: 'vm_allocate', size, anywhere: true }, () => ({ kr: 'KERN_SUCCESS', mapped: size === 0 ? 0 : mapped }));
  }
  const { op, size } = operation;
  const address = addressOf(space, operation.page, operation.skip);
  switch (op) {
    case 'unmap':
      return self({ op: 'vm_deallocate', address, size }, () => {
        unmap(space, address, size);
        return code('KERN_SUCCESS');
      });
    case 'protect': {
      const protection = operation.page % 2 === 0 ? 3 : 1;
      const request = { op: 'vm_protect', address, size, protection, setMaximum: false };
      return self(request, () => code(protect(space, address, size, protection)));
    }
    case 'read':
      return self({ op: 'vm_read', address, size }, () => {
        const bytes = peek(space, address, size);
        return bytes === null ? code('KERN_INVALID_ADDRESS') : { kr: 'KERN_SUCCESS', bytes };
      });
    case 'write': {
      const bytes = new Uint8Array(size).fill(1 + (operation.page % 7) + size);
      return self({ op: 'vm_write', address, bytes }, () => code(write(space, address, bytes)));
    }
  }
};
