/**
 * What a routine takes, gives, carries and may refuse with: one declaration, from which come the client's stub, the
 * server's dispatcher and the types of both. Schemas are Standard Schemas (valibot, zod, arktype, …) that answer at
 * once.
 */
import type { MachCode } from '../../ports/kern-return.ts';
import type { PortName } from '../../ports/name.ts';
import { PORT_RECEIVE, PORT_SEND, PORT_SEND_ONCE } from '../../ports/right.ts';

declare const shape: unique symbol;
declare const extra: unique symbol;
declare const arrives: unique symbol;
declare const slotted: unique symbol;

/** Checks a value: any Standard Schema fits. One that answers later counts as a refusal. */
export interface Schema {
  readonly '~standard': {
    readonly types?: { readonly input: unknown; readonly output: unknown } | undefined;
    validate(value: unknown): object;
  };
}

/** Checks what arrives, and says what it then is. */
export interface Check<T> {
  readonly '~standard': {
    readonly types?: { readonly input: unknown; readonly output: T } | undefined;
    validate(value: unknown): { readonly value: T } | { readonly issues: readonly unknown[] } | object;
  };
}

/** A schema that looks at nothing: the type is a claim. */
export interface Claim<T> extends Schema {
  readonly '~standard': {
    readonly types?: { readonly input: T; readonly output: T } | undefined;
    validate(value: unknown): { readonly value: T };
  };
}

/** A type without a schema. */
export const of = <T>(): Claim<T> => ({ '~standard': { validate: (value) => ({ value: value as T }) } });

type TypesOf<S> = S extends { readonly '~standard': { readonly types?: infer T } } ? NonNullable<T> : never;
type InputOf<S> = S extends Schema ? (TypesOf<S> extends { readonly input: infer I } ? I : unknown) : null;
type OutputOf<S> = S extends Schema ? (TypesOf<S> extends { readonly output: infer O } ? O : unknown) : null;

/** A right that a message takes along: the sender's name of it, what becomes of it, and (a type) what arrives. */
export interface Given<R> {
  readonly kind: 'port';
  readonly name: PortName;
  readonly disposition: number;
  readonly [arrives]?: R;
}

/** Several rights that a message takes along as one array, all under one disposition. */
export interface GivenAll<R> {
  readonly kind: 'ool_ports';
  readonly names: readonly PortName[];
  readonly disposition: number;
  readonly [arrives]?: R;
}

/** Memory that a message takes along: a copy (shared until it is written), or given away. */
export interface GivenMemory {
  readonly address: number;
  readonly size: number;
  readonly deallocate?: boolean;
}

/** One thing that goes with a message: what is given for it, and what arrives. */
export interface Slot<Give = unknown, Get = unknown> {
  readonly kind: 'right' | 'rights' | 'memory';
  /** What a right must be when it arrives; 0 for memory. */
  readonly type: 0 | 16 | 17 | 18;
  readonly [slotted]?: { readonly give: Give; readonly get: Get };
}

/** Kinds of rights that messages carry. */
export type CarriedKind = 'SEND' | 'SEND_ONCE' | 'RECEIVE';
const TYPES = { SEND: PORT_SEND, SEND_ONCE: PORT_SEND_ONCE, RECEIVE: PORT_RECEIVE } as const;

/** A right. `R` is its type for programs that have one, such as `SendRight<Event>`. */
export const right = <R extends PortName = PortName>(kind: CarriedKind): Slot<Given<R>, R> => ({
  kind: 'right',
  type: TYPES[kind],
});

/** An array of rights, which travels out of line. */
export const rights = <R extends PortName = PortName>(kind: CarriedKind): Slot<GivenAll<R>, readonly R[]> => ({
  kind: 'rights',
  type: TYPES[kind],
});

/** A range of memory, which arrives as one of the receiver's own. */
export const memory = (): Slot<GivenMemory, { readonly address: number; readonly size: number }> => ({
  kind: 'memory',
  type: 0,
});

