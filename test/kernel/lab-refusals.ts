/** Calls of every kind with every kind of wrong argument: each is refused, and `why` must end in its code. */
import type { KernelRequest } from '../../kernel/interface/calls.ts';
import type { MsgCall } from '../../kernel/program.ts';
import { type PortName, portName } from '../../ports/name.ts';
import { COPY_SEND, MAKE_SEND, MAKE_SEND_ONCE, MOVE_RECEIVE, MOVE_SEND, MOVE_SEND_ONCE } from '../../ports/right.ts';

/** Names of every kind, in one task. */
export interface Names {
  readonly receive: PortName;
  /** A receive right where nothing comes. */
  readonly empty: PortName;
  readonly both: PortName;
  readonly send: PortName;
  readonly sendOnce: PortName;
  readonly set: PortName;
  readonly member: PortName;
  readonly dead: PortName;
  readonly full: PortName;
  readonly task: PortName;
  readonly thread: PortName;
  readonly other: PortName;
  readonly unknown: PortName;
}

const right = (name: PortName, disposition: number) => ({ name, disposition });

type RefusedCalls = readonly (readonly [code: string, request: KernelRequest])[];

const nameCalls = (n: Names): RefusedCalls => [
  ['KERN_INVALID_VALUE', { op: 'port_allocate', right: 'SEND' }],
  ['KERN_INVALID_VALUE', { op: 'port_allocate', right: 77 }],
  ['KERN_INVALID_VALUE', { op: 'port_allocate_name', right: 'RECEIVE', name: portName(0) }],
  ['KERN_INVALID_VALUE', { op: 'port_allocate_name', right: 'SEND_ONCE', name: portName(4000) }],
  ['KERN_NAME_EXISTS', { op: 'port_allocate_name', right: 'RECEIVE', name: n.receive }],
  ['KERN_INVALID_NAME', { op: 'port_deallocate', name: n.unknown }],
  ['KERN_INVALID_NAME', { op: 'port_deallocate', name: portName(0) }],
  ['KERN_INVALID_RIGHT', { op: 'port_deallocate', name: n.receive }],
  ['KERN_INVALID_RIGHT', { op: 'port_deallocate', name: n.set }],
  ['KERN_INVALID_NAME', { op: 'port_destroy', name: n.unknown }],
  ['KERN_INVALID_VALUE', { op: 'port_mod_refs', name: n.send, right: 9, delta: 1 }],
  ['MIG_BAD_ARGUMENTS', { op: 'port_mod_refs', name: n.send, right: 'SEND', delta: 0.5 }],
  ['KERN_INVALID_NAME', { op: 'port_mod_refs', name: n.unknown, right: 'SEND', delta: 1 }],
  ['KERN_INVALID_RIGHT', { op: 'port_mod_refs', name: n.send, right: 'RECEIVE', delta: -1 }],
  ['KERN_INVALID_VALUE', { op: 'port_mod_refs', name: n.send, right: 'SEND', delta: -9 }],
  ['KERN_INVALID_VALUE', { op: 'port_mod_refs', name: n.dead, right: 'DEAD_NAME', delta: -9 }],
  ['KERN_UREFS_OVERFLOW', { op: 'port_mod_refs', name: n.send, right: 'SEND', delta: 65_534 }],
  ['KERN_UREFS_OVERFLOW', { op: 'port_mod_refs', name: n.dead, right: 'DEAD_NAME', delta: 65_535 }],
  ['KERN_INVALID_VALUE', { op: 'port_mod_refs', name: n.receive, right: 'RECEIVE', delta: 1 }],
  ['KERN_INVALID_VALUE', { op: 'port_mod_refs', name: n.sendOnce, right: 'SEND_ONCE', delta: -2 }],
  ['KERN_INVALID_VALUE', { op: 'port_mod_refs', name: n.set, right: 'PORT_SET', delta: 1 }],
  ['KERN_INVALID_VALUE', { op: 'port_get_refs', name: n.send, right: 9 }],
  ['KERN_INVALID_NAME', { op: 'port_get_refs', name: n.unknown, right: 'SEND' }],
  ['KERN_INVALID_NAME', { op: 'port_type', name: n.unknown }],
  ['KERN_INVALID_VALUE', { op: 'port_rename', old: n.send, new: portName(0) }],
  ['KERN_NAME_EXISTS', { op: 'port_rename', old: n.send, new: n.receive }],
  ['KERN_INVALID_NAME', { op: 'port_rename', old: n.unknown, new: portName(4000) }],
];

