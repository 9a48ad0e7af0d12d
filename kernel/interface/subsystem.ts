/**
 * Typed interfaces, our MIG: a subsystem gives its routines numbers, a client stub and a server loop. A request has the
 * number of its routine, its reply that number + 100; a reply begins with `retcode`; a failed reply holds nothing else
 * but why (mach-ipc 2.20). README.md has the whole of it.
 */
import type { Body } from '../../ports/body.ts';
import type { Draft } from '../../ports/draft.ts';
import { MACH_PORT_NULL, type PortName } from '../../ports/name.ts';
import type { Item, Received } from '../../ports/port.ts';
import { COPY_SEND, MAKE_SEND_ONCE, MOVE_SEND, MOVE_SEND_ONCE, PORT_SEND_ONCE } from '../../ports/right.ts';
import type { Sys } from '../program.ts';
import {
  type Composed,
  composeAnswer,
  composeRequest,
  type Heard,
  REPLY,
  readAnswer,
  readRequest,
} from './conversation.ts';
import {
  type Call,
  type CarriesOf,
  type GivenFor,
  type InOf,
  type Outcome,
  Refusal,
  type Reply,
  type Routines,
  type SeenOf,
  skip,
} from './routine.ts';

export { type Check, Refusal, type Reply, type Routine, routine } from './routine.ts';

/** Routines of one subsystem: their replies must not meet the requests' numbers. */
export const ROUTINES_MAX: number = REPLY;

/** What a server does with each request: answers, or refuses. */
export type Handlers<R extends Routines> = {
  readonly [K in keyof R]: (request: SeenOf<R[K]>, message: Received, call: Call<R[K]>) => Outcome<R[K]>;
};

/** What goes with a request: by name if the routine says what, else in the order of its description. */
export type GivenWith<R> = CarriesOf<R> extends null ? object : GivenFor<CarriesOf<R>>;

/** Options of a request. `given` must be there if the routine carries anything. */
export type DraftOptions<R> = { readonly timeoutMs?: number } & (Record<never, never> extends GivenWith<R>
  ? { readonly given?: GivenWith<R> }
  : { readonly given: GivenWith<R> });

/** `DraftOptions`, absent where they may be. */
export type DraftRest<R> =
  Record<never, never> extends DraftOptions<R> ? [options?: DraftOptions<R>] : [options: DraftOptions<R>];

/** Both halves of an interface. */
export interface Subsystem<R extends Routines> {
  readonly name: string;
  /** Its routines, in the order of their numbers; not those that are skipped. */
  readonly routines: readonly (keyof R & string)[];
  /** The numbers that it has: from the first to the last, whether each is used or not. */
  readonly range: { readonly first: number; readonly last: number };
  /** Number of a routine's request. */
  id(routine: keyof R & string): number;
  /** True for a routine that is not answered. */
  isSimple(routine: keyof R & string): boolean;
  /** True for a routine whose requests say how long their caller waits. */
  hasDeadline(routine: keyof R & string): boolean;
  /**
   * The request as a draft: the server's port by COPY_SEND, the answer by a send-once right to `reply`. Not checked:
   * for routines that are declared by two types.
   */
  request<K extends keyof R & string>(server: PortName, reply: PortName, routine: K, args: InOf<R[K]>): Draft;
  /** The request as a draft, checked, with all that goes with it; or what is wrong. Nothing has been taken. */
  draft<K extends keyof R & string>(
    server: PortName,
    reply: PortName,
    routine: K,
    args: InOf<R[K]>,
    ...rest: DraftRest<R[K]>
  ): Draft | Refusal;
  /** The request without destination. For stubs. */
  compose(routine: string, args: unknown, given: object, ms: number | undefined): Composed | Refusal;
  /** The routine of a request's number; undefined if there is none. */
  routineOf(id: number): (keyof R & string) | undefined;
  /** What a request holds, checked, or the refusal. For server loops. */
  read(routine: string, message: Heard, now: number): ReturnType<typeof readRequest>;
  /** The answer to a request. For server loops. */
  answer(routine: string | undefined, id: number, outcome: unknown): ReturnType<typeof composeAnswer>;
  /** Reads a reply to `routine`. What comes with a reply that is no success is the reader's to give up. */
  reply<K extends keyof R & string>(routine: K, message: Heard | null): Reply<R[K]>;
  /**
   * Serves one request: checks, runs the handler, answers. Rights the handler did not take are destroyed if it
   * refuses.
   */
  serve(sys: Sys, message: Received, handlers: Handlers<R>): void;
}

