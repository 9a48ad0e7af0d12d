/**
 * The pager: a machine over a store of pages. To a kernel it is the default pager, which keeps anonymous memory that
 * has no frame; to clients an external pager, which makes memory objects on request. Both kinds of object are the same
 * here: a port, a control port to answer to, and pages in the store.
 */
import {
  type DataRequest,
  MEMORY_OBJECT_CREATE,
  MEMORY_OBJECT_DATA_ERROR,
  MEMORY_OBJECT_DATA_INITIALIZE,
  MEMORY_OBJECT_DATA_REQUEST,
  MEMORY_OBJECT_DATA_RETURN,
  MEMORY_OBJECT_DATA_STORED,
  MEMORY_OBJECT_DATA_SUPPLY,
  MEMORY_OBJECT_DATA_UNAVAILABLE,
  MEMORY_OBJECT_DESTROY,
  MEMORY_OBJECT_INIT,
  MEMORY_OBJECT_READY,
  MEMORY_OBJECT_TERMINATE,
} from '../../kernel/interface/pager.ts';
import { Refusal, releaseItems } from '../../kernel/interface/subsystem.ts';
import { machine } from '../../kernel/machine.ts';
import type { Program, Sys } from '../../kernel/program.ts';
import type { Body } from '../../ports/body.ts';
import { Bytes, viewOfBytes } from '../../ports/bytes.ts';
import { NOTIFY_NO_SENDERS } from '../../ports/fate.ts';
import { isName, MACH_PORT_NULL, type PortName } from '../../ports/name.ts';
import type { Received } from '../../ports/port.ts';
import { COPY_SEND, MAKE_SEND, MAKE_SEND_ONCE, MOVE_SEND, MOVE_SEND_ONCE, PORT_SEND_ONCE } from '../../ports/right.ts';
import { OBJECT_BYTES_MAX, OBJECTS_MAX, type PagerReport, pagerService } from './protocol.ts';
import { KeepingStore, PAGE_SIZE, type PageStore } from './store.ts';

/** What the pager is given. Names are in its own space. */
export interface PagerArguments {
  /** Receive right of the service. A send right to it is what `vm_set_default_memory_manager` takes. */
  readonly service: PortName;
  readonly store: PageStore;
}

/** An object. */
interface Held {
  /** Its number in the store. */
  readonly number: number;
  readonly kind: 'internal' | 'named';
  readonly size: number;
  /** Where its kernel hears; NULL while none maps it. */
  control: PortName;
  /** The name port, which a kernel gives with the control port of a named object. */
  name: PortName;
}

interface State {
  at: string;
  readonly own: { readonly service: PortName; readonly store: KeepingStore };
  set: PortName;
  /** By the name of the object port. */
  readonly objects: Map<PortName, Held>;
  last: number;
}

/** Pages that a kernel should ask for at once. */
const CLUSTER = 8;
/** Bytes in one message: a body has room for them. */
const SUPPLY_MAX: number = 16 * PAGE_SIZE;
const LATER = new Refusal('MIG_NO_REPLY');
const SHORTAGE = new Refusal('KERN_RESOURCE_SHORTAGE');

/** The program of the pager. It holds a store, so it stays where it is: its task should say so in `pinned`. */
export const pagerServer: Program = machine<State, PagerArguments>({
  name: 'pager',
  hash: 'pager',
  start: ({ service, store }) => ({
    at: 'begin',
    own: { service, store: new KeepingStore(store) },
    set: MACH_PORT_NULL,
    objects: new Map(),
    last: 0,
  }),
  handlers: {
    begin(sys, s) {
      s.set = sys.call({ op: 'port_allocate', right: 'PORT_SET' })['name'] as PortName;
      sys.call({ op: 'port_set_qlimit', name: s.own.service, qlimit: 256 });
      sys.call({ op: 'port_move_member', member: s.own.service, after: s.set });
      s.at = 'serve';
      sys.receive(s.set);
    },
    serve(sys, s, { message }) {
      if (message !== null) dispatch(sys, s, message);
      sys.receive(s.set);
    },
  },
});

const dispatch = (sys: Sys, s: State, message: Received): void => {
  const held = s.objects.get(message.local);
  if (held !== undefined) return hear(sys, s, held, message);
  if (message.id === MEMORY_OBJECT_CREATE) return enlist(sys, s, message);
  pagerService.serve(sys, message, {
    create: (request) => create(sys, s, request?.size, message),
    report: () => report(s),
  });
};