const rightCalls = (n: Names): RefusedCalls => [
  ['KERN_INVALID_CAPABILITY', { op: 'port_insert_right', name: portName(4000) }],
  ['KERN_INVALID_NAME', { op: 'port_insert_right', name: portName(4000), right: right(n.unknown, COPY_SEND) }],
  ['KERN_INVALID_RIGHT', { op: 'port_insert_right', name: portName(4000), right: right(n.send, MAKE_SEND) }],
  ['KERN_INVALID_VALUE', { op: 'port_insert_right', name: portName(4000), right: right(n.send, 99) }],
  ['KERN_INVALID_CAPABILITY', { op: 'port_insert_right', name: portName(4000), right: right(n.dead, COPY_SEND) }],
  ['KERN_INVALID_VALUE', { op: 'port_insert_right', name: portName(0), right: right(n.receive, MAKE_SEND) }],
  ['KERN_RIGHT_EXISTS', { op: 'port_insert_right', name: portName(4000), right: right(n.send, COPY_SEND) }],
  ['KERN_NAME_EXISTS', { op: 'port_insert_right', name: n.send, right: right(n.receive, MAKE_SEND_ONCE) }],
  ['KERN_INVALID_NAME', { op: 'port_extract_right', name: n.unknown, disposition: COPY_SEND }],
  ['KERN_INVALID_VALUE', { op: 'port_extract_right', name: n.send, disposition: 99 }],
  ['KERN_INVALID_RIGHT', { op: 'port_extract_right', name: n.send, disposition: MOVE_RECEIVE }],
  ['KERN_INVALID_VALUE', { op: 'port_request_notification', name: n.send, kind: 'NOTHING', sync: 0 }],
  ['KERN_INVALID_RIGHT', { op: 'port_request_notification', name: n.send, kind: 'NO_SENDERS', sync: 0 }],
  ['KERN_INVALID_RIGHT', { op: 'port_request_notification', name: n.set, kind: 'DEAD_NAME', sync: 0 }],
  ['KERN_INVALID_NAME', { op: 'port_request_notification', name: n.unknown, kind: 'DEAD_NAME', sync: 0 }],
  ['KERN_INVALID_VALUE', { op: 'port_request_notification', name: n.receive, kind: 'PORT_DESTROYED', sync: 1 }],
  ['KERN_INVALID_ARGUMENT', { op: 'port_request_notification', name: n.dead, kind: 'DEAD_NAME', sync: 0 }],
  [
    'KERN_INVALID_CAPABILITY',
    { op: 'port_request_notification', name: n.send, kind: 'DEAD_NAME', sync: 0, notify: right(n.both, COPY_SEND) },
  ],
  [
    'KERN_INVALID_CAPABILITY',
    { op: 'port_request_notification', name: n.send, kind: 'DEAD_NAME', sync: 0, notify: right(n.dead, COPY_SEND) },
  ],
  ['KERN_INVALID_VALUE', { op: 'port_set_qlimit', name: n.receive, qlimit: 99_999 }],
  ['KERN_INVALID_RIGHT', { op: 'port_set_qlimit', name: n.send, qlimit: 3 }],
  ['KERN_INVALID_NAME', { op: 'port_set_mscount', name: n.unknown, mscount: 3 }],
  ['KERN_INVALID_RIGHT', { op: 'port_set_mscount', name: n.send, mscount: 3 }],
  ['KERN_INVALID_RIGHT', { op: 'port_set_seqno', name: n.dead, seqno: 3 }],
  ['KERN_INVALID_RIGHT', { op: 'port_get_status', name: n.send }],
  ['KERN_INVALID_RIGHT', { op: 'port_set_payload', name: n.send, payload: 1 }],
  ['KERN_INVALID_RIGHT', { op: 'port_clear_payload', name: n.set }],
  ['KERN_INVALID_RIGHT', { op: 'port_move_member', member: n.send, after: n.set }],
  ['KERN_INVALID_RIGHT', { op: 'port_move_member', member: n.receive, after: n.send }],
  ['KERN_NOT_IN_SET', { op: 'port_move_member', member: n.receive, after: portName(0) }],
  ['KERN_INVALID_NAME', { op: 'port_move_member', member: n.receive, after: n.unknown }],
  ['KERN_ALREADY_IN_SET', { op: 'port_insert_member', member: n.member, set: n.set }],
  ['KERN_INVALID_RIGHT', { op: 'port_insert_member', member: n.receive, set: n.receive }],
  ['KERN_NOT_IN_SET', { op: 'port_extract_member', member: n.receive, set: n.set }],
  ['KERN_INVALID_RIGHT', { op: 'port_get_set_status', name: n.receive }],
  ['KERN_INVALID_RIGHT', { op: 'port_peek', name: n.send }],
  ['KERN_FAILURE', { op: 'port_peek', name: n.empty }],
  ['KERN_FAILURE', { op: 'port_peek', name: n.set }],
];

