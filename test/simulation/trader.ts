/**
 * A task that trades: rights of every kind, memory, large bodies, over every node there is. It knows its own ports and
 * the rights it was given by names that are the same everywhere, so that whatever is confused is seen.
 */
import { HostTask } from '../../kernel/host-task.ts';
import type { DraftItem } from '../../ports/draft.ts';
import { isName, MACH_PORT_NULL, type PortName } from '../../ports/name.ts';
import type { Item, Received } from '../../ports/port.ts';
import { COPY_SEND, MAKE_SEND, MAKE_SEND_ONCE, MOVE_RECEIVE, MOVE_SEND_ONCE } from '../../ports/right.ts';
import { netService } from '../../servers/net/protocol.ts';
import type { Ledger } from './ledger.ts';
import type { SimNode } from './node.ts';
import type { SeededRandom } from './random.ts';

/** Sizes of memory and of bodies that are sent: within one page, over several, and larger than a frame. */
const SIZES = [0, 100, 9_000, 70_000, 140_000, 300_000] as const;
/** Ports of its own that a trader has at a time, beside the one that it is known by. */
const STALLS_MAX = 4;
/** Questions that it has been asked and not answered yet. */
const QUESTIONS_MAX = 4;
/** Messages that it takes at a time. */
const TAKES = 3;
/** What a question and an answer are numbered with. */
const SAYS = 10;
const ANSWERS = 11;

interface Said {
  readonly n: number;
  readonly from: string;
  /** What the rights in the message are called, in their order. */
  readonly gifts: readonly string[];
  readonly fill: string;
}

/** Every so many bytes of its memory a message writes its mark: on each page, and where pieces of freight meet. */
const STRIDE = 509;

/** The mark of a message at a place of its memory. */
const markAt = (n: number, at: number): number => (n * 31 + at * 7 + (at >> 12)) & 0xff;

const marked = (n: number, size: number): Uint8Array => {
  const bytes = new Uint8Array(size).fill(n & 0xff);
  for (let at = 0; at < size; at += STRIDE) bytes[at] = markAt(n, at);
  return bytes;
};

/** See the head of this file. */
export class Trader {
  readonly name: string;
  readonly node: SimNode;
  isOpen = true;
  /** Questions that have had neither an answer nor the word that none will come. */
  asked = 0;
  readonly #host: HostTask;
  readonly #random: SeededRandom;
  readonly #ledger: Ledger;
  readonly #net: PortName;
  readonly #replies: PortName;
  readonly #found: PortName;
  /** Receive rights, and send rights, by what they are called. */
  readonly #stalls: Map<string, PortName> = new Map();
  readonly #known: Map<string, PortName> = new Map();
  readonly #questions: PortName[] = [];
  #made = 0;
  #lookedUp: string | null = null;

