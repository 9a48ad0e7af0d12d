/** The name server: a machine. It forgets a name when the port dies, or the port that signed for it. */

import { Refusal, releaseItems } from '../../kernel/interface/subsystem.ts';
import { machine } from '../../kernel/machine.ts';
import type { Program, Sys } from '../../kernel/program.ts';
import { NOTIFY_DEAD_NAME } from '../../ports/fate.ts';
import { isName, MACH_PORT_NULL, type PortName } from '../../ports/name.ts';
import type { Received } from '../../ports/port.ts';
import { COPY_SEND, MAKE_SEND_ONCE, MOVE_SEND, MOVE_SEND_ONCE, PORT_SEND, PORT_SEND_ONCE } from '../../ports/right.ts';
import { type NodeId, netService } from '../net/protocol.ts';
import { NAME_MAX, NAMES_MAX, nameService, refuseName } from './protocol.ts';

/** What the name server is given. Names are in its own space. */
export interface NamesArguments {
  /** Receive right of the service. */
  readonly service: PortName;
  /** Send right to the net service; NULL on a kernel without neighbours. */
  readonly net: PortName;
  /** The node that a host name means: 'here' for this one, null for none. Its name service is checked in as `names`. */
  readonly nodeOf: (host: string) => NodeId | 'here' | null;
}

interface Registered {
  readonly name: string;
  port: PortName;
  signature: PortName;
}

/** A look-up on another node: first of its name service, then there. `port` is where the answers come. */
interface Query {
  readonly name: string;
  step: 'finding' | 'asking';
  readonly port: PortName;
  readonly client: PortName;
  readonly clientType: number;
}

interface State {
  at: string;
  readonly own: NamesArguments;
  set: PortName;
  /** Where deaths are told. */
  watch: PortName;
  readonly names: Registered[];
  readonly queries: Query[];
}

const LOOK_UP_REPLY = nameService.id('look_up') + 100;
const LATER = new Refusal('MIG_NO_REPLY');
const QUERIES_MAX = 256;

const allocate = (sys: Sys, right: 'RECEIVE' | 'PORT_SET'): PortName =>
  sys.call({ op: 'port_allocate', right })['name'] as PortName;