const objectCalls = (n: Names): RefusedCalls => [
  ['KERN_FAILURE', { op: 'task_resume' }],
  ['KERN_INVALID_ARGUMENT', { op: 'thread_create', program: 'none' }],
  ['KERN_INVALID_ARGUMENT', { op: 'get_special_port', which: 'NONE' as 'TASK_KERNEL' }],
  ['KERN_INVALID_ARGUMENT', { op: 'set_special_port', which: 'NONE' as 'TASK_KERNEL' }],
  [
    'KERN_INVALID_CAPABILITY',
    { op: 'set_special_port', which: 'TASK_BOOTSTRAP', right: right(n.receive, MAKE_SEND_ONCE) },
  ],
  ['KERN_INVALID_ARGUMENT', { op: 'ports_register', ports: Array.from({ length: 5 }, () => right(n.send, COPY_SEND)) }],
  ['KERN_INVALID_CAPABILITY', { op: 'ports_register', ports: [right(n.receive, MAKE_SEND_ONCE)] }],
  ['KERN_INVALID_NAME', { op: 'ports_register', ports: [right(n.unknown, COPY_SEND)] }],
  ['KERN_INVALID_RIGHT', { op: 'ports_register', ports: [right(n.send, MAKE_SEND)] }],
  ['KERN_FAILURE', { op: 'task_thaw' }],
  ['KERN_FAILURE', { op: 'task_detach' }],
  ['KERN_FAILURE', { op: 'task_supply', object: 1, pages: [] }],
  ['KERN_FAILURE', { op: 'thread_resume' }],
  ['KERN_INVALID_ARGUMENT', { op: 'thread_abort' }],
  ['KERN_INVALID_ARGUMENT', { op: 'thread_get_state', flavor: 'state' }],
  ['KERN_INVALID_ARGUMENT', { op: 'thread_set_state', flavor: 'state', value: 1 }],
  ['KERN_INVALID_ARGUMENT', { op: 'thread_get_stack' }],
  ['KERN_INVALID_ARGUMENT', { op: 'thread_get_locals', frame: 0 }],
  ['MIG_BAD_ID', { op: 'host_info' }],
  ['MIG_BAD_ID', { op: 'no_such_call' } as unknown as KernelRequest],
  ['MIG_BAD_ID', { op: 'memory_object_complete' }],
];