const rightAt = (message: Received, index: number): PortName => {
  const item = message.items?.[index];
  return item?.kind === 'port' ? item.name : MACH_PORT_NULL;
};

// --- Objects come into being ---

/** A kernel pages an anonymous object out for the first time. */
const enlist = (sys: Sys, s: State, message: Received): void => {
  const port = rightAt(message, 0);
  const control = rightAt(message, 1);
  if (!isName(port) || !isName(control)) return releaseItems(sys, message.items);
  const { size } = (message.body ?? {}) as { readonly size?: number };
  hold(sys, s, port, { kind: 'internal', size: size ?? 0, control, sync: 0 });
};

/** A client wants an object. The reply carries the right, and so is sent from here. */
const create = (sys: Sys, s: State, size: unknown, message: Received): Refusal => {
  releaseItems(sys, message.items);
  const isSize = typeof size === 'number' && Number.isSafeInteger(size) && size > 0 && size <= OBJECT_BYTES_MAX;
  if (!isSize) return new Refusal('KERN_INVALID_ARGUMENT');
  if (s.objects.size >= OBJECTS_MAX) return SHORTAGE;
  const port = sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'];
  if (typeof port !== 'number') return SHORTAGE;
  const name = port as PortName;
  hold(sys, s, name, { kind: 'named', size, control: MACH_PORT_NULL, sync: 1 });
  const kr = sys.send({
    remote: message.remote,
    remoteDisposition: message.remoteType === PORT_SEND_ONCE ? MOVE_SEND_ONCE : MOVE_SEND,
    id: message.id + 100,
    body: { retcode: 'KERN_SUCCESS', value: null },
    descriptors: [{ kind: 'port', name, disposition: MAKE_SEND }],
  });
  if (kr === 'MACH_MSG_SUCCESS') return LATER;
  if (isName(message.remote)) sys.call({ op: 'port_deallocate', name: message.remote });
  forget(sys, s, name);
  return LATER;
};

interface NewObject extends Pick<Held, 'kind' | 'size' | 'control'> {
  /** How many send rights must have been made before their end is told: none yet for an object of our own. */
  readonly sync: number;
}

const hold = (sys: Sys, s: State, port: PortName, { kind, size, control, sync }: NewObject): void => {
  s.last += 1;
  s.objects.set(port, { number: s.last, kind, size, control, name: MACH_PORT_NULL });
  sys.call({ op: 'port_set_qlimit', name: port, qlimit: 256 });
  const notify = { name: port, disposition: MAKE_SEND_ONCE };
  sys.call({ op: 'port_request_notification', name: port, kind: 'NO_SENDERS', sync, notify });
  sys.call({ op: 'port_move_member', member: port, after: s.set });
};

const report = ({ own, objects }: State): PagerReport => {
  const { stored, kept, limit, trouble } = own.store;
  const all = [...objects.values()];
  const internal = all.filter(({ kind }) => kind === 'internal').length;
  return { internal, named: all.length - internal, stored, kept, limit, trouble };
};

// --- What a kernel says of an object ---

const hear = (sys: Sys, s: State, held: Held, message: Received): void => {
  switch (message.id) {
    case MEMORY_OBJECT_INIT:
      return init(sys, held, message);
    case MEMORY_OBJECT_DATA_REQUEST:
      supply(sys, s.own.store, held, (message.body ?? {}) as unknown as DataRequest);
      return releaseItems(sys, message.items);
    case MEMORY_OBJECT_DATA_INITIALIZE:
    case MEMORY_OBJECT_DATA_RETURN:
      return keep(sys, s.own.store, held, message);
    case MEMORY_OBJECT_TERMINATE:
      releaseItems(sys, message.items);
      if (held.kind === 'internal') return forget(sys, s, message.local);
      return leave(sys, held);
    case NOTIFY_NO_SENDERS:
      return forget(sys, s, message.local);
    default:
      return releaseItems(sys, message.items);
  }
};

/** A kernel maps the object. One at a time: nobody keeps the copies of two kernels alike. */
const init = (sys: Sys, held: Held, message: Received): void => {
  const control = rightAt(message, 0);
  if (held.kind === 'internal' || isName(held.control)) {
    tell(sys, control, MEMORY_OBJECT_DESTROY, { reason: 'the object is mapped by another kernel' });
    return releaseItems(sys, message.items);
  }
  held.control = control;
  held.name = rightAt(message, 1);
  tell(sys, control, MEMORY_OBJECT_READY, { may_cache: false, copy_strategy: 'DELAY', cluster: CLUSTER });
};