/** What goes with a message, by name. Its order is that of the descriptors. */
export type Slots = Readonly<Record<string, Slot>>;
/** What is given for slots. */
export type GivenFor<S> = { readonly [K in keyof S]: S[K] extends Slot<infer Give, unknown> ? Give : never };
/** What arrives in slots. */
export type ArrivedIn<S> = { readonly [K in keyof S]: S[K] extends Slot<unknown, infer Get> ? Get : never };

/** The declaration of a routine. What is absent is nothing: no arguments, no answer but that it was done, no errors. */
export interface Declaration {
  readonly takes?: Schema;
  readonly gives?: Schema;
  /** Codes of its own that it may refuse with, beside Mach's. */
  readonly errors?: readonly string[];
  /** Rights and memory that go with the request. */
  readonly carries?: Slots;
  /** Rights and memory that come with the answer. */
  readonly returns?: Slots;
  /** The request says how long its caller waits; who has gone is not served. */
  readonly deadline?: boolean;
}

/** Types of a routine beside what the caller gives and gets. `Same` stands for those. */
export interface Extras {
  readonly seen: unknown;
  readonly answered: unknown;
  readonly errors: string;
  readonly carries: unknown;
  readonly returns: unknown;
  readonly simple: boolean;
}

declare const same: unique symbol;
/** The handler's side sees what the caller's side does. */
export interface Same {
  readonly [same]: true;
}

/** A routine that is declared by two types alone: carries what its description says, and nobody looks. */
export interface Plain extends Extras {
  readonly seen: Same;
  readonly answered: Same;
  readonly errors: never;
  readonly carries: null;
  readonly returns: null;
  readonly simple: false;
}

/** One routine: what its caller gives (`In`) and gets (`Out`). Made by `routine` or `simple`. */
export interface Routine<In, Out, E extends Extras = Plain> {
  readonly [shape]?: (request: In) => Out;
  readonly [extra]?: E;
  readonly takes: Schema | null;
  readonly gives: Schema | null;
  readonly errors: readonly string[];
  /** Null if nothing is said about them: then anything may come. */
  readonly carries: Slots | null;
  readonly returns: Slots | null;
  readonly deadline: boolean;
  readonly isSimple: boolean;
}

/** The routines of an interface. */
export type Routines = Readonly<Record<string, Routine<never, unknown, Extras>>>;

/** What the caller gives. */
export type InOf<R> = R extends Routine<infer In, unknown, Extras> ? In : never;
/** What the caller gets. */
export type OutOf<R> = R extends Routine<never, infer Out, Extras> ? Out : never;
type ExtraOf<R> = R extends { readonly [extra]?: infer E } ? NonNullable<E> : never;
type Field<R, K extends keyof Extras> = ExtraOf<R> extends Extras ? ExtraOf<R>[K] : never;
/** What the handler gets: the output of the schema. */
export type SeenOf<R> = Field<R, 'seen'> extends Same ? InOf<R> : Field<R, 'seen'>;
/** What the handler answers: the input of the schema. */
export type AnsweredOf<R> = Field<R, 'answered'> extends Same ? OutOf<R> : Field<R, 'answered'>;
/** Codes of the routine's own. */
export type ErrorsOf<R> = Field<R, 'errors'>;
/** Slots of the request; null if nothing is said about them. */
export type CarriesOf<R> = Field<R, 'carries'>;
/** Slots of the answer. */
export type ReturnsOf<R> = Field<R, 'returns'>;
/** True for a routine without an answer. */
export type IsSimple<R> = Field<R, 'simple'> extends true ? true : false;

type SlotsIn<D, K extends 'carries' | 'returns'> = D extends { readonly [P in K]: infer S } ? S : Record<never, never>;
type SchemaIn<D, K extends 'takes' | 'gives'> = D extends { readonly [P in K]: infer S } ? S : undefined;
type ErrorsIn<D> = D extends { readonly errors: readonly (infer C)[] } ? C & string : never;

