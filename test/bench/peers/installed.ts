/**
 * Peers that are there only if somebody has installed them (`npm run peers`). Each does what its documentation shows
 * for a message and for a question; where there is no send without an answer, calls are made 256 at a time.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MessageChannel } from 'node:worker_threads';
import { type BodyKind, type Contender, Gate, octets, type Pairs, share, text } from '../contender.ts';

/** The module as installed in `test/bench`. */
export const load = async (name: string): Promise<Record<string, CallableFunction>> => {
  const require = createRequire(join(process.cwd(), 'test/bench/package.json'));
  const found = (await import(pathToFileURL(require.resolve(name)).href)) as Record<string, CallableFunction>;
  return found;
};

/** What a record carries beside its number. */
const dataOf = (kind: BodyKind): unknown => (kind === 'text' ? text : kind === 'bytes' ? octets : null);

/** Sent before the receivers get their turn. */
const BURST = 256;

const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

interface Peer {
  /** Sends, and hears nothing of it. */
  tell(body: object): unknown;
  /** Resolves with the answer. */
  ask(body: object): Promise<unknown>;
}

/** Pairs out of peers that answer with promises. `gate` is hit once for each message told. */
const promising = (peers: readonly Peer[], gate: Gate, data: unknown): Pairs => ({
  async oneWay(n) {
    const each = share(n, peers.length);
    const done = gate.arm(each * peers.length);
    let calls: unknown[] = [];
    for (let i = 0; i < each; i += 1) {
      for (const peer of peers) calls.push(peer.tell({ op: i, data }));
      if (calls.length < BURST) continue;
      await Promise.all(calls);
      calls = [];
      await nextTurn();
    }
    await Promise.all(calls);
    await done;
    return each * peers.length;
  },
  async rpc(n) {
    const each = share(n, peers.length);
    const askAll = async (peer: Peer): Promise<void> => {
      for (let i = 0; i < each; i += 1) await peer.ask({ op: i, data });
    };
    await Promise.all(peers.map(askAll));
    return each * peers.length;
  },
});

interface Echo {
  hear(body: object): Promise<unknown>;
  echo(body: object): Promise<unknown>;
}

const echoing = (gate: Gate) => ({ hear: () => gate.hit(), echo: (body: object) => body });

export const comlink: Contender = {
  name: 'comlink',
  async setup(count, body) {
    const { expose, wrap } = await load('comlink');
    const gate = new Gate();
    const peers = Array.from({ length: count }, (): Peer => {
      const { port1, port2 } = new MessageChannel();
      expose?.(echoing(gate), port1); // node's ports have what comlink asks of a browser's
      const stub = wrap?.(port2) as Echo;
      return { tell: (what) => stub.hear(what), ask: (what) => stub.echo(what) };
    });
    return promising(peers, gate, dataOf(body));
  },
};

export const messageChannel: Contender = {
  name: 'message-channel',
  setup(count, body) {
    const gate = new Gate();
    const peers = Array.from({ length: count }, (): Peer => {
      const { port1, port2 } = new MessageChannel();
      let answered: (answer: unknown) => void = () => undefined;
      port2.on('message', (got: { readonly asks: boolean }) => (got.asks ? port2.postMessage(got) : gate.hit()));
      port1.on('message', (answer: unknown) => answered(answer));
      return {
        tell: (what) => port1.postMessage({ ...what, asks: false }),
        ask: (what) => {
          const answer = new Promise((resolve) => {
            answered = resolve;
          });
          port1.postMessage({ ...what, asks: true });
          return answer;
        },
      };
    });
    return promising(peers, gate, dataOf(body));
  },
};

interface Actor {
  start(): Actor;
  send(event: object): void;
}

interface ActorEvent {
  readonly type: string;
  readonly from?: Actor;
}

export const xstate: Contender = {
  name: 'xstate',
  async setup(count, body) {
    const { createActor, fromTransition } = await load('xstate');
    const gate = new Gate();
    const act = (behave: (event: ActorEvent) => void): Actor => {
      const logic = fromTransition?.((state: number, event: ActorEvent) => {
        behave(event);
        return state;
      }, 0);
      return (createActor?.(logic) as Actor).start();
    };
    const peers = Array.from({ length: count }, (): Peer => {
      const server = act((event) =>
        event.from === undefined ? gate.hit() : event.from.send({ ...event, type: 'answer' }),
      );
      let answered: (answer: unknown) => void = () => undefined;
      const client = act((event) => answered(event));
      return {
        tell: (what) => server.send({ type: 'tell', ...what }),
        ask: (what) =>
          new Promise((resolve) => {
            answered = resolve;
            server.send({ type: 'ask', ...what, from: client });
          }),
      };
    });
    return promising(peers, gate, dataOf(body));
  },
};