/** The kernel unmaps the object; its pages stay. */
const leave = (sys: Sys, held: Held): void => {
  for (const name of [held.control, held.name]) if (isName(name)) sys.call({ op: 'port_deallocate', name });
  held.control = MACH_PORT_NULL;
  held.name = MACH_PORT_NULL;
};

/** Answers for every page asked for: what was stored, or that there is none, or that it cannot be read. */
const supply = (sys: Sys, store: KeepingStore, held: Held, { offset, length }: DataRequest): void => {
  if (!isRange(offset, length)) return;
  const end = offset + length;
  for (let at = offset; at < end; ) {
    const pages: Uint8Array[] = [];
    const first = answerFor(store, held, at);
    let stop = at;
    for (let next = first; sameKind(first, next) && stop < end && stop - at < SUPPLY_MAX; ) {
      if (typeof next !== 'string') pages.push(next);
      stop += PAGE_SIZE;
      next = stop < end ? answerFor(store, held, stop) : 'over';
    }
    if (first === 'none') tell(sys, held.control, MEMORY_OBJECT_DATA_UNAVAILABLE, { offset: at, size: stop - at });
    else if (typeof first === 'string') {
      tell(sys, held.control, MEMORY_OBJECT_DATA_ERROR, { offset: at, size: stop - at, reason: first });
    } else {
      const data = Bytes.adopt(joined(pages));
      tell(sys, held.control, MEMORY_OBJECT_DATA_SUPPLY, { offset: at, data, lock: 0, precious: false });
    }
    at = stop;
  }
};

const answerFor = (store: KeepingStore, held: Held, offset: number): Uint8Array | string => {
  if (held.kind === 'named' && offset >= held.size) return 'behind the end of the object';
  return store.read(held.number, offset / PAGE_SIZE);
};

const sameKind = (first: Uint8Array | string, next: Uint8Array | string): boolean =>
  typeof first === 'string' ? first === next : typeof next !== 'string';

const joined = (pages: readonly Uint8Array[]): Uint8Array => {
  const bytes = new Uint8Array(pages.length * PAGE_SIZE);
  for (const [index, page] of pages.entries()) bytes.set(page, index * PAGE_SIZE);
  return bytes;
};

/** Stores what comes. Reading it out of memory may fault: nothing has been done then. */
const keep = (sys: Sys, store: KeepingStore, held: Held, message: Received): void => {
  const { offset } = (message.body ?? {}) as { readonly offset?: number };
  const data = dataOf(sys, message);
  if (typeof offset === 'number' && isRange(offset, data.length)) {
    for (let at = 0; at < data.length; at += PAGE_SIZE) {
      store.write(held.number, (offset + at) / PAGE_SIZE, data.subarray(at, at + PAGE_SIZE));
    }
    const body = { offset, length: data.length, full: store.trouble !== null };
    if (held.kind === 'internal') tell(sys, held.control, MEMORY_OBJECT_DATA_STORED, body);
  }
  releaseItems(sys, message.items);
};

/** The data of a return: bytes of the body, or memory of the message. */
const dataOf = (sys: Sys, message: Received): Uint8Array => {
  const { data } = (message.body ?? {}) as { readonly data?: unknown };
  if (data instanceof Bytes) return viewOfBytes(data);
  for (const item of message.items ?? []) {
    if (item.kind !== 'ool') continue;
    const bytes = new Uint8Array(item.size);
    sys.vm.read(item.address, bytes);
    return bytes;
  }
  return new Uint8Array(0);
};

const isRange = (offset: number, length: number): boolean =>
  Number.isSafeInteger(offset) &&
  Number.isSafeInteger(length) &&
  offset >= 0 &&
  length > 0 &&
  offset % PAGE_SIZE === 0 &&
  length % PAGE_SIZE === 0 &&
  offset + length <= OBJECT_BYTES_MAX;

const tell = (sys: Sys, control: PortName, id: number, body: Body): void => {
  if (isName(control)) sys.send({ remote: control, remoteDisposition: COPY_SEND, id, body });
};

// --- The end ---

const forget = (sys: Sys, s: State, port: PortName): void => {
  const held = s.objects.get(port);
  if (held === undefined) return;
  s.objects.delete(port);
  leave(sys, held);
  s.own.store.drop(held.number);
  sys.call({ op: 'port_mod_refs', name: port, right: 'RECEIVE', delta: -1 });
};
