/** Resumable programs: what `programOf` makes of a compiled function. */
import type { Bytes } from '../../ports/bytes.ts';
import type { Thread } from '../kernel.ts';
import type { HeldCall, Program, Result, StateCodec, Sys } from '../program.ts';
import { threadOfSys } from '../sys.ts';
import { fiberTerminated, resumeFiber } from './driver.ts';
import { Fiber, Group } from './fiber.ts';
import { Frame, type FrameCode } from './frame.ts';
import { fiberCodec, packData, unpackData } from './image/codec.ts';
import { heldCalls } from './inspect.ts';
import { Module } from './module.ts';
import { EDGES_PER_SPEND } from './register.ts';
import { sys as facade } from './sys/sys.ts';
import { E_NOT_COMPILED, SysError } from './sys-error.ts';

/** Loop edges that a program may make in one turn, unless it is told otherwise: some tenths of a second. */
const EDGES_MAX = 2 ** 27;

/** How a program is made. */
export interface ProgramOptions {
  /** The name that the kernel knows it by. By default the module's id, with `#function` unless that is `main`. */
  readonly name?: string;
  /** Loop edges between two kernel calls, beyond which E_BUDGET is thrown. Counted in chunks of `EDGES_PER_SPEND`. */
  readonly edgesMax?: number;
}

/** A resumable function: what it is called with, `sys` and the thread's arguments. Its value is a frame. */
export type ResumableMain = (sys: never, args: never) => unknown;

/** A program whose threads are fibers. */
export class ResumableProgram implements Program {
  readonly name: string;
  readonly hash: string;
  readonly main: ResumableMain;
  /** Hashes of that module and of all that it uses. */
  readonly modules: readonly string[];
  /** The module of its main function; it names all others. */
  readonly module: Module;
  readonly image: StateCodec = fiberCodec;
  readonly #chunks: number;

  constructor(main: ResumableMain, code: FrameCode, { name, edgesMax = EDGES_MAX }: ProgramOptions) {
    if (!(code.module instanceof Module)) throw notCompiled(code.name);
    this.main = main;
    this.module = code.module;
    this.name = name ?? (code.name === 'main' ? code.module.id : `${code.module.id}#${code.name}`);
    this.hash = code.module.hash;
    this.modules = [...code.module.reachable().keys()];
    this.#chunks = Math.max(1, Math.ceil(edgesMax / EDGES_PER_SPEND));
  }

  /** A fiber that begins with a call of the main function. `args` belong to it. */
  start(args: unknown): Fiber {
    const frame = this.main(facade as never, args as never) as Frame;
    const fiber = new Fiber(new Group(), null);
    fiber.stack.push(frame);
    return fiber;
  }

  resume(sys: Sys, state: object, result: Result): void {
    resumeFiber(state as Fiber, threadOfSys(sys), result, this.#chunks);
  }

  /** Its thread was terminated while the task lives on: who waits for it is told (E_TERMINATED). */
  terminated(state: object, thread: object): void {
    fiberTerminated(state as Fiber, thread as Thread);
  }

  /** A graph of data as bytes, for `sys.vm.box`; the text of the refusal if it cannot be. */
  pack(graph: unknown): Bytes | string {
    return packData(this, graph);
  }

  /** The graph of bytes that `pack` has made. Throws an `ImageError` for others. */
  unpack(bytes: Bytes): unknown {
    return unpackData(this, bytes);
  }

  /** The logical stack of a thread at rest. */
  inspect(state: object): readonly HeldCall[] {
    return heldCalls(state as Fiber);
  }
}

const notCompiled = (name: string): SysError =>
  new SysError(
    E_NOT_COMPILED,
    'programOf',
    `${name} is no compiled async function: import it from a *.program.ts, through the compiler's plugin or loader`,
  );

/**
 * The program of a compiled async function `main(sys, args)`. Give it to a kernel (`kernel.programs`) under its name.
 * Throws E_NOT_COMPILED if the compiler has not made the function.
 */
export const programOf = (main: ResumableMain, options: ProgramOptions = {}): ResumableProgram => {
  const name = typeof main === 'function' ? main.name : String(main);
  // A function that was not compiled must not be called: it would run.
  if (typeof main !== 'function' || Object.prototype.toString.call(main) !== '[object Function]')
    throw notCompiled(name);
  if (/\[native code\]\s*\}$/.test(Function.prototype.toString.call(main))) throw notCompiled(name);
  const frame: unknown = main(facade as never, undefined as never);
  const code = frame instanceof Frame ? frame.$meta : null;
  if (code === null || code.kind !== 'async') throw notCompiled(name);
  return new ResumableProgram(main, code, options);
};
