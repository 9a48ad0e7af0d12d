/**
 * Resumable programs: what programs and their embedders use, and what compiled code uses (below). Inside the repository
 * import the file, never this.
 */

export { KCall } from './call.ts';
export { Future } from './fiber.ts';
// For compiled code: no promise is made to anybody else about these.
export { Frame, type FrameMeta } from './frame.ts';
export { start } from './future.ts';
export { AsyncGen, asyncGenerator, delegate, Gen, generator, yielded } from './generator.ts';
export { iterate, iterateAsync, keysIn } from './iterators.ts';
export { Join } from './join.ts';
export { Module, module } from './module.ts';
export type { Message, MessageItem } from './ops.ts';
export { type ProgramOptions, programOf, type ResumableMain, ResumableProgram } from './program.ts';
export { spend } from './register.ts';
export { sys } from './sys.ts';
export * from './sys-error.ts';
export { type StackEntry, stackOf } from './trace.ts';
