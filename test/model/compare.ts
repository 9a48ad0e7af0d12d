/** What must be the same in both worlds. Names that the kernel chose are learnt where the model knows only that one comes. */
import type { Answer } from '../../kernel/interface/calls.ts';
import type { Received } from '../../ports/port.ts';
import { portName } from '../../ports/name.ts';
import type { Errand, Troupe } from './actors.ts';
import type { ExpectedAnswer } from './calls.ts';
import { leftOver, rightsAt } from './count.ts';
import type { ModelKernel } from './kernel.ts';
import { mapAt } from './memory.ts';
import { DEAD, type Expected, type ExpectedItem, type ModelCall, ModelEntry, type ModelSpace, NULL } from './records.ts';
import { denotes, getRefs } from './rights.ts';

const KINDS = ['DEAD_NAME', 'PORT_SET', 'RECEIVE', 'SEND', 'SEND_ONCE'] as const;
const PAGE = 4096;

/** The two worlds differ: what was compared, and everything that had happened, one line each. */
export class Difference extends Error {
  override readonly name = 'Difference';
}

/** Compares the kernel with its model. */
export class Comparison {
  readonly #troupe: Troupe;
  readonly #model: ModelKernel;
  readonly #history: string[];

  constructor(troupe: Troupe, model: ModelKernel, history: string[]) {
    this.#troupe = troupe;
    this.#model = model;
    this.#history = history;
  }

  /** Throws unless the kernel's value is the model's. */
  same(actual: unknown, expected: unknown, what: string): void {
    const [found, wanted] = [text(actual), text(expected)];
    if (found === wanted) return;
    const history = this.#history.map((line, index) => `${index + 1}. ${line}`).join('\n');
    throw new Difference(`${what}: the kernel says ${found}, the model ${wanted}\nafter\n${history}`);
  }

  /** An answer; `entry` fields are names that are learnt. */
  answer(space: ModelSpace, actual: Answer, expected: ExpectedAnswer): void {
    this.#history.push(`  ${text(actual)}`);
    this.same(actual.kr, expected.kr, 'the code');
    for (const [field, value] of Object.entries(expected)) {
      if (typeof value === 'function') value(this.#freshAddress(space, actual['address']));
      else if (field === 'ports') this.#slots(actual[field] as number[], value as never, field);
      else if (field === 'name' || field === 'previous') this.#slot(actual[field], value as never, field);
      else if (field !== 'mapped') this.same(actual[field], value, field);
    }
  }

  #freshAddress(space: ModelSpace, address: unknown): number {
    const at = typeof address === 'number' ? address : -1;
    this.same(at >= 0 && at % PAGE === 0 && !space.pages.has(at), true, `address ${at} is a fresh page`);
    return at;
  }

  /** A call that is over must be over in both worlds, in the same way. */
  call(call: ModelCall, { result }: Errand): void {
    const { outcome, space, isAbandoned } = call;
    if (isAbandoned) return this.same(result, null, `call ${call.serial} of a thread that is no more`);
    this.same(result === null ? 'it waits' : result.kr, outcome?.kr ?? 'it waits', `call ${call.serial}`);
    if (result === null || outcome === null) return;
    this.#history.push(`  call ${call.serial} of T${space.index} ends: ${result.kr} ${text(result.message)}`);
    this.same(result.returned, outcome.returned, `call ${call.serial}: its own message came back`);
    this.message(space, result.message, outcome.message, `call ${call.serial}`, outcome.returned);
  }

  /** A message as its holder has it. */
  message(
    space: ModelSpace,
    actual: Received | null,
    expected: Expected | null,
    what: string,
    isReturned = false,
  ): void {
    this.same(actual === null ? null : actual.id, expected === null ? null : expected.id, `${what}: message id`);
    if (actual === null || expected === null) return;
    this.#slot(actual.remote, expected.remote, `${what}: remote`);
    this.#slot(actual.local, expected.local, `${what}: local`);
    const header = ({ remoteType, localType, seqno, payload }: Received | Expected): unknown =>
      isReturned ? [remoteType, localType] : [remoteType, localType, seqno, payload];
    this.same(header(actual), header(expected), `${what}: types, sequence number, payload`);
    const items = actual.items ?? [];
    this.same(items.length, expected.items.length, `${what}: descriptors`);
    for (const [index, item] of expected.items.entries()) {
      this.#item(space, items[index] as never, item, `${what}: descriptor ${index}`);
    }
    this.same(actual.body, named(expected.body), `${what}: body`);
  }

