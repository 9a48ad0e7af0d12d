/**
 * What people write by hand, and the limit of it: a queue with a promise for each blocked receive; one await per
 * message.
 */
import { type Contender, Gate, share } from '../contender.ts';

interface Letter {
  readonly body: object;
  readonly reply: Mailbox | null;
}

class Mailbox {
  readonly #queue: Letter[] = [];
  #waiter: ((letter: Letter) => void) | null = null;

  send(letter: Letter): void {
    const waiter = this.#waiter;
    this.#waiter = null;
    if (waiter === null) this.#queue.push(letter);
    else waiter(letter);
  }

  receive(): Promise<Letter> {
    const letter = this.#queue.shift();
    if (letter !== undefined) return Promise.resolve(letter);
    return new Promise((resolve) => {
      this.#waiter = resolve;
    });
  }
}

const serve = async (inbox: Mailbox, gate: Gate): Promise<never> => {
  for (;;) {
    const { body, reply } = await inbox.receive();
    if (reply === null) gate.hit();
    else reply.send({ body, reply: null });
  }
};

/** Sent before the receivers get their turn. */
const BURST = 256;

export const promiseMailbox: Contender = {
  name: 'promise-mailbox',
  setup(count) {
    const gate = new Gate();
    const pairs = Array.from({ length: count }, () => ({ client: new Mailbox(), server: new Mailbox() }));
    for (const { server } of pairs) void serve(server, gate);
    return {
      async oneWay(n) {
        const each = share(n, count);
        const done = gate.arm(each * count);
        for (let at = 0; at < each; at += BURST) {
          for (const { server } of pairs) {
            for (let i = at; i < Math.min(each, at + BURST); i += 1) {
              server.send({ body: Object.freeze({ op: i, data: null }), reply: null });
            }
          }
          await undefined;
        }
        await done;
        return each * count;
      },
      async rpc(n) {
        const each = share(n, count);
        const ask = async ({ client, server }: (typeof pairs)[number]): Promise<void> => {
          for (let i = 0; i < each; i += 1) {
            server.send({ body: Object.freeze({ op: i, data: null }), reply: client });
            await client.receive();
          }
        };
        await Promise.all(pairs.map(ask));
        return each * count;
      },
    };
  },
};

export const awaitHop: Contender = {
  name: 'await-hop',
  setup(count) {
    const repeat = async (n: number, hop: (i: number) => unknown): Promise<number> => {
      const each = share(n, count);
      const one = async (): Promise<void> => {
        for (let i = 0; i < each; i += 1) await hop(i);
      };
      await Promise.all(Array.from({ length: count }, one));
      return each * count;
    };
    return { oneWay: (n) => repeat(n, () => undefined), rpc: (n) => repeat(n, async (i) => i) };
  },
};
