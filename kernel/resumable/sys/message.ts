/**
 * Messages with types. A port is typed by what is said to it: a plain type is a body and nothing else; `Msg` adds what
 * a message carries and how it is answered. A union of them is a port that understands several.
 */
import type { PortName } from '../../../ports/name.ts';
import type { AnyRight, Given, SendOnceRight } from './rights.ts';
import type { IsSendable, NotSendable, Sendable } from './sendable.ts';

declare const shape: unique symbol;

/** What can be said of a message. */
export interface Shape {
  /** Its number; any, if absent. */
  readonly id?: number;
  /** What it says; nothing, if absent. */
  readonly body?: unknown;
  /** The rights that it carries, in order; none, if absent. */
  readonly rights?: readonly AnyRight[];
  /** The message that answers it, a type like that of any other; it is not answered, if absent. */
  readonly answer?: unknown;
}

/** A message that is more than a body. Such as `Msg<{ body: { add: number }; answer: number }>`. */
export interface Msg<S extends Shape> {
  readonly [shape]: S;
}

type Field<S, K extends keyof Shape, Otherwise> = S extends { readonly [P in K]: infer V } ? V : Otherwise;

/** What a message says. */
export type BodyOf<M> = M extends Msg<infer S> ? Field<S, 'body', undefined> : M;
/** The rights that a message carries. */
export type RightsOf<M> = M extends Msg<infer S> ? Field<S, 'rights', readonly []> : readonly [];
/** The message that answers a message; never, if none does. */
export type AnswerOf<M> = M extends Msg<infer S> ? Field<S, 'answer', never> : never;
type IdOf<M> = M extends Msg<infer S> ? Field<S, 'id', number> : number;

/** Memory in a message: a range of the sender's, or of the receiver's once it has arrived. */
export interface MemoryItem {
  readonly address: number;
  readonly size: number;
}

/** What every received message has. */
export interface Envelope {
  /** Of the task that sent it, stamped by its kernel; null if a kernel did. */
  readonly sender: string | null;
  /** The port that it arrived on, which tells the members of a set apart. */
  readonly local: PortName;
  /** Its place in the order of the port's messages. */
  readonly seqno: number;
  readonly memory: readonly MemoryItem[];
  /** Type of the reply right: 17 send, 18 send-once, 0 none. */
  readonly remoteType: number;
}

/**
 * A message that has arrived. Its rights and its memory are the receiver's from now on. `reply` answers it; what
 * arrives is frozen.
 */
export type Received<M> = unknown extends M
  ? Envelope & {
      readonly id: number;
      readonly body: unknown;
      readonly rights: readonly AnyRight[];
      readonly reply: SendOnceRight | null;
    }
  : M extends unknown
    ? Envelope & {
        readonly id: IdOf<M>;
        readonly body: BodyOf<M>;
        readonly rights: RightsOf<M>;
        readonly reply: [AnswerOf<M>] extends [never] ? null : SendOnceRight<AnswerOf<M>>;
      }
    : never;

type GivenRights<R extends readonly unknown[]> = { readonly [K in keyof R]: Given<R[K]> };

/** Options that every message may be sent with. */
export interface SendCommon {
  /** Milliseconds that it waits for room in the queue; for ever, if absent. MACH_SEND_TIMED_OUT. */
  readonly timeoutMs?: number;
  /** Memory that goes along: shared copy-on-write, or given away (`deallocate`). */
  readonly memory?: readonly (MemoryItem & { readonly deallocate?: boolean })[];
}

type SendId<M> = number extends IdOf<M> ? { readonly id?: number } : { readonly id: IdOf<M> };
type SendRights<M> =
  RightsOf<M> extends readonly [] ? { readonly rights?: readonly [] } : { readonly rights: GivenRights<RightsOf<M>> };

/** How a message of type `M` is sent. What its type says that it carries has to be given. */
export type SendOptionsOf<M> = unknown extends M
  ? SendCommon & { readonly id?: number; readonly rights?: readonly Given<AnyRight>[] }
  : SendCommon & SendId<M> & SendRights<M>;

/** A body, and the options if any of them must be given. One list for each member of a union. */
export type Saying<M, Extra> = M extends unknown
  ? Record<never, never> extends SendOptionsOf<M>
    ? [body: Sendable<BodyOf<M>>, options?: SendOptionsOf<M> & Extra]
    : [body: Sendable<BodyOf<M>>, options: SendOptionsOf<M> & Extra]
  : never;

/** The members of a union that are answered. */
export type Question<M> = M extends unknown ? ([AnswerOf<M>] extends [never] ? never : M) : never;

/** The arguments after those that say which message: refuses a type that no message can have. */
export type IfSendable<M, Rest extends readonly unknown[]> =
  IsSendable<BodyOf<M>> extends true ? Rest : [refused: NotSendable<'no message can say this type'>];
