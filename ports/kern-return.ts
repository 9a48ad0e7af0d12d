/** Codes of port, task, thread and memory calls (`mach/kern_return.h`), with the numbers they have there. */
const KERN_CODES = {
  KERN_SUCCESS: 0,
  KERN_INVALID_ADDRESS: 1,
  KERN_PROTECTION_FAILURE: 2,
  KERN_NO_SPACE: 3,
  KERN_INVALID_ARGUMENT: 4,
  KERN_FAILURE: 5,
  KERN_RESOURCE_SHORTAGE: 6,
  KERN_NOT_RECEIVER: 7,
  KERN_NO_ACCESS: 8,
  KERN_MEMORY_FAILURE: 9,
  KERN_MEMORY_ERROR: 10,
  KERN_ALREADY_IN_SET: 11,
  KERN_NOT_IN_SET: 12,
  KERN_NAME_EXISTS: 13,
  KERN_ABORTED: 14,
  KERN_INVALID_NAME: 15,
  KERN_INVALID_TASK: 16,
  KERN_INVALID_RIGHT: 17,
  KERN_INVALID_VALUE: 18,
  KERN_UREFS_OVERFLOW: 19,
  KERN_INVALID_CAPABILITY: 20,
  KERN_RIGHT_EXISTS: 21,
  KERN_INVALID_HOST: 22,
  KERN_MEMORY_PRESENT: 23,
  KERN_OPERATION_TIMED_OUT: 49,
} as const;

/** Codes of `mach_msg` (`mach/message.h`). */
const MSG_CODES = {
  MACH_MSG_SUCCESS: 0,
  MACH_SEND_IN_PROGRESS: 0x10000001,
  MACH_SEND_INVALID_DATA: 0x10000002,
  MACH_SEND_INVALID_DEST: 0x10000003,
  MACH_SEND_TIMED_OUT: 0x10000004,
  MACH_SEND_WILL_NOTIFY: 0x10000005,
  MACH_SEND_NOTIFY_IN_PROGRESS: 0x10000006,
  MACH_SEND_INTERRUPTED: 0x10000007,
  MACH_SEND_MSG_TOO_SMALL: 0x10000008,
  MACH_SEND_INVALID_REPLY: 0x10000009,
  MACH_SEND_INVALID_RIGHT: 0x1000000a,
  MACH_SEND_INVALID_NOTIFY: 0x1000000b,
  MACH_SEND_INVALID_MEMORY: 0x1000000c,
  MACH_SEND_NO_BUFFER: 0x1000000d,
  MACH_SEND_NO_NOTIFY: 0x1000000e,
  MACH_SEND_INVALID_TYPE: 0x1000000f,
  MACH_SEND_INVALID_HEADER: 0x10000010,
  MACH_RCV_IN_PROGRESS: 0x10004001,
  MACH_RCV_INVALID_NAME: 0x10004002,
  MACH_RCV_TIMED_OUT: 0x10004003,
  MACH_RCV_TOO_LARGE: 0x10004004,
  MACH_RCV_INTERRUPTED: 0x10004005,
  MACH_RCV_PORT_CHANGED: 0x10004006,
  MACH_RCV_INVALID_NOTIFY: 0x10004007,
  MACH_RCV_INVALID_DATA: 0x10004008,
  MACH_RCV_PORT_DIED: 0x10004009,
  MACH_RCV_IN_SET: 0x1000400a,
  MACH_RCV_HEADER_ERROR: 0x1000400b,
  MACH_RCV_BODY_ERROR: 0x1000400c,
} as const;

/** Codes of interfaces made by the stub generator (`mach/mig_errors.h`). */
const MIG_CODES = {
  MIG_TYPE_ERROR: -300,
  MIG_REPLY_MISMATCH: -301,
  MIG_REMOTE_ERROR: -302,
  MIG_BAD_ID: -303,
  MIG_BAD_ARGUMENTS: -304,
  MIG_NO_REPLY: -305,
  MIG_EXCEPTION: -306,
  MIG_ARRAY_TOO_LARGE: -307,
  MIG_SERVER_DIED: -308,
  MIG_DESTROY_REQUEST: -309,
} as const;

/** Answer of a port, task, thread or memory call. */
export type KernReturn = keyof typeof KERN_CODES;
/** A `KernReturn` other than success. */
export type KernFailure = Exclude<KernReturn, 'KERN_SUCCESS'>;
/** Answer of the message call. */
export type MachMsgReturn = keyof typeof MSG_CODES;
/** Answer of a stub made by `subsystem`, or of the server loop. */
export type MigReturn = keyof typeof MIG_CODES;
/** Every code of the kernel interface. */
export type MachCode = KernReturn | MachMsgReturn | MigReturn;
/** What was short when a received message lost something: or-ed into the code by Mach, beside it here. */
export type SpecialBit = 'IPC_SPACE' | 'VM_SPACE' | 'IPC_KERNEL' | 'VM_KERNEL';

/** True for a result that is a refusal. A result type `T | KernFailure` never has a string as `T`. */
export const failed = (result: unknown): result is KernFailure =>
  typeof result === 'string' && result !== 'KERN_SUCCESS';

/** True for a text that is one of these codes: what a stranger says may be anything. */
export const isMachCode = (text: string): text is MachCode =>
  Object.hasOwn(KERN_CODES, text) || Object.hasOwn(MSG_CODES, text) || Object.hasOwn(MIG_CODES, text);

/** The number Mach gives to a code. */
export const codeNumber = (code: MachCode): number => ({ ...KERN_CODES, ...MSG_CODES, ...MIG_CODES })[code];