  constructor(name: string, node: SimNode, random: SeededRandom, ledger: Ledger) {
    this.name = name;
    this.node = node;
    this.#random = random;
    this.#ledger = ledger;
    this.#host = new HostTask(node.kernel, name);
    this.#net = node.netRight(this.#host.task);
    this.#replies = this.#host.allocate();
    this.#found = this.#host.allocate();
    const home = this.#open(name);
    this.#host.sys.send({
      ...netService.request(this.#net, this.#found, 'check_in', { name }),
      local: MACH_PORT_NULL,
      localDisposition: 0,
      descriptors: [{ kind: 'port', name: home, disposition: COPY_SEND }],
    });
    this.#host.sys.call({ op: 'port_set_qlimit', name: home, qlimit: random.between(1, 8) });
  }

  /** Takes what has come and does one more thing if it may. Answers what it did, in words. */
  act(others: readonly Trader[], mayTrade: boolean): string {
    const took = this.#take();
    const answered = this.#questions.length > 0 && this.#random.chance(0.7) ? this.#answer() : '';
    const did = mayTrade ? this.#deed(others) : '';
    const all = [took, answered, did].filter((word) => word !== '').join(', ');
    return all === '' ? '~nothing' : all;
  }

  /** It ends, with all that it holds. */
  close(): void {
    this.isOpen = false;
    for (const key of this.#stalls.keys()) this.#ledger.end(key);
    void this.#host[Symbol.asyncDispose]();
  }

  /** Its node has crashed. */
  crash(): void {
    this.isOpen = false;
    for (const key of this.#stalls.keys()) this.#ledger.end(key);
  }

  #open(key: string): PortName {
    const port = this.#host.allocate();
    this.#host.sys.call({ op: 'port_insert_right', name: port, right: { name: port, disposition: MAKE_SEND } });
    this.#stalls.set(key, port);
    this.#known.set(key, port);
    return port;
  }

  #deed(others: readonly Trader[]): string {
    const random = this.#random;
    const lookUp = this.#lookUp(others);
    if (lookUp !== '') return lookUp;
    const mine = [...this.#stalls.keys()].filter((key) => key !== this.name);
    const pick = random.next();
    if (pick < 0.08 && mine.length < STALLS_MAX) {
      this.#made += 1;
      const key = `${this.name}/${this.#made}`;
      this.#open(key);
      return `opens ${key}`;
    }
    if (pick < 0.12 && mine.length > 0) return this.#shut(random.pick(mine));
    const to = random.pick([...this.#known.keys()]);
    if (pick < 0.3 && mine.length > 0 && isHome(to) && to !== this.name) return this.#move(random.pick(mine), to);
    if (pick < 0.55) return this.#say(to, { gift: random.pick([...this.#known.keys()]) });
    if (pick < 0.7) return this.#say(to, { memory: random.pick(SIZES) });
    if (pick < 0.75) return this.#say(to, { body: random.pick(SIZES) });
    return this.#say(to, { asks: random.chance(0.5) });
  }

  /** Finds the others by name, one after the other. */
  #lookUp(others: readonly Trader[]): string {
    const { sys } = this.#host;
    const wanted = others.find(({ name, isOpen }) => isOpen && !this.#known.has(name));
    if (this.#lookedUp === null) {
      if (wanted === undefined) return '';
      const request = netService.request(this.#net, this.#found, 'look_up', {
        node: wanted.node.name,
        name: wanted.name,
      });
      if (sys.send(request) !== 'MACH_MSG_SUCCESS') return '';
      this.#lookedUp = wanted.name;
      return `looks for ${wanted.name}`;
    }
    const message = sys.poll(this.#found);
    if (message === null) return '';
    const name = this.#lookedUp;
    this.#lookedUp = null;
    const [item] = message.items ?? [];
    if (item?.kind !== 'port') return `does not find ${name}`;
    this.#learn(name, item);
    return `finds ${name}`;
  }

  /** Ends a port of its own, with all that waits in it. */
  #shut(key: string): string {
    const port = this.#stalls.get(key) as PortName;
    this.#stalls.delete(key);
    this.#ledger.end(key);
    this.#host.sys.call({ op: 'port_mod_refs', name: port, right: 'RECEIVE', delta: -1 });
    return `ends ${key}`;
  }

  #move(key: string, to: string): string {
    const name = this.#stalls.get(key) as PortName;
    const done = this.#send(to, { descriptors: [{ kind: 'port', name, disposition: MOVE_RECEIVE }], gifts: [key] });
    if (done) this.#stalls.delete(key);
    return `${done ? 'gives' : 'cannot give'} ${key} to ${to}`;
  }

  #say(to: string, what: { gift?: string; memory?: number; body?: number; asks?: boolean }): string {
    const { gift, memory = 0, body = 0, asks = false } = what;
    if (memory > 0) return this.#sendMemory(to, memory);
    const name = gift === undefined ? undefined : this.#known.get(gift);
    const descriptors: DraftItem[] = name === undefined ? [] : [{ kind: 'port', name, disposition: COPY_SEND }];
    const fill = 'x'.repeat(body);
    const done = this.#send(to, { descriptors, gifts: name === undefined ? [] : [gift as string], fill, asks });
    return `${done ? 'speaks' : 'cannot speak'} to ${to}${gift === undefined ? '' : ` of ${gift}`}${asks ? ', and asks' : ''}`;
  }

  #sendMemory(to: string, size: number): string {
    const { sys } = this.#host;
    const n = this.#ledger.next();
    const address = sys.call({ op: 'vm_allocate', size, anywhere: true })['address'] as number;
    sys.vm.write(address, marked(n, size));
    const done = this.#send(to, { n, descriptors: [{ kind: 'ool', address, size, deallocate: true }], gifts: [] });
    if (!done) sys.call({ op: 'vm_deallocate', address, size });
    return `${done ? 'sends' : 'cannot send'} ${size} bytes to ${to}`;
  }

  #send(
    to: string,
    what: { n?: number; descriptors: DraftItem[]; gifts: string[]; fill?: string; asks?: boolean },
  ): boolean {
    const remote = this.#known.get(to);
    if (remote === undefined) return false;
    const { n = this.#ledger.next(), descriptors, gifts, fill = '', asks = false } = what;
    const kr = this.#host.sys.send({
      remote,
      remoteDisposition: COPY_SEND,
      id: SAYS,
      body: { n, from: this.name, gifts, fill },
      descriptors,
      ...(asks ? { local: this.#replies, localDisposition: MAKE_SEND_ONCE } : {}),
    });
    if (kr === 'MACH_SEND_INVALID_DEST' && !this.#ledger.hasEnded(to) && !this.#ledger.isHurt)
      this.#ledger.blame(`${this.name} has a dead name for ${to}, which lives`);
    if (kr !== 'MACH_MSG_SUCCESS') return false;
    if (asks) this.asked += 1;
    this.#ledger.said(
      n,
      to,
      descriptors.some((item) => item.kind === 'port' && item.disposition === MOVE_RECEIVE) ? gifts : [],
    );
    return true;
  }

  #take(): string {
    let count = 0;
    for (const [key, port] of [...this.#stalls]) {
      for (; count < TAKES; count += 1) {
        const message = this.#host.sys.poll(port);
        if (message === null) break;
        this.#hear(key, message);
      }
    }
    for (let next = this.#host.sys.poll(this.#replies); next !== null; next = this.#host.sys.poll(this.#replies)) {
      this.asked -= 1;
      count += 1;
      if (this.asked < 0) this.#ledger.blame(`${this.name} has had more answers than it asked for`);
    }
    return count === 0 ? '' : `takes ${count}`;
  }

  #hear(key: string, message: Received): void {
    if (message.id !== SAYS) return;
    const { n, from, gifts, fill } = message.body as unknown as Said;
    this.#ledger.heard(n, from, key);
    if (fill !== 'x'.repeat(fill.length)) this.#ledger.blame(`the body of message ${n} is not what was sent`);
    let right = 0;
    for (const item of message.items ?? []) {
      if (item.kind === 'ool') this.#look(n, item);
      else if (item.kind === 'port') {
        this.#learn(gifts[right] ?? '?', item);
        right += 1;
      }
    }
    if (message.remote === MACH_PORT_NULL) return;
    if (this.#questions.length < QUESTIONS_MAX) this.#questions.push(message.remote);
    else if (isName(message.remote)) this.#host.sys.call({ op: 'port_deallocate', name: message.remote });
  }

  /** A right has come: the name that its port had here before, or a new one. */
  #learn(key: string, item: Extract<Item, { kind: 'port' }>): void {
    const { name } = item;
    if (!isName(name)) {
      if (!this.#ledger.hasEnded(key) && !this.#ledger.isHurt) this.#ledger.blame(`${key} came dead, and lives`);
      return;
    }
    const known = this.#known.get(key);
    const isDead = this.#host.sys.call({ op: 'port_type', name })['type'] === 'DEAD_NAME';
    if (known !== undefined && known !== name && !this.#ledger.hasEnded(key) && !this.#ledger.isHurt && !isDead)
      this.#ledger.blame(`${this.name} knows ${key} by two names, ${known} and ${name}`);
    this.#known.set(key, name);
    if (item.type !== MOVE_RECEIVE) return;
    this.#stalls.set(key, name);
    this.#host.sys.call({ op: 'port_insert_right', name, right: { name, disposition: MAKE_SEND } });
  }

  #look(n: number, { address, size }: Extract<Item, { kind: 'ool' }>): void {
    const bytes = new Uint8Array(size);
    this.#host.sys.vm.read(address, bytes);
    if (Buffer.compare(bytes, marked(n, size)) !== 0)
      this.#ledger.blame(`the memory of message ${n} is not what was sent`);
    if (size > 0) this.#host.sys.call({ op: 'vm_deallocate', address, size });
  }

  #answer(): string {
    const [to, ...rest] = this.#questions;
    this.#questions.splice(0, this.#questions.length, ...rest);
    if (to === undefined || !isName(to)) return '';
    if (this.#random.chance(0.3)) {
      this.#host.sys.call({ op: 'port_deallocate', name: to });
      return 'gives no answer';
    }
    const kr = this.#host.sys.send({ remote: to, remoteDisposition: MOVE_SEND_ONCE, id: ANSWERS });
    if (kr !== 'MACH_MSG_SUCCESS') this.#host.sys.call({ op: 'port_deallocate', name: to });
    return 'answers';
  }

  /** It has nothing to answer any more. */
  get isQuiet(): boolean {
    return this.#questions.length === 0;
  }
}

/** True for the port that a trader is known by: it never moves, so ports that travel to it are in no circle. */
const isHome = (key: string): boolean => !key.includes('/');
