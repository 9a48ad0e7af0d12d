/**
 * Typed interfaces, our MIG: a subsystem gives its routines numbers, a client stub and a server loop. A request has the
 * number of its routine, its reply that number + 100; a reply begins with `retcode`; a failed reply holds nothing else
 * (mach-ipc 2.20).
 */
import type { Body } from '../../ports/body.ts';
import type { Draft } from '../../ports/draft.ts';
import type { MachCode } from '../../ports/kern-return.ts';
import { MACH_PORT_NULL, type PortName } from '../../ports/name.ts';
import type { Item, Received } from '../../ports/port.ts';
import { COPY_SEND, MAKE_SEND_ONCE, MOVE_SEND, MOVE_SEND_ONCE, PORT_SEND_ONCE } from '../../ports/right.ts';
import type { Sys } from '../program.ts';

declare const shape: unique symbol;

/** One routine: what it takes and gives. Made by `routine`. */
export interface Routine<In, Out> {
  readonly [shape]?: (request: In) => Out;
  readonly check: Check<unknown> | null;
}

/** Checks what arrives (any Standard Schema fits): refused requests are answered MIG_BAD_ARGUMENTS. */
export interface Check<T> {
  readonly '~standard': {
    /** A value, or issues. Anything else, a check that answers later above all, counts as a refusal. */
    validate(value: unknown): { readonly value: T } | { readonly issues: readonly unknown[] } | object;
  };
}

/** Declares a routine by its types; a schema may check what arrives. */
export const routine = <In, Out>(check: Check<In> | null = null): Routine<In, Out> => ({ check });

type Routines = Readonly<Record<string, Routine<never, unknown>>>;
type InOf<R> = R extends Routine<infer In, unknown> ? In : never;
type OutOf<R> = R extends Routine<never, infer Out> ? Out : never;

/** What a server does with each request: answers a body, or a code that refuses. */
export type Handlers<R extends Routines> = {
  readonly [K in keyof R]: (request: InOf<R[K]>, message: Received) => OutOf<R[K]> | Refusal;
};

/** A server's refusal. `MIG_NO_REPLY` keeps the reply right: the server answers later. */
export class Refusal {
  readonly code: MachCode;

  constructor(code: MachCode) {
    this.code = code;
  }
}

/** A reply as its caller reads it. */
export type Reply<Out> = { readonly retcode: 'KERN_SUCCESS'; readonly value: Out } | { readonly retcode: MachCode };

/** Both halves of an interface. */
export interface Subsystem<R extends Routines> {
  readonly name: string;
  /** Its routines, in the order of their numbers. */
  readonly routines: readonly (keyof R & string)[];
  /** Number of a routine's request. */
  id(routine: keyof R & string): number;
  /** The request as a draft: the server's port by COPY_SEND, the answer by a send-once right to `reply`. */
  request<K extends keyof R & string>(server: PortName, reply: PortName, routine: K, args: InOf<R[K]>): Draft;
  /** The routine of a request's number; undefined if there is none. */
  routineOf(id: number): (keyof R & string) | undefined;
  /** What a request may hold, checked: the value, or the refusal. */
  check(routine: keyof R & string, body: Body): unknown;
  /** Reads a reply to `routine`. */
  reply<K extends keyof R & string>(routine: K, message: Received | null): Reply<OutOf<R[K]>>;
  /**
   * Serves one request: checks, runs the handler, answers. Rights the handler did not take are destroyed if it
   * refuses.
   */
  serve(sys: Sys, message: Received, handlers: Handlers<R>): void;
}

/** Makes an interface. `base` is the number of its first routine. */
export const subsystem = <R extends Routines>(name: string, base: number, routines: R): Subsystem<R> => {
  const names = Object.keys(routines);
  const id = (key: string): number => base + names.indexOf(key);
  return {
    name,
    routines: names,
    id,
    routineOf: (number) => names[number - base],
    check: (key, body) => check(routines[key]?.check ?? null, body),
    request: (server, reply, key, args) => ({
      remote: server,
      remoteDisposition: COPY_SEND,
      local: reply,
      localDisposition: MAKE_SEND_ONCE,
      id: id(key),
      body: args as Body,
    }),
    reply: (key, message) => readReply(id(key), message),
    serve: (sys, message, handlers) => {
      const key = names[message.id - base];
      const declared = key === undefined ? undefined : routines[key];
      const handler = key === undefined ? undefined : handlers[key];
      if (declared === undefined || handler === undefined) return answer(sys, message, new Refusal('MIG_BAD_ID'));
      const checked = check(declared.check, message.body);
      answer(
        sys,
        message,
        checked instanceof Refusal ? checked : (handler(checked as never, message) as Body | Refusal),
      );
    },
  };
};

const check = (schema: Check<unknown> | null, body: Body): unknown => {
  if (schema === null) return body;
  const result = schema['~standard'].validate(body);
  if (!('value' in result)) return new Refusal('MIG_BAD_ARGUMENTS');
  return result.value;
};

const answer = (sys: Sys, message: Received, result: Body | Refusal): void => {
  const refusal = result instanceof Refusal ? result : null;
  if (refusal !== null && refusal.code !== 'MIG_NO_REPLY') releaseItems(sys, message.items);
  if (refusal?.code === 'MIG_NO_REPLY' || message.remote === MACH_PORT_NULL) return;
  const body: Body = refusal === null ? { retcode: 'KERN_SUCCESS', value: result as Body } : { retcode: refusal.code };
  const kr = sys.send({
    remote: message.remote,
    remoteDisposition: message.remoteType === PORT_SEND_ONCE ? MOVE_SEND_ONCE : MOVE_SEND,
    id: message.id + 100,
    body,
  });
  if (kr !== 'MACH_MSG_SUCCESS') sys.call({ op: 'port_deallocate', name: message.remote });
};

/** Gives up every right and all memory of a message that nobody will use. */
export const releaseItems = (sys: Sys, items: readonly Item[] | null): void => {
  for (const item of items ?? []) {
    if (item.kind === 'port') release(sys, item.name, item.type);
    else if (item.kind === 'ool_ports') for (const name of item.names) release(sys, name, item.type);
    else if (item.size > 0) sys.call({ op: 'vm_deallocate', address: item.address, size: item.size });
  }
};

const release = (sys: Sys, name: PortName, type: number): void => {
  if (type === 16) sys.call({ op: 'port_mod_refs', name, right: 'RECEIVE', delta: -1 });
  else sys.call({ op: 'port_deallocate', name });
};

const readReply = <Out>(id: number, message: Received | null): Reply<Out> => {
  if (message === null || message.id === 71) return { retcode: 'MIG_SERVER_DIED' };
  if (message.id !== id + 100) return { retcode: 'MIG_REPLY_MISMATCH' };
  const body = message.body as { retcode?: MachCode; value?: Out } | undefined;
  if (body?.retcode === 'KERN_SUCCESS') return { retcode: 'KERN_SUCCESS', value: body.value as Out };
  return { retcode: body?.retcode ?? 'MIG_TYPE_ERROR' };
};
