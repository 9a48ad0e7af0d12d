/**
 * The system under test, as the runner sees it. A driver opens settings; a setting is one run of one case: kernels,
 * tasks and rights of its own. Everything is synchronous: a call is begun, the kernels run until idle, the answer is
 * looked at.
 */
import type { Codec, Json, JsonObject } from './scenario.ts';
import type { Args, Geometry } from './values.ts';

export type { Args, Geometry } from './values.ts';

/** What a kernel can be: the profiles under which a case can be run. */
export type Profile = 'mach3' | 'xnu';
/** All tasks on one kernel, or every task on a kernel of its own. */
export type Placement = 'together' | 'apart';
/** Whether tasks are moved between the steps. */
export type Relocation = 'none' | 'every';

/** What a call answered: `kr` and the keys of FORMAT.md. A name is a number, or "NULL" or "DEAD". */
export type Answer = { readonly [key: string]: unknown };
export type Result = Answer | { readonly blocked: true; readonly [key: string]: unknown };

/** Kernel-wide counts, each beyond what the kernels have by themselves once they are up. */
export interface Census {
  readonly ports: number;
  readonly messages: number;
  readonly rights: number;
  /** Not part of the leak check: a kernel may keep pages. */
  readonly residentPages: number;
}

export interface Options {
  readonly profile: Profile;
  readonly place: Placement;
  readonly relocate: Relocation;
  /** How tasks are moved where the case does not say; undefined: as the system likes. */
  readonly strategy: string | undefined;
  /** The actors of the case, each with a main thread. */
  readonly tasks: readonly string[];
  /** Those that `place` and `relocate` are about; the others stay together on the first kernel. */
  readonly movable: readonly string[];
  /** Task → kernel, where the case places its tasks itself (its step `kernels`, which comes as a control as well). */
  readonly kernels: { readonly [task: string]: string } | undefined;
  /** The library's strict mode (guard reports). */
  readonly strict: boolean;
}

export interface Driver {
  readonly profiles: readonly Profile[];
  readonly codecs: readonly Codec[];
  /** How it can move tasks: the names that `--strategy` takes. */
  readonly strategies: readonly string[];
  /** Brings up the kernels and the servers that the case can rely on, but no task of the case yet. */
  open(options: Options): Setting;
}

export interface Setting {
  readonly geometry: Geometry;
  /** Creates the tasks and gives them what `given` says; answers the variables to bind, as `{"A.p": name}`. */
  wire(given: readonly JsonObject[]): { readonly [variable: string]: Json };
  /**
   * Begins a call on the actor's thread; a thread `A.2` that is not there yet comes into being. Variables and
   * amounts in `args` are resolved; "NULL", "DEAD" and symbolic values are left. `args.routine` of `server_once` is
   * a `Routine`. Throws `Unsupported` for a call it does not know; so does `control`.
   */
  start(actor: string, call: string, args: Args): void;
  /** Runs all kernels until nothing more can run at this moment of the virtual clock. */
  settle(): void;
  /** What the actor's last call answered; asked after `settle`, and again while it is blocked. */
  result(actor: string): Result;
  /** Moves the virtual clock and runs everything that becomes runnable. */
  advance(ms: number): void;
  /** A call of the setting itself ("-"). `repeat`, `if`, `fail`, `together`, `advance`, `census` do not come here. */
  control(call: string, args: Args): Answer;
  census(): Census;
  close(): void;
}

/** What a server does with one request: played by the runner, since the case's own patterns look at the request. */
export interface Routine {
  /** Called once, with the request in the form of Received. */
  begin(received: Answer): RoutineStep;
  /** Called with the answer of the call that the step before asked for. */
  next(answer: Answer): RoutineStep;
}

export type RoutineStep =
  | { readonly does: 'call'; readonly call: string; readonly args: Args }
  | {
      readonly does: 'return';
      readonly retcode: string | number;
      readonly body: { readonly [key: string]: unknown };
      readonly descriptors: readonly unknown[];
    };

/** The driver cannot do this call (yet). The case is then counted as unsupported, neither passed nor failed. */
export class Unsupported extends Error {
  override readonly name = 'Unsupported';
  readonly call: string;

  constructor(call: string) {
    super(`unsupported: ${call}`);
    this.call = call;
  }
}