const memoryCalls = (n: Names): RefusedCalls => [
  ['KERN_NO_SPACE', { op: 'vm_allocate', size: Number.MAX_SAFE_INTEGER, anywhere: true }],
  ['KERN_INVALID_ADDRESS', { op: 'vm_read', address: -1, size: 1 }],
  ['KERN_INVALID_ADDRESS', { op: 'vm_read', address: 4096, size: 1 }],
  ['KERN_RESOURCE_SHORTAGE', { op: 'vm_read', address: 4096, size: 1 << 30 }],
  ['KERN_INVALID_ADDRESS', { op: 'vm_copy', from: 4096, size: 8, to: 8192 }],
  ['KERN_INVALID_ADDRESS', { op: 'vm_write', address: 4096, bytes: new Uint8Array(8) }],
  ['KERN_INVALID_ADDRESS', { op: 'vm_protect', address: 4096, size: 4096, protection: 1, setMaximum: false }],
  ['KERN_INVALID_ARGUMENT', { op: 'vm_protect', address: 4096, size: 4096, protection: 64, setMaximum: false }],
  ['KERN_INVALID_ADDRESS', { op: 'vm_deallocate', address: -4096, size: 4096 }],
  ['KERN_INVALID_ARGUMENT', { op: 'vm_inherit', address: 4096, size: 4096, inheritance: 9 }],
  ['KERN_NO_SPACE', { op: 'vm_region', address: Number.MAX_SAFE_INTEGER }],
  ['KERN_NO_ACCESS', { op: 'vm_set_size_limit', current: 4096, max: Number.MAX_SAFE_INTEGER }],
  [
    'KERN_INVALID_ARGUMENT',
    {
      op: 'vm_map',
      size: 0,
      anywhere: true,
      offset: 0,
      copy: false,
      protection: 3,
      maxProtection: 7,
      inheritance: 'COPY',
    },
  ],
  [
    'KERN_INVALID_ARGUMENT',
    {
      op: 'vm_map',
      size: 4096,
      anywhere: true,
      offset: 0,
      copy: false,
      protection: 3,
      maxProtection: 7,
      inheritance: 'COPY',
      object: right(n.dead, COPY_SEND),
    },
  ],
  ['KERN_INVALID_NAME', { op: 'memory_object_create_proxy', protection: 1, offset: 0, start: 0, length: 4096 }],
  [
    'KERN_INVALID_ARGUMENT',
    {
      op: 'memory_object_create_proxy',
      protection: 64,
      offset: 0,
      start: 0,
      length: 4096,
      object: right(n.send, COPY_SEND),
    },
  ],
];

/** Kernel calls on the task itself, with the code that each answers. */
export const refusedCalls = (n: Names): RefusedCalls => [
  ...nameCalls(n),
  ...rightCalls(n),
  ...objectCalls(n),
  ...memoryCalls(n),
];

/** Kernel calls through a right, with the code that each answers. */
export const refusedKernelCalls = (
  n: Names,
): readonly (readonly [code: string, port: PortName, request: KernelRequest])[] => [
  ['MACH_SEND_INVALID_DEST', n.unknown, { op: 'task_info' }],
  ['MACH_SEND_INVALID_DEST', portName(0), { op: 'task_info' }],
  ['MACH_SEND_INVALID_DEST', n.receive, { op: 'task_info' }],
  ['MACH_SEND_INVALID_DEST', n.dead, { op: 'task_info' }],
  ['KERN_INVALID_NAME', n.task, { op: 'port_insert_right', name: portName(4000), right: right(n.unknown, COPY_SEND) }],
  ['KERN_INVALID_NAME', n.task, { op: 'port_deallocate', name: portName(4000) }],
  ['MIG_BAD_ID', n.task, { op: 'host_info' }],
  ['MIG_BAD_ARGUMENTS', n.task, { op: 'port_deallocate', name: 0.5 as PortName }],
  ['KERN_INVALID_ARGUMENT', n.task, { op: 'thread_info' }],
  ['KERN_INVALID_ARGUMENT', n.task, { op: 'thread_self' }],
  ['KERN_FAILURE', n.task, { op: 'task_resume' }],
  ['KERN_INVALID_ARGUMENT', n.thread, { op: 'thread_abort' }],
  ['KERN_FAILURE', n.other, { op: 'thread_resume' }],
  ['KERN_INVALID_ARGUMENT', n.other, { op: 'thread_get_state', flavor: 'none' as 'state' }],
];