/** The routines among what was declared. */
export type Kept<D> = { readonly [K in keyof D as D[K] extends typeof skip ? never : K]: D[K] };

/** Routines, and numbers that are skipped. */
export type Declarations = Readonly<Record<string, Routines[string] | typeof skip>>;

/**
 * Makes an interface. `base` is the number of its first routine; at most 100 have room. Throws a RangeError if more
 * are declared, or numbers that no message has.
 */
export const subsystem = <D extends Declarations>(
  name: string,
  base: number,
  declared: D,
): Subsystem<D extends Routines ? D : Kept<D> extends Routines ? Kept<D> : never> => {
  const names = Object.keys(declared);
  if (names.length > ROUTINES_MAX) throw new RangeError(`${name}: ${names.length} routines, at most ${ROUTINES_MAX}`);
  if (!Number.isInteger(base) || base < 0 || base + 2 * REPLY > 2 ** 31) throw new RangeError(`${name}: base ${base}`);
  const numberOf = (key: string): number => base + names.indexOf(key);
  const routineOf = (id: number): string | undefined => {
    const key = names[id - base];
    return key === undefined || declared[key] === skip ? undefined : key;
  };
  const of = (key: string): Routines[string] => declared[key] as Routines[string];
  const compose: Subsystem<Routines>['compose'] = (key, args, given, ms) =>
    composeRequest(of(key), numberOf(key), { args, given, ms });
  const made: Subsystem<Routines> = {
    name,
    routines: names.filter((key) => declared[key] !== skip),
    range: { first: base, last: base + names.length - 1 },
    id: numberOf,
    isSimple: (key) => of(key).isSimple,
    hasDeadline: (key) => of(key).deadline,
    routineOf,
    compose,
    request: (server, reply, key, args) => addressed(server, reply, { id: numberOf(key), body: args as Body }),
    draft: (server, reply, key, args, ...[options]) => {
      const composed = compose(key, args, options?.given ?? {}, options?.timeoutMs);
      if (composed instanceof Refusal) return composed;
      return addressed(server, of(key).isSimple ? MACH_PORT_NULL : reply, composed);
    },
    read: (key, message, now) => readRequest(of(key), message, now),
    answer: (key, id, outcome) => composeAnswer(key === undefined ? undefined : of(key), id, outcome),
    reply: (key, message) => readAnswer(of(key), numberOf(key), message) as Reply<Routines[string]>,
    serve: (sys, message, handlers) => serve(made, sys, message, handlers as Readonly<Record<string, Handler>>),
  };
  return made as never;
};

const addressed = (
  server: PortName,
  reply: PortName,
  { id, body, descriptors = [] }: Pick<Composed, 'id' | 'body'> & Partial<Composed>,
): Draft => ({
  remote: server,
  remoteDisposition: COPY_SEND,
  ...(reply === MACH_PORT_NULL ? {} : { local: reply, localDisposition: MAKE_SEND_ONCE }),
  id,
  body,
  ...(descriptors.length === 0 ? {} : { descriptors }),
});

type Handler = (request: never, message: Received, call: Call<never>) => unknown;

