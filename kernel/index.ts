/**
 * The kernel for outsiders: boot it, run it, write programs, embed it. Inside the repository import the file, never
 * this.
 */

export {
  type Address,
  Arena,
  ArenaError,
  type ArenaHandle,
  type ArenaOptions,
  arenaHandle,
  type Extent,
  openArena,
} from './arena/arena.ts';
export { type Fields, type FieldType, type RecordType, record } from './arena/record.ts';
export { deleteText, forEachText, getText, makeTextMap, setText, textMapSize } from './arena/text-map.ts';
export { freeVector, makeVector, pushVector, setVectorAt, vectorAt, vectorLength } from './arena/vector.ts';
export { bootKernel } from './boot.ts';
export type { Clock, Environment, Pump } from './environment.ts';
export {
  type HostClient,
  type HostHandlers,
  type HostOptions,
  type HostServeOptions,
  hostAttempt,
  hostClient,
  hostServe,
} from './host-service.ts';
export { type Cancellation, HostTask, MachError } from './host-task.ts';
export type {
  Answer,
  Inheritance,
  KernelRequest,
  MemoryRequest,
  PortRequest,
  RightArgument,
  SpecialPort,
  StateFlavor,
  TaskRequest,
  ThreadRequest,
} from './interface/calls.ts';
export { CALL_FORMS, type CallForm, decodeRequest, type FieldKind } from './interface/ids.ts';
export type { MemoryImage, ObjectImage, TaskImage, ThreadImage } from './interface/image.ts';
export type { FreezeRequest, HostRequest, HuskRequest, MoveRequest } from './interface/move.ts';
export * from './interface/pager.ts';
export * from './interface/routine.ts';
export {
  type Declarations,
  type DraftOptions,
  demux,
  type Handlers,
  isWanted,
  type Kept,
  releaseItems,
  type Subsystem,
  subsystem,
  watchCaller,
} from './interface/subsystem.ts';
export type { Kernel, Task, Thread } from './kernel.ts';
export { createTask, createThread, kernelPort, terminateTask } from './lives.ts';
export { type Handler, type MachineDefinition, type MachineState, machine } from './machine.ts';
export { NetDoor } from './move/door.ts';
export type { MsgCall, Program, ProgramMemory, ReceiveOptions, Result, SendOptions, Sys } from './program.ts';
export { runKernel } from './scheduler.ts';
export { hostServer } from './serve/move.ts';
