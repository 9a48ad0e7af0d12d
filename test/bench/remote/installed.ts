/** Peers that are there only if somebody has installed them in `test/bench`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { Worker } from 'node:worker_threads';
import { load } from '../peers/installed.ts';
import { bodyOf } from './built-in.ts';
import { callAll, type Remote } from './contender.ts';
import { startFarEnd } from './far-end.ts';

interface Echo {
  echo(body: unknown): Promise<unknown>;
}

/** comlink between this thread and a worker. */
export const comlinkWorker: Remote = {
  name: 'comlink, worker',
  async open(size) {
    const { wrap } = await load('comlink');
    const worker = new Worker(new URL('./far.mjs', import.meta.url), { argv: ['comlink'] });
    await once(worker, 'message'); // it is ready: from now on everything is comlink's
    const stub = wrap?.(endpointOf(worker)) as Echo;
    const body = bodyOf(size);
    return {
      ask: (n, outstanding) => callAll(n, outstanding, () => stub.echo(body)),
      close: async () => void (await worker.terminate()),
    };
  },
};

/** What comlink wants of a port, in the words of the web. */
const endpointOf = (worker: Worker): object => {
  const listeners = new Map<unknown, (data: unknown) => void>();
  return {
    postMessage: (message: unknown, transfer: never) => worker.postMessage(message, transfer),
    addEventListener: (_: string, listener: (event: { data: unknown }) => void) => {
      const heard = (data: unknown): void => listener({ data });
      listeners.set(listener, heard);
      worker.on('message', heard);
    },
    removeEventListener: (_: string, listener: unknown) => {
      worker.off('message', listeners.get(listener) ?? (() => undefined));
      listeners.delete(listener);
    },
  };
};

/** capnweb over a WebSocket between two processes. */
export const capnweb: Remote = {
  name: 'capnweb, ws',
  async open(size) {
    const { newWebSocketRpcSession } = await load('capnweb');
    const { default: WebSocket } = await load('ws');
    // Node 20 has none of its own, and capnweb reads its constants.
    Object.assign(globalThis, { WebSocket });
    const far = await startFarEnd(['capnweb']);
    const socket = Reflect.construct(WebSocket as never, [`ws://127.0.0.1:${far.word.port}`]) as { close(): void };
    const stub = newWebSocketRpcSession?.(socket) as Echo;
    const body = bodyOf(size);
    await stub.echo(body);
    const close = (): void => {
      socket.close();
      far.close();
    };
    return { ask: (n, outstanding) => callAll(n, outstanding, () => stub.echo(body)), close };
  },
};

/** gRPC, unary, without protobuf. */
export const grpc: Remote = {
  name: 'grpc unary',
  async open(size) {
    const { credentials, makeGenericClientConstructor } = (await load('@grpc/grpc-js')) as never as {
      credentials: { createInsecure(): unknown };
      makeGenericClientConstructor(definition: object, name: string): new (...args: unknown[]) => Unary;
    };
    const far = await startFarEnd(['grpc']);
    const Client = makeGenericClientConstructor(echoDefinition, 'Echo');
    const client = new Client(`127.0.0.1:${far.word.port}`, credentials.createInsecure());
    const bytes = Buffer.alloc(size, 7);
    const call = (): Promise<void> =>
      new Promise((resolve, reject) => {
        client.Echo(bytes, (error) => (error === null ? resolve() : reject(error)));
      });
    await call();
    const close = (): void => {
      client.close();
      far.close();
    };
    return { ask: (n, outstanding) => callAll(n, outstanding, call), close };
  },
};

interface Unary {
  Echo(bytes: Buffer, done: (error: Error | null) => void): void;
  close(): void;
}

type Pass = (bytes: Buffer) => Buffer;

const same: Pass = (bytes) => bytes;

interface EchoMethod {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: Pass;
  readonly requestDeserialize: Pass;
  readonly responseSerialize: Pass;
  readonly responseDeserialize: Pass;
}

/** The one method, bytes in and out. */
export const echoDefinition: { readonly Echo: EchoMethod } = {
  Echo: {
    path: '/bench/Echo',
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  },
};

/** NATS request and reply through a server of its own: three processes. */
export const nats: Remote = {
  name: 'nats request',
  async open(size) {
    const { connect } = await load('@nats-io/transport-node');
    const port = await freePort();
    const server = spawn('nats-server', ['-a', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
    const failed = new Promise<never>((_, reject) => {
      server.once('error', () => reject(new Error('nats-server is not installed')));
      server.once('exit', (code) => reject(new Error(`nats-server ended with ${code}`)));
    });
    failed.catch(() => undefined); // it also ends when it is told to
    const kill = (): void => void server.kill('SIGKILL');
    process.once('exit', kill);
    const options = { servers: `127.0.0.1:${port}`, waitOnFirstConnect: true, reconnectTimeWait: 50 };
    const client = (await Promise.race([connect?.(options), failed])) as Nats;
    const far = await Promise.race([startFarEnd(['nats', String(port)]), failed]);
    const bytes = new Uint8Array(size).fill(7);
    const close = async (): Promise<void> => {
      await client.close();
      far.close();
      kill();
      process.off('exit', kill);
    };
    return {
      ask: (n, outstanding) => callAll(n, outstanding, () => client.request('echo', bytes, { timeout: 20_000 })),
      close,
    };
  },
};

interface Nats {
  request(subject: string, bytes: Uint8Array, options: { readonly timeout: number }): Promise<unknown>;
  close(): Promise<void>;
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((closed) => void server.close(closed));
  return typeof address === 'object' && address !== null ? address.port : 0;
};
