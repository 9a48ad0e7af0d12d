/**
 * Machine programs: actors over plain data. `state.at` names the handler that runs next; a handler is synchronous,
 * makes any number of calls that answer at once, and ends by parking one that may wait. Being data between any two
 * handlers, the program can move there. The fastest kind of program.
 */
import type { Program, Result, Sys } from './program.ts';

/** State of a machine: plain data (what a message body may hold), with the name of the next handler. */
export interface MachineState {
  at: string;
}

/** What runs between two parked calls. A handler that touches memory must be restartable: touch first, then change. */
export type Handler<S extends MachineState> = (sys: Sys, state: S, result: Result) => void;

/** A machine program as its author writes it. */
export interface MachineDefinition<S extends MachineState, A> {
  readonly name: string;
  /** Names the code. By default the source text of `start` and the handlers, without the functions that they call. */
  readonly hash?: string;
  start(args: A): S;
  readonly handlers: Readonly<Record<string, Handler<S>>>;
}

class Machine<S extends MachineState, A> implements Program {
  readonly name: string;
  readonly hash: string;
  readonly #start: (args: A) => S;
  readonly #handlers: Readonly<Record<string, Handler<S>>>;
  /** The two handlers that ran last, by their names: most machines go to and fro between two. */
  #at = '';
  #handler: Handler<S> | undefined;
  #otherAt = '';
  #other: Handler<S> | undefined;

  constructor(definition: MachineDefinition<S, A>) {
    this.name = definition.name;
    this.hash = definition.hash ?? hashOf(definition);
    this.#start = definition.start;
    this.#handlers = definition.handlers;
  }

  start(args: unknown): object {
    return this.#start(args as A);
  }

  resume(sys: Sys, state: object, result: Result): void {
    const machine = state as S;
    const { at } = machine;
    const handler = at === this.#at ? this.#handler : at === this.#otherAt ? this.#other : this.#find(at);
    if (handler === undefined) throw new TypeError(`machine ${this.name} has no handler "${at}"`);
    handler(sys, machine, result);
  }

  #find(at: string): Handler<S> | undefined {
    this.#otherAt = this.#at;
    this.#other = this.#handler;
    this.#at = at;
    this.#handler = this.#handlers[at];
    return this.#handler;
  }
}

/** FNV-1a over the source text: tells versions apart, proves nothing to a stranger. */
const hashOf = <S extends MachineState, A>(definition: MachineDefinition<S, A>): string => {
  let hash = 0xcbf29ce484222325n;
  const text = `${definition.name}\n${definition.start}\n${Object.entries(definition.handlers).join('\n')}`;
  for (let i = 0; i < text.length; i += 1) {
    hash = ((hash ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n) & 0xffffffffffffffffn;
  }
  return hash.toString(16).padStart(16, '0');
};

/** Makes a program out of handlers. */
export const machine = <S extends MachineState, A = undefined>(definition: MachineDefinition<S, A>): Program =>
  new Machine(definition);
