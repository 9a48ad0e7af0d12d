/**
 * The smallest kernel that could do it: names looked up, bodies frozen one level deep, a reply right in and out for
 * each call, generator threads on a run queue. No references, no notifications, no limits but the queue's: what the
 * checks cost is the distance to this.
 */
import { Ring } from '../../../ports/ring.ts';
import { type BodyKind, type Contender, octets, share, text } from '../contender.ts';

type Thread = Generator<undefined, void, Message | undefined>;

interface Message {
  readonly body: unknown;
  readonly reply: Port | null;
}

interface Port {
  readonly queue: Ring<Message>;
  waiter: Thread | null;
  readonly senders: Thread[];
}

const QLIMIT = 1024;

class Space {
  readonly #ports: (Port | null)[] = [null];
  readonly #free: number[] = [];

  insert(port: Port): number {
    const name = this.#free.pop() ?? this.#ports.length;
    this.#ports[name] = port;
    return name;
  }

  lookUp(name: number): Port {
    const port = this.#ports[name];
    if (port === null || port === undefined) throw new Error(`no name ${name}`);
    return port;
  }

  drop(name: number): void {
    this.#ports[name] = null;
    this.#free.push(name);
  }
}

class Kernel {
  readonly #run: Ring<readonly [Thread, Message | undefined]> = new Ring(1024);

  spawn(thread: Thread): void {
    this.#run.push([thread, undefined]);
  }

  /** False: no room. */
  send(space: Space, name: number, body: unknown, replyName = 0): boolean {
    const port = space.lookUp(name);
    const reply = replyName === 0 ? null : space.lookUp(replyName);
    if (typeof body === 'object' && body !== null && !ArrayBuffer.isView(body)) Object.freeze(body);
    const message = { body, reply };
    const { waiter } = port;
    if (waiter !== null) {
      port.waiter = null;
      this.#run.push([waiter, message]);
      return true;
    }
    if (port.queue.length >= QLIMIT) return false;
    port.queue.push(message);
    return true;
  }

  /** What is queued; undefined if the thread must yield for it. */
  receive(space: Space, name: number, thread: Thread): Message | undefined {
    const port = space.lookUp(name);
    const message = port.queue.shift();
    if (message === undefined) port.waiter = thread;
    else {
      const blocked = port.senders.shift();
      if (blocked !== undefined) this.spawn(blocked);
    }
    return message;
  }

  run(): void {
    for (let next = this.#run.shift(); next !== undefined; next = this.#run.shift()) next[0].next(next[1]);
  }
}

const reused = Object.freeze({ op: 1, data: null });

/** The body of the message that is number `op`. */
const bodyOf = (kind: BodyKind, op: number): unknown => {
  switch (kind) {
    case 'none':
      return null;
    case 'text':
      return text;
    case 'bytes':
    case 'array':
      return octets;
    case 'reused':
      return reused;
    case 'record+bytes':
      return { op, data: octets };
    case 'record':
    case 'fresh answer':
      return { op, data: null };
  }
};

const newPort = (): Port => ({ queue: new Ring(8), waiter: null, senders: [] });

class Pair {
  readonly #kernel: Kernel;
  readonly #client = new Space();
  readonly #to: number;
  readonly #replies: number;
  readonly #body: BodyKind;
  got = 0;
  answered = 0;

  constructor(kernel: Kernel, body: BodyKind) {
    this.#kernel = kernel;
    this.#body = body;
    const port = newPort();
    const server = new Space();
    this.#to = this.#client.insert(port);
    this.#replies = this.#client.insert(newPort());
    this.#start((self) => this.#serve(server, server.insert(port), self));
  }

  send(count: number): void {
    this.#start((self) => this.#sendAll(count, self));
  }

  ask(count: number): void {
    this.#start((self) => this.#askAll(count, self));
  }

  #start(make: (self: () => Thread) => Thread): void {
    const thread: Thread = make(() => thread);
    this.#kernel.spawn(thread);
  }

  *#serve(space: Space, inbox: number, self: () => Thread): Thread {
    for (;;) {
      const message = this.#kernel.receive(space, inbox, self()) ?? (yield);
      this.got += 1;
      if (message?.reply === null || message === undefined) continue;
      const name = space.insert(message.reply);
      this.#kernel.send(space, name, this.#body === 'fresh answer' ? { op: this.got, data: null } : message.body);
      space.drop(name);
    }
  }

  *#sendAll(count: number, self: () => Thread): Thread {
    for (let i = 0; i < count; i += 1) {
      const body = bodyOf(this.#body, i);
      while (!this.#kernel.send(this.#client, this.#to, body)) {
        this.#client.lookUp(this.#to).senders.push(self());
        yield;
      }
    }
  }

  *#askAll(count: number, self: () => Thread): Thread {
    for (let i = 0; i < count; i += 1) {
      this.#kernel.send(this.#client, this.#to, bodyOf(this.#body, i), this.#replies);
      if (this.#kernel.receive(this.#client, this.#replies, self()) === undefined) yield;
      this.answered += 1;
    }
  }
}

export const prototype: Contender = {
  name: 'prototype',
  setup(count, body) {
    const kernel = new Kernel();
    const pairs = Array.from({ length: count }, () => new Pair(kernel, body));
    kernel.run();
    const total = (): number => pairs.reduce((sum, { got }) => sum + got, 0);
    const run = (n: number, begin: (pair: Pair, each: number) => void): number => {
      const before = total();
      for (const pair of pairs) begin(pair, share(n, count));
      kernel.run();
      return total() - before;
    };
    return {
      oneWay: (n) => run(n, (pair, each) => pair.send(each)),
      rpc: (n) => run(n, (pair, each) => pair.ask(each)),
    };
  },
};
