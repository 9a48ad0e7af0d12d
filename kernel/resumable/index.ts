/**
 * Resumable programs: what programs and their embedders use, and what compiled code uses (below). Inside the repository
 * import the file, never this.
 */

export type { MovedMe } from '../interface/bootstrap.ts';
export {
  type Check,
  Refusal,
  type Routine,
  routine,
  type Subsystem,
  subsystem,
} from '../interface/subsystem.ts';
export type { ProgramMemory } from '../program.ts';
export { KCall } from './call.ts';
export { Future } from './fiber.ts';
// For compiled code: no promise is made to anybody else about these.
export { Frame, type FrameMeta } from './frame.ts';
export { start } from './future.ts';
export { AsyncGen, asyncGenerator, delegate, Gen, generator, yielded } from './generator.ts';
export { type ClassCodec, registerClass } from './image/registered.ts';
export { iterate, iterateAsync, keysIn } from './iterators.ts';
export { Join } from './join.ts';
export { LOCKED, lockIntrinsics } from './lock/lock.ts';
export { Module, module } from './module.ts';
export type { Message, MessageItem } from './ops.ts';
export { type ProgramOptions, programOf, type ResumableMain, ResumableProgram } from './program.ts';
export { spend } from './register.ts';
export { Box, E_BOX_FREE, E_BOX_REFUSED } from './sys/box.ts';
export type { Answered, Client, RequestOptions, ServiceMessage, ServiceRight } from './sys/client.ts';
export { E_NO_BOOTSTRAP, E_NOT_MOVED, type LookUpOptions, type MigrateOptions } from './sys/elsewhere.ts';
export type * from './sys/message.ts';
export { Condition, E_NOT_LOCKED, Mutex, type WaitOptions } from './sys/mutex.ts';
export type { DeadName, MsgAccepted, NoSenders, PortDestroyed, PortOptions } from './sys/ports.ts';
export type * from './sys/rights.ts';
export { copySend, makeSend, makeSendOnce, moveReceive, moveSend, moveSendOnce } from './sys/rights.ts';
export type { NotSendable, Sendable } from './sys/sendable.ts';
export { type AsyncHandlers, answer, type Request, type ServeOptions, type WithRights } from './sys/serve.ts';
export { type Spawned, type Sys, sys } from './sys/sys.ts';
export type { SysMemory } from './sys/vm.ts';
export * from './sys-error.ts';
export { type StackEntry, stackOf } from './trace.ts';