/** Message calls, with the code that each answers at once. */
export const refusedMessages = (n: Names): readonly (readonly [code: string, call: MsgCall])[] => {
  const to = (remote: PortName, remoteDisposition: number = COPY_SEND) => ({ remote, remoteDisposition, id: 1 });
  let deep: unknown = null;
  for (let i = 0; i < 70; i += 1) deep = { deep };
  return [
    ['MACH_SEND_INVALID_DATA', { send: { ...to(n.send), body: (() => 1) as never } }],
    ['MACH_SEND_INVALID_DATA', { send: { ...to(n.send), body: deep as never } }],
    ['MACH_SEND_NO_BUFFER', { send: { ...to(n.send), body: 'x'.repeat(2 << 20) } }],
    ['MACH_SEND_INVALID_HEADER', { send: to(n.send, 0) }],
    ['MACH_SEND_INVALID_HEADER', { send: to(n.receive, MOVE_RECEIVE) }],
    ['MACH_SEND_INVALID_HEADER', { send: { ...to(n.send), local: n.receive } }],
    [
      'MACH_SEND_INVALID_TYPE',
      { send: { ...to(n.send), descriptors: [{ kind: 'port', name: n.send, disposition: 99 }] } },
    ],
    ['MACH_SEND_INVALID_NOTIFY', { send: to(n.send), sendOptions: { cancel: n.send } }],
    ['MACH_SEND_INVALID_NOTIFY', { send: to(n.send), sendOptions: { cancel: n.unknown } }],
    ['MACH_SEND_INVALID_NOTIFY', { send: to(n.send), sendOptions: { cancel: portName(0) } }],
    ['MACH_SEND_INVALID_DEST', { send: to(n.unknown) }],
    ['MACH_SEND_INVALID_DEST', { send: to(portName(0)) }],
    ['MACH_SEND_INVALID_DEST', { send: to(n.receive) }],
    ['MACH_SEND_INVALID_DEST', { send: to(n.dead) }],
    ['MACH_SEND_INVALID_DEST', { send: to(n.sendOnce) }],
    ['MACH_SEND_INVALID_DEST', { send: { ...to(n.send, MOVE_SEND), local: n.send, localDisposition: MOVE_SEND } }],
    ['MACH_SEND_INVALID_REPLY', { send: { ...to(n.send), local: n.unknown, localDisposition: MAKE_SEND_ONCE } }],
    ['MACH_SEND_INVALID_REPLY', { send: { ...to(n.send), local: n.send, localDisposition: MAKE_SEND } }],
    [
      'MACH_SEND_INVALID_RIGHT',
      { send: { ...to(n.send), descriptors: [{ kind: 'port', name: n.unknown, disposition: COPY_SEND }] } },
    ],
    [
      'MACH_SEND_INVALID_RIGHT',
      { send: { ...to(n.send), descriptors: [{ kind: 'port', name: n.send, disposition: MOVE_SEND_ONCE }] } },
    ],
    [
      'MACH_SEND_INVALID_RIGHT',
      { send: { ...to(n.send), descriptors: [{ kind: 'ool_ports', names: [n.send, n.set], disposition: COPY_SEND }] } },
    ],
    ['MACH_SEND_INVALID_MEMORY', { send: { ...to(n.send), descriptors: [{ kind: 'ool', address: 4096, size: 8 }] } }],
    ['MACH_SEND_TIMED_OUT', { send: to(n.full), sendOptions: { timeoutMs: 0 } }],
    ['MACH_SEND_INVALID_NOTIFY', { send: to(n.full), sendOptions: { timeoutMs: 0, notify: n.send } }],
    ['MACH_SEND_INVALID_NOTIFY', { send: to(n.full), sendOptions: { timeoutMs: 0, notify: n.unknown } }],
    ['MACH_SEND_WILL_NOTIFY', { send: to(n.full), sendOptions: { timeoutMs: 0, notify: n.receive } }],
    ['MACH_SEND_NOTIFY_IN_PROGRESS', { send: to(n.full), sendOptions: { timeoutMs: 0, notify: n.receive } }],
    ['MACH_RCV_INVALID_NAME', { receive: n.unknown }],
    ['MACH_RCV_INVALID_NAME', { receive: portName(0) }],
    ['MACH_RCV_INVALID_NAME', { receive: n.send }],
    ['MACH_RCV_INVALID_NAME', { receive: n.dead }],
    ['MACH_RCV_IN_SET', { receive: n.member }],
    ['MACH_RCV_TIMED_OUT', { receive: n.empty, receiveOptions: { timeoutMs: 0 } }],
    ['MACH_RCV_TIMED_OUT', { receive: n.set, receiveOptions: { timeoutMs: 0 } }],
  ];
};
