/**
 * Names of what a program has by reference: intrinsics, what the runtime exports, bindings of its modules' top levels,
 * and members of its classes. Both ends make the table from the same modules, so a name means the same thing there.
 */
import type { Module } from '../module.ts';
import { intrinsicNames, intrinsics } from './intrinsics.ts';
import { runtimeNames } from './runtime-names.ts';

/** How something is called. */
export type Name =
  | { readonly kind: 'intrinsic'; readonly name: string }
  | { readonly kind: 'global'; readonly module: Module; readonly name: string }
  | { readonly kind: 'prototype'; readonly of: object }
  | { readonly kind: 'member'; readonly owner: object; readonly key: string | symbol; readonly which: 0 | 1 | 2 };

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

/** The `prototype` of a class; null for every other function. A class's cannot be replaced, a function's can. */
export const prototypeOfClass = (value: unknown): object | null => {
  if (typeof value !== 'function') return null;
  const property = Object.getOwnPropertyDescriptor(value, 'prototype');
  const prototype: unknown = property?.value;
  return property?.writable === false && isObject(prototype) ? prototype : null;
};

/** The table of some modules. */
export class Names {
  readonly modules: ReadonlyMap<string, Module>;
  readonly #names: Map<unknown, Name> = new Map();
  /** Classes of the program, and errors of the runtime, by their prototypes. */
  readonly #classes: Map<object, object> = new Map();
  #hasMembers = false;

  constructor(modules: ReadonlyMap<string, Module>) {
    this.modules = modules;
    for (const [name, value] of runtimeNames) this.#addClass(value, { kind: 'intrinsic', name });
    for (const module of modules.values()) {
      for (const name of module.globalNames) this.#addGlobal(module, name);
    }
  }

  /** The name of a value, if it goes by one. */
  of(value: object | symbol): Name | undefined {
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    const name = intrinsicNames.get(value);
    if (name !== undefined) return { kind: 'intrinsic', name };
    if (typeof value !== 'function' || this.#hasMembers) return undefined;
    this.#addMembers();
    return this.#names.get(value);
  }

  /** The class whose instances have this prototype, if they go by value. */
  classOf(prototype: object): object | undefined {
    return this.#classes.get(prototype);
  }

  /** What an intrinsic's name stands for. */
  static intrinsic(name: string): object | symbol | undefined {
    return runtimeNames.get(name) ?? intrinsics.get(name);
  }

  #addGlobal(module: Module, name: string): void {
    let value: unknown;
    try {
      value = module.global(name);
    } catch {
      return; // not initialised yet: nobody can hold it
    }
    if (!isObject(value) || this.#names.has(value) || intrinsicNames.has(value)) return;
    this.#addClass(value, { kind: 'global', module, name });
  }

  #addClass(value: object, name: Name): void {
    this.#names.set(value, name);
    const prototype = prototypeOfClass(value);
    if (prototype === null || this.#classes.has(prototype)) return;
    this.#classes.set(prototype, value);
    this.#names.set(prototype, { kind: 'prototype', of: value });
  }

  /** Methods and accessors, by the class that has them: wanted only if a program keeps one without its object. */
  #addMembers(): void {
    this.#hasMembers = true;
    for (const [prototype, of] of this.#classes) {
      for (const owner of [of, prototype]) {
        for (const key of Reflect.ownKeys(owner)) this.#addMember(owner, key);
      }
    }
  }

  #addMember(owner: object, key: string | symbol): void {
    const property = Object.getOwnPropertyDescriptor(owner, key);
    const found: readonly unknown[] = [property?.value, property?.get, property?.set];
    for (const which of [0, 1, 2] as const) {
      const value = found[which];
      if (typeof value !== 'function' || this.#names.has(value)) continue;
      this.#names.set(value, { kind: 'member', owner, key, which });
    }
  }
}

/** The function that a member's name stands for. Read without running anything. */
export const memberOf = (owner: object, key: string | symbol, which: number): object | undefined => {
  const property = Object.getOwnPropertyDescriptor(owner, key);
  const value: unknown = which === 0 ? property?.value : which === 1 ? property?.get : property?.set;
  return typeof value === 'function' ? value : undefined;
};
