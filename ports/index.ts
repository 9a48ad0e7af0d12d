/**
 * Ports for outsiders: names, rights, messages, bodies, codes, limits. Inside the repository import the file, never
 * this.
 */
export { admitBody, type Body, type BodyRecord, BodyRefusal, bodySize } from './body.ts';
export { Bytes } from './bytes.ts';
export type { Draft, DraftItem } from './draft.ts';
export {
  NOTIFY_DEAD_NAME,
  NOTIFY_MSG_ACCEPTED,
  NOTIFY_NO_SENDERS,
  NOTIFY_PORT_DELETED,
  NOTIFY_PORT_DESTROYED,
  NOTIFY_SEND_ONCE,
} from './fate.ts';
export { KernelPanic } from './invariant.ts';
export {
  codeNumber,
  failed,
  type KernFailure,
  type KernReturn,
  type MachCode,
  type MachMsgReturn,
  type MigReturn,
  type SpecialBit,
} from './kern-return.ts';
export * from './limits.ts';
export { isName, MACH_PORT_DEAD, MACH_PORT_NULL, type PortName, portName } from './name.ts';
export type { Item, OolItem, OolPortsItem, PortItem, Received } from './port.ts';
export { MACH3, type Profile, XNU } from './profile.ts';
export {
  COPY_SEND,
  type Disposition,
  MAKE_SEND,
  MAKE_SEND_ONCE,
  MOVE_RECEIVE,
  MOVE_SEND,
  MOVE_SEND_ONCE,
  PORT_RECEIVE,
  PORT_SEND,
  PORT_SEND_ONCE,
  type RightKind,
} from './right.ts';
export {
  COMPLEX,
  draftSize,
  type NameArrays,
  NO_ARRAYS,
  type ReceivedOptions,
  readDraft,
  receivedSize,
  type TrailerKind,
  writeDraft,
  writeReceived,
} from './wire/message.ts';
export {
  readTyped,
  TYPE_BYTE,
  TYPE_CHAR,
  TYPE_INTEGER_16,
  TYPE_INTEGER_32,
  type TypedItem,
  typedDraft,
  typedReceived,
  writeTyped,
} from './wire/typed.ts';