/** Types of a declaration. */
export interface Declared<D, Simple extends boolean> extends Extras {
  readonly seen: OutputOf<SchemaIn<D, 'takes'>>;
  readonly answered: InputOf<SchemaIn<D, 'gives'>>;
  readonly errors: ErrorsIn<D>;
  readonly carries: SlotsIn<D, 'carries'>;
  readonly returns: SlotsIn<D, 'returns'>;
  readonly simple: Simple;
}

/** The routine of a declaration. */
export type RoutineOf<D, Simple extends boolean = false> = Routine<
  InputOf<SchemaIn<D, 'takes'>>,
  OutputOf<SchemaIn<D, 'gives'>>,
  Declared<D, Simple>
>;

const PLAIN: Routine<never, never, never> = Object.freeze({
  takes: null,
  gives: null,
  errors: [],
  carries: null,
  returns: null,
  deadline: false,
  isSimple: false,
});

/** Declares a routine whole (`takes`, `gives`, …), or by its two types, with a schema that checks requests. */
export function routine<const D extends Declaration>(declaration: D): RoutineOf<D>;
export function routine<In, Out>(check?: Check<In> | null): Routine<In, Out>;
export function routine(of: Declaration | Check<unknown> | null = null): object {
  if (of === null || '~standard' in of) return { ...PLAIN, takes: of };
  return { ...PLAIN, ...of, carries: of.carries ?? {}, returns: of.returns ?? {} };
}

/** What a routine without an answer may say of itself. */
export interface SimpleDeclaration extends Pick<Declaration, 'takes' | 'carries'> {
  readonly gives?: never;
  readonly returns?: never;
  readonly errors?: never;
  readonly deadline?: never;
}

/** Declares a routine that is not answered: its caller does not wait, and is not told of a refusal. */
export const simple = <const D extends SimpleDeclaration>(declaration: D): RoutineOf<D, true> =>
  ({ ...PLAIN, ...declaration, carries: declaration.carries ?? {}, returns: {}, isSimple: true }) as never;

/** A number that is kept for a routine that there is no more: asked for it, a server answers MIG_BAD_ID. */
export const skip: unique symbol = Symbol('skip');

/** A server's refusal. `MIG_NO_REPLY` keeps the reply right: the server answers later. */
export class Refusal<C extends string = MachCode> {
  readonly code: C;
  /** What was wrong, and where; the caller is told. */
  readonly why: string | null;

  constructor(code: C, why: string | null = null) {
    this.code = code;
    this.why = why;
  }
}

/** An answer that carries something. Made by `answer`. */
export class AnswerWith {
  readonly value: unknown;
  /** By the names of `returns`, or in order for a routine that does not say. */
  readonly rights: object;

  constructor(value: unknown, given: object) {
    this.value = value;
    this.rights = given;
  }
}

/** What a handler answers if something goes with it. */
export type WithRights<Out> = AnswerWith & { readonly value: Out };

/** What a handler may answer. */
export type Outcome<R> = AnsweredOf<R> | WithRights<AnsweredOf<R>> | Refusal<ErrorsOf<R> | MachCode>;

/** What a handler is told beside the arguments and the message. */
export interface Call<R> {
  /** Rights and memory of the request, by the names of `carries`. They are the server's, unless it refuses. */
  readonly carried: CarriesOf<R> extends null ? Record<never, never> : ArrivedIn<CarriesOf<R>>;
  /** When the caller will have gone, by `sys.now()` here; null if it did not say. */
  readonly deadline: number | null;
}

/** Milliseconds that are left to a call: what to give on to a call of one's own. Never below 0. */
export const timeLeft = ({ deadline }: { readonly deadline: number | null }, now: number): number | undefined =>
  deadline === null ? undefined : Math.max(0, deadline - now);

/** A reply as its caller reads it. Codes are the routine's own, or Mach's. */
export type Reply<R> =
  | {
      readonly retcode: 'KERN_SUCCESS';
      readonly value: OutOf<R>;
      readonly carried: ReturnsOf<R> extends null ? Record<never, never> : ArrivedIn<ReturnsOf<R>>;
    }
  | {
      readonly retcode: Exclude<ErrorsOf<R> | MachCode, 'KERN_SUCCESS'>;
      readonly why: string | null;
    };