const serve = (
  service: Subsystem<Routines>,
  sys: Sys,
  message: Received,
  handlers: Readonly<Record<string, Handler>>,
): void => {
  const key = service.routineOf(message.id);
  const handler = key !== undefined && Object.hasOwn(handlers, key) ? handlers[key] : undefined;
  if (key === undefined || handler === undefined) {
    return answer(service, sys, message, { key, outcome: new Refusal('MIG_BAD_ID') });
  }
  if (service.hasDeadline(key) && !isWanted(sys, message)) return drop(sys, message);
  const read = service.read(key, message, sys.now());
  const outcome = read instanceof Refusal ? read : handler(read.args as never, message, read.call);
  answer(service, sys, message, { key, outcome });
};

const answer = (
  service: Subsystem<Routines>,
  sys: Sys,
  message: Received,
  { key, outcome }: { readonly key: string | undefined; readonly outcome: unknown },
): void => {
  const refusal = outcome instanceof Refusal ? outcome : null;
  if (refusal?.code === 'MIG_NO_REPLY') return;
  if (refusal !== null) releaseItems(sys, message.items);
  if (message.remote === MACH_PORT_NULL) return;
  if (key !== undefined && service.isSimple(key)) return giveUpReply(sys, message);
  const { fault: _, ...composed } = service.answer(key, message.id, outcome);
  const kr = sys.send({
    ...composed,
    remote: message.remote,
    remoteDisposition: message.remoteType === PORT_SEND_ONCE ? MOVE_SEND_ONCE : MOVE_SEND,
  });
  if (kr !== 'MACH_MSG_SUCCESS') giveUpReply(sys, message);
};

const giveUpReply = (sys: Sys, { remote: name }: Pick<Received, 'remote'>): void => {
  sys.call({ op: 'port_deallocate', name });
};

/** Whether the caller of a request still waits: it has a reply right, and the port behind it lives. */
export const isWanted = (sys: Pick<Sys, 'call'>, { remote: name }: Pick<Received, 'remote'>): boolean => {
  if (name === MACH_PORT_NULL) return true; // nobody ever waited
  const { type } = sys.call({ op: 'port_type', name });
  return Array.isArray(type) && !type.includes('DEAD_NAME');
};

/** Nobody waits for it: what it brought goes, and so does the dead name that is left of the reply right. */
const drop = (sys: Sys, message: Received): void => {
  releaseItems(sys, message.items);
  giveUpReply(sys, message);
};

/**
 * Asks to be told when the caller of a request that will be answered later gives up: a DEAD_NAME notification on
 * `notify` with the name of the reply right, which then has a reference more than the message gave
 * (`port_deallocate` twice). False if the caller is gone already.
 */
export const watchCaller = (
  sys: Pick<Sys, 'call'>,
  { remote: name }: Pick<Received, 'remote'>,
  notify: PortName,
): boolean => {
  const right = { name: notify, disposition: MAKE_SEND_ONCE };
  const { kr } = sys.call({ op: 'port_request_notification', name, kind: 'DEAD_NAME', sync: 0, notify: right });
  return kr === 'KERN_SUCCESS';
};

/** Serves several subsystems at one port, each with its handlers: `demux([a, forA], [b, forB])`. */
export const demux = (
  ...services: readonly (readonly [service: Pick<Subsystem<never>, 'name' | 'range'>, handlers: object])[]
): ((sys: Sys, message: Received) => void) => {
  const sorted = [...services].sort(([a], [b]) => a.range.first - b.range.first);
  for (const [index, [{ name, range }]] of sorted.entries()) {
    const next = sorted[index + 1]?.[0];
    if (next !== undefined && next.range.first <= range.last) {
      throw new RangeError(`${name} and ${next.name} share numbers from ${next.range.first} on`);
    }
  }
  return (sys, message) => {
    const found = sorted.find(([{ range }]) => message.id >= range.first && message.id <= range.last);
    const [service, handlers] = found ?? [NOBODY, {}];
    (service as Subsystem<Routines>).serve(sys, message, handlers as never);
  };
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

/** What answers numbers that nobody has. */
const NOBODY: Subsystem<Record<never, never>> = subsystem('nobody', 0, {});