  #item(
    space: ModelSpace,
    actual: NonNullable<Received['items']>[number],
    expected: ExpectedItem,
    what: string,
  ): void {
    this.same(actual.kind, expected.kind, what);
    if (actual.kind === 'port' && expected.kind === 'port') {
      this.same(actual.type, expected.type, `${what}: type`);
      this.#slot(actual.name, expected.slot, what);
    } else if (actual.kind === 'ool_ports' && expected.kind === 'ool_ports') {
      this.same(actual.type, expected.type, `${what}: type`);
      this.#slots(actual.names, expected.slots, what);
    } else if (actual.kind === 'ool' && expected.kind === 'ool') {
      this.#memory(space, actual, expected.bytes, what);
    }
  }

  /** Memory that came: it is where nothing was, and it is what was sent. What else is on its pages is learnt. */
  #memory(space: ModelSpace, { address, size }: { address: number; size: number }, bytes: Uint8Array, what: string): void {
    this.same(size, bytes.length, `${what}: size`);
    if (size === 0 || !space.alive) return;
    const actor = this.#troupe.actors[space.index];
    const first = address - (address % PAGE);
    const whole = Math.ceil((address % PAGE + size) / PAGE) * PAGE;
    this.#freshAddress(space, first);
    const read = actor?.call({ op: 'vm_read', address: first, size: whole })['bytes'] as Uint8Array | undefined;
    const found = read ?? new Uint8Array(0);
    this.same(found.subarray(address - first, address - first + size), bytes, `${what}: bytes`);
    mapAt(space, first, whole, found);
  }

  #slots(actual: readonly number[], expected: Expected['remote'][], what: string): void;
  #slots(actual: readonly number[], expected: readonly Expected['remote'][], what: string): void;
  #slots(actual: readonly number[], expected: readonly Expected['remote'][], what: string): void {
    this.same(actual.length, expected.length, `${what}: length`);
    for (const [index, slot] of expected.entries()) this.#slot(actual[index], slot, `${what}[${index}]`);
  }

  /** A name: the one that the model has, or a new one that nobody had. */
  #slot(actual: unknown, expected: Expected['remote'], what: string): void {
    if (!(expected instanceof ModelEntry)) return this.same(actual, expected, what);
    if (expected.name !== null) return this.same(actual, expected.name, what);
    const name = actual as number;
    const isFresh = name !== NULL && name !== DEAD && this.#model.find(expected.space, name) === undefined;
    this.same(isFresh, true, `${what}: ${name} is a fresh name`);
    expected.name = name;
  }

  /** The names of every task, and what they are. */
  names(): void {
    for (const space of this.#model.spaces) {
      if (!space.alive) continue;
      const { names } = (this.#troupe.actors[space.index] as Troupe['actors'][number]).sys.call({ op: 'port_names' });
      const expected = space.entries.map((entry) => ({ name: entry.name, type: typesOf(entry) }));
      expected.sort((a, b) => (a.name ?? 0) - (b.name ?? 0));
      this.same(names, expected, `names of T${space.index}`);
    }
  }

  /** References, queues, requests, sets, memory, and how many rights to each port there are. */
  everything(): void {
    for (const space of this.#model.spaces) if (space.alive) this.#details(space);
    this.same(rightsAt(this.#troupe.kernel), this.#rights(), 'rights to ports, counted');
  }

  #rights(): string[] {
    const found: string[] = [];
    for (const { alive, entries } of this.#model.spaces) {
      for (const { receive, port, name } of entries) {
        if (!alive || !receive || port === null) continue;
        const [send, once] = [this.#model.sendRights(port), this.#model.sendOnceRights(port)];
        found.push(`${name}: ${send} send, ${once} send-once`);
      }
    }
    return found.sort();
  }

  #details(space: ModelSpace): void {
    const { sys } = this.#troupe.actors[space.index] as Troupe['actors'][number];
    for (const entry of space.entries) {
      const name = portName(entry.name ?? 0);
      const where = `T${space.index} ${name}`;
      for (const right of KINDS) {
        const { refs } = sys.call({ op: 'port_get_refs', name, right });
        this.same(refs, getRefs(entry, right), `${where}: references of ${right}`);
      }
      const { kr: _, ...status } = sys.call({ op: 'port_get_status', name });
      this.same(status, entry.receive ? this.#status(entry) : {}, `${where}: status`);
      if (entry.set === null) continue;
      const members = entry.set.members.map((port) => this.#nameOf(space, port)).sort((a, b) => a - b);
      this.same(sys.call({ op: 'port_get_set_status', name })['members'], members, `${where}: members`);
    }
    for (const [address, { bytes }] of space.pages) {
      const read = sys.call({ op: 'vm_read', address, size: PAGE });
      this.same(read['bytes'], bytes, `T${space.index}: memory at ${address}`);
    }
  }

  #nameOf(space: ModelSpace, port: ModelEntry['port']): number {
    return space.entries.find((entry) => entry.port === port && entry.receive)?.name ?? 0;
  }

  #status(entry: ModelEntry): object {
    const { port, space } = entry;
    if (port === null) return {};
    const set = space.entries.find((each) => each.set !== null && each.set === port.set);
    return {
      pset: set?.name ?? NULL,
      seqno: port.seqno,
      mscount: port.mscount,
      qlimit: port.qlimit,
      msgcount: this.#model.queued(port).length,
      sorights: this.#model.sendOnceRights(port),
      srights: this.#model.sendRights(port) > 0,
      nsrequest: port.noSenders !== null,
      pdrequest: port.portDestroyed !== null,
    };
  }

  /** All tasks are gone: so is everything. */
  nothing(): void {
    this.same(leftOver(this.#troupe.kernel), { tasks: 0, ports: 0, messages: 0, pages: 0, timers: 'none' }, 'left over');
  }
}

/** The kinds of right and requests under a name, as `port_type` tells them. */
const typesOf = (entry: ModelEntry): string[] => {
  const types: string[] = KINDS.filter((kind) => denotes(entry, kind));
  if (entry.request !== null) types.push('DNREQUEST');
  if (entry.accepted !== null) types.push('MAREQUEST');
  return types.sort();
};

/** A body of the kernel's with the name of an entry in it. */
const named = (body: unknown): unknown => {
  const entry = (body as { name?: unknown } | undefined)?.name;
  return entry instanceof ModelEntry ? { name: entry.name } : body;
};

const text = (value: unknown): string => {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('base64')}`;
  return JSON.stringify(value, (_, each: unknown) => (each instanceof Uint8Array ? text(each) : each)) ?? 'undefined';
};