/** The program of the name server. */
export const nameServer: Program = machine<State, NamesArguments>({
  name: 'names',
  hash: 'names',
  start: (own) => ({ at: 'begin', own, set: MACH_PORT_NULL, watch: MACH_PORT_NULL, names: [], queries: [] }),
  handlers: {
    begin(sys, s) {
      s.set = allocate(sys, 'PORT_SET');
      s.watch = allocate(sys, 'RECEIVE');
      for (const member of [s.own.service, s.watch]) {
        sys.call({ op: 'port_move_member', member, after: s.set });
        sys.call({ op: 'port_set_qlimit', name: member, qlimit: 256 });
      }
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
  if (message.local === s.watch) return forgetDead(sys, s, message);
  if (message.local !== s.own.service) return answerQuery(sys, s, message);
  nameService.serve(sys, message, {
    check_in: ({ name }) => checkIn(sys, s, name, message),
    look_up: ({ name, host }) => lookUp(sys, s, { name, host: host ?? '' }, message),
    check_out: ({ name }) => checkOut(sys, s, name, message),
    list: () => s.names.map((each) => each.name).sort(),
  });
};

const isProper = (name: unknown): name is string =>
  typeof name === 'string' && name !== '' && new TextEncoder().encode(name).length <= NAME_MAX;

/** The send right in a descriptor of a request, NULL if there is none. */
const rightAt = (message: Received, index: number): PortName => {
  const item = message.items?.[index];
  return item?.kind === 'port' && item.type === PORT_SEND ? item.name : MACH_PORT_NULL;
};

const checkIn = (sys: Sys, s: State, name: string, message: Received): null | Refusal => {
  const port = rightAt(message, 0);
  const signature = rightAt(message, 1);
  if (!isProper(name) || !isName(port)) return new Refusal('KERN_INVALID_ARGUMENT');
  const before = s.names.find((each) => each.name === name);
  if (before !== undefined && before.signature !== signature) return refuseName('NETNAME_NOT_YOURS');
  if (before === undefined && s.names.length >= NAMES_MAX) return new Refusal('KERN_RESOURCE_SHORTAGE');
  if (before === undefined) s.names.push({ name, port, signature });
  else {
    giveUp(sys, before.port);
    giveUp(sys, before.signature);
    before.port = port;
    before.signature = signature;
  }
  watch(sys, s, port);
  watch(sys, s, signature);
  return null;
};

const checkOut = (sys: Sys, s: State, name: string, message: Received): null | Refusal => {
  const index = s.names.findIndex((each) => each.name === name);
  const found = s.names[index];
  if (found === undefined) return refuseName('NETNAME_NOT_CHECKED_IN');
  if (found.signature !== rightAt(message, 0)) return refuseName('NETNAME_NOT_YOURS');
  s.names.splice(index, 1);
  for (const right of [found.port, found.signature]) giveUp(sys, right);
  releaseItems(sys, message.items);
  return null;
};

interface Wanted {
  readonly name: string;
  readonly host: string;
}

const lookUp = (sys: Sys, s: State, { name, host }: Wanted, message: Received): Refusal => {
  releaseItems(sys, message.items);
  const node = host === '' ? 'here' : s.own.nodeOf(host);
  if (node === null || (node !== 'here' && !isName(s.own.net))) return refuseName('NETNAME_NO_SUCH_HOST');
  if (node !== 'here') return askElsewhere(sys, s, { name, host: node }, message);
  const found = s.names.find((each) => each.name === name);
  if (found === undefined) return refuseName('NETNAME_NOT_CHECKED_IN');
  answer(sys, { client: message.remote, clientType: message.remoteType }, found.port, COPY_SEND);
  return LATER;
};

const askElsewhere = (sys: Sys, s: State, { name, host }: Wanted, message: Received): Refusal => {
  if (s.queries.length >= QUERIES_MAX) return new Refusal('KERN_RESOURCE_SHORTAGE');
  const port = allocate(sys, 'RECEIVE');
  sys.call({ op: 'port_move_member', member: port, after: s.set });
  const kr = sys.send(netService.request(s.own.net, port, 'look_up', { node: host, name: 'names' }));
  if (kr !== 'MACH_MSG_SUCCESS') {
    endPort(sys, port);
    return new Refusal('KERN_RESOURCE_SHORTAGE');
  }
  s.queries.push({ name, step: 'finding', port, client: message.remote, clientType: message.remoteType });
  return LATER;
};

const answerQuery = (sys: Sys, s: State, message: Received): void => {
  const query = s.queries.find(({ port }) => port === message.local);
  if (query === undefined) return releaseItems(sys, message.items);
  const right = rightAt(message, 0);
  if (query.step === 'finding') {
    const isFound = netService.reply('look_up', message).retcode === 'KERN_SUCCESS' && isName(right);
    if (!isFound) return endQuery(sys, s, query, message, 'NETNAME_HOST_NOT_FOUND');
    const kr = sys.send(nameService.request(right, query.port, 'look_up', { name: query.name }));
    giveUp(sys, right);
    query.step = 'asking';
    if (kr !== 'MACH_MSG_SUCCESS') endQuery(sys, s, query, null, 'NETNAME_HOST_NOT_FOUND');
    return;
  }
  const { retcode } = nameService.reply('look_up', message);
  const code: string = retcode === 'KERN_SUCCESS' || retcode === 'MIG_SERVER_DIED' ? 'NETNAME_HOST_NOT_FOUND' : retcode;
  if (retcode !== 'KERN_SUCCESS' || !isName(right)) return endQuery(sys, s, query, message, code);
  forget(sys, s, query);
  answer(sys, query, right, MOVE_SEND);
};

/** Tells the client why there is no answer. */
const endQuery = (sys: Sys, s: State, query: Query, message: Received | null, retcode: string): void => {
  if (message !== null) releaseItems(sys, message.items);
  forget(sys, s, query);
  reply(sys, query, { retcode }, []);
};

const forget = (sys: Sys, s: State, query: Query): void => {
  s.queries.splice(s.queries.indexOf(query), 1);
  endPort(sys, query.port);
};

const endPort = (sys: Sys, name: PortName): void => {
  sys.call({ op: 'port_mod_refs', name, right: 'RECEIVE', delta: -1 });
};

type Client = Pick<Query, 'client' | 'clientType'>;

const answer = (sys: Sys, client: Client, name: PortName, disposition: number): void => {
  reply(sys, client, { retcode: 'KERN_SUCCESS', value: null }, [{ kind: 'port', name, disposition }]);
};

const reply = (
  sys: Sys,
  { client, clientType }: Client,
  body: { readonly retcode: string; readonly value?: null },
  descriptors: readonly { readonly kind: 'port'; readonly name: PortName; readonly disposition: number }[],
): void => {
  const remoteDisposition = clientType === PORT_SEND_ONCE ? MOVE_SEND_ONCE : MOVE_SEND;
  const kr = sys.send({ remote: client, remoteDisposition, id: LOOK_UP_REPLY, body, descriptors });
  if (kr === 'MACH_MSG_SUCCESS') return;
  giveUp(sys, client);
  for (const { name, disposition } of descriptors) if (disposition === MOVE_SEND) giveUp(sys, name);
};

/** Asks to be told of a death. A right that is dead already is told of at once. */
const watch = (sys: Sys, s: State, name: PortName): void => {
  if (!isName(name)) return;
  const notify = { name: s.watch, disposition: MAKE_SEND_ONCE };
  const { previous } = sys.call({ op: 'port_request_notification', name, kind: 'DEAD_NAME', sync: 1, notify });
  if (typeof previous === 'number') giveUp(sys, previous as PortName);
};

const forgetDead = (sys: Sys, s: State, message: Received): void => {
  if (message.id !== NOTIFY_DEAD_NAME) return;
  const { name } = message.body as { readonly name: PortName };
  giveUp(sys, name);
  for (let index = s.names.length - 1; index >= 0; index -= 1) {
    const entry = s.names[index];
    if (entry === undefined || (entry.port !== name && entry.signature !== name)) continue;
    s.names.splice(index, 1);
    for (const right of [entry.port, entry.signature]) giveUp(sys, right);
  }
};

const giveUp = (sys: Sys, name: PortName): void => {
  if (isName(name)) sys.call({ op: 'port_deallocate', name });
};