interface NactMessage {
  readonly asks: boolean;
}

export const nact: Contender = {
  name: 'nact',
  async setup(count, body) {
    const all = (await load('nact')) as Record<string, CallableFunction> & {
      default?: Record<string, CallableFunction>;
    };
    const { start, spawn, dispatch, query } = all.default ?? all;
    const gate = new Gate();
    const system: unknown = start?.();
    const serve = async (state: unknown, message: NactMessage, { sender }: { readonly sender: unknown }) => {
      if (message.asks) dispatch?.(sender, message);
      else gate.hit();
      return state;
    };
    const peers = Array.from({ length: count }, (_, at): Peer => {
      const actor: unknown = spawn?.(system, serve, `server${at}`);
      return {
        tell: (what) => dispatch?.(actor, { ...what, asks: false }),
        ask: (what) => query?.(actor, { ...what, asks: true }, 60_000) as Promise<unknown>,
      };
    });
    return promising(peers, gate, dataOf(body));
  },
};

/** One end of a pipe in memory, as capnweb wants it. */
class Pipe {
  peer: Pipe | null = null;
  readonly #queue: string[] = [];
  #wait: ((text: string) => void) | null = null;

  send(message: string): void {
    const { peer } = this;
    const wait = peer === null ? null : peer.#wait;
    if (peer === null) return;
    peer.#wait = null;
    if (wait === null) peer.#queue.push(message);
    else wait(message);
  }

  receive(): Promise<string> {
    const message = this.#queue.shift();
    if (message !== undefined) return Promise.resolve(message);
    return new Promise((resolve) => {
      this.#wait = resolve;
    });
  }

  abort(): void {
    this.#queue.length = 0;
  }
}

export const capnweb: Contender = {
  name: 'capnweb',
  async setup(count, body) {
    if (body === 'bytes') throw new Error('its wire is JSON: it carries no bytes');
    const { RpcSession, RpcTarget } = (await load('capnweb')) as unknown as {
      RpcSession: new (pipe: Pipe, main?: object) => { getRemoteMain(): { open(): Promise<Echo> } };
      RpcTarget: new () => object;
    };
    const gate = new Gate();
    class Server extends RpcTarget {
      hear(): void {
        gate.hit();
      }
      echo(what: object): object {
        return what;
      }
    }
    class Main extends RpcTarget {
      open(): Server {
        return new Server();
      }
    }
    const [near, far] = [new Pipe(), new Pipe()];
    near.peer = far;
    far.peer = near;
    new RpcSession(far, new Main());
    const main = new RpcSession(near).getRemoteMain();
    const stubs = await Promise.all(Array.from({ length: count }, () => main.open()));
    const peers = stubs.map((stub): Peer => ({ tell: (what) => stub.hear(what), ask: (what) => stub.echo(what) }));
    return promising(peers, gate, dataOf(body));
  },
};

interface CapTP {
  dispatch(message: unknown): void;
  getBootstrap(): unknown;
}

export const captp: Contender = {
  name: 'captp',
  async setup(count, body) {
    if (body === 'bytes') throw new Error('its marshalling carries no bytes');
    await load('@endo/init');
    const { makeCapTP, E } = (await load('@endo/captp')) as unknown as {
      makeCapTP(name: string, send: (message: unknown) => void, main: unknown): CapTP;
      E: { (target: unknown): Echo & { open(at: number): Promise<unknown> }; sendOnly(target: unknown): Echo };
    };
    const { Far } = await load('@endo/marshal');
    const gate = new Gate();
    const harden = (globalThis as unknown as { harden<T>(value: T): T }).harden;
    const servers = Array.from({ length: count }, (_, at) => Far?.(`server ${at}`, echoing(gate)) as unknown);
    const pipe = (to: () => CapTP) => (message: unknown) => queueMicrotask(() => to().dispatch(message));
    const near: CapTP = makeCapTP(
      'near',
      pipe(() => far),
      Far?.('near', {}),
    );
    const far: CapTP = makeCapTP(
      'far',
      pipe(() => near),
      Far?.('far', { open: (at: number) => servers[at] }),
    );
    const main = near.getBootstrap();
    const stubs = await Promise.all(servers.map((_, at) => E(main).open(at)));
    const peers = stubs.map(
      (stub): Peer => ({
        tell: (what) => E.sendOnly(stub).hear(harden(what)),
        ask: (what) => E(stub).echo(harden(what)),
      }),
    );
    return promising(peers, gate, dataOf(body));
  },
};
