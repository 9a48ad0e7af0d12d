/**
 * Modules: the code that frames and closures refer to when they are data. A compiled file makes one object, and says
 * there what it holds; nothing is registered anywhere else, so two versions of a file live side by side.
 */
import type { Frame, FrameCode, FrameMeta, ModuleName } from './frame.ts';
import { E_ABI, SysError } from './sys-error.ts';

/** The agreement between compiler and runtime that this runtime keeps. */
export const ABI = 1;

/** Who a module is. */
export interface ModuleHead extends ModuleName {
  readonly abi: number;
}

/** Where a nested function stands in its source. */
export interface ClosureMeta {
  readonly name: string;
  readonly line: number;
  readonly column: number;
}

/** Makes a function out of the values around it. */
export type ClosureFactory = (...environment: never[]) => object;

/** A nested function of a module. */
export interface ClosureCode extends ClosureMeta {
  readonly module: Module;
  readonly number: number;
  /** How many values around it it is made of. */
  readonly arity: number;
  /** Makes the function anew, with its tag. */
  readonly make: (...environment: never[]) => object;
}

/** The key under which a function made by a factory says what it is made of. */
export const CLOSURE: unique symbol = Symbol('portolan.closure');

/** What a function is made of: its code, and the values around it, in the order of the factory's parameters. */
export interface ClosureTag {
  readonly code: ClosureCode;
  readonly environment: readonly unknown[];
}

/** What a function is made of; undefined if no module has made it. */
export const closureOf = (made: object): ClosureTag | undefined => (made as { [CLOSURE]?: ClosureTag })[CLOSURE];

/** A compiled module. */
export class Module implements ModuleName {
  readonly id: string;
  readonly hash: string;
  readonly file: string;
  readonly #uses: Module[] = [];
  readonly #frames: Map<number, FrameCode> = new Map();
  readonly #closures: Map<number, ClosureCode> = new Map();
  #globals: Readonly<Record<string, () => unknown>> = {};

  constructor({ id, hash, file }: ModuleHead) {
    this.id = id;
    this.hash = hash;
    this.file = file;
  }

  /** (Compiled code) Names the program modules that this one imports. */
  uses(modules: readonly Module[]): void {
    this.#uses.push(...modules);
  }

  /** (Compiled code) Tells of a resumable function. */
  frame(number: number, make: new () => Frame, meta: FrameMeta): void {
    const code: FrameCode = { ...meta, module: this, number, make };
    this.#frames.set(number, code);
    Object.defineProperty(make.prototype, '$meta', { value: code });
  }

  /** (Compiled code) Wraps the factory of a nested function: what it makes can be taken apart again. */
  closure<F extends ClosureFactory>(number: number, factory: F, meta: ClosureMeta): F {
    const make = (...environment: never[]): object => {
      const made = factory(...environment) as { [CLOSURE]?: ClosureTag };
      made[CLOSURE] = { code, environment };
      return made;
    };
    const code: ClosureCode = { ...meta, module: this, number, arity: factory.length, make };
    this.#closures.set(number, code);
    return make as F;
  }

  /** (Compiled code) Names every binding of the module's top level. They are read when they are needed. */
  globals(table: Readonly<Record<string, () => unknown>>): void {
    this.#globals = table;
  }

  /** The resumable function of a number. */
  frameCode(number: number): FrameCode | undefined {
    return this.#frames.get(number);
  }

  /** The nested function of a number. */
  closureCode(number: number): ClosureCode | undefined {
    return this.#closures.get(number);
  }

  /** Names of the module's top level. */
  get globalNames(): readonly string[] {
    return Object.keys(this.#globals);
  }

  /** The value of a name of the top level; undefined if there is none. Throws while the module is being loaded. */
  global(name: string): unknown {
    return Object.hasOwn(this.#globals, name) ? this.#globals[name]?.() : undefined;
  }

  /** This module and all that it uses, directly or not, by hash. */
  reachable(): ReadonlyMap<string, Module> {
    const found = new Map<string, Module>();
    const left: Module[] = [this];
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      if (found.has(next.hash)) continue;
      found.set(next.hash, next);
      left.push(...next.#uses);
    }
    return found;
  }
}

/** (Compiled code) Opens a module. Throws E_ABI if it was compiled for another runtime. */
export const module = (head: ModuleHead): Module => {
  if (head.abi !== ABI) {
    throw new SysError(
      E_ABI,
      'load',
      `${head.file} was compiled for runtime ${head.abi}, this is ${ABI}: compile it anew`,
    );
  }
  return new Module(head);
};
