/** The other end of every line that is measured: it answers what it is asked, and ends with whoever started it. */
import { createServer, type Socket } from 'node:net';
import { parentPort } from 'node:worker_threads';
import { load } from '../peers/installed.ts';
import { FrameCounter, frameOf } from '../remote/frames.ts';
import { echoDefinition } from '../remote/installed.ts';

const [kind, first = '', second = ''] = process.argv.slice(2);
const ready = (word: object): void => void process.send?.(word);

/** Answers each frame: with as many bytes, with `size` bytes, or (`sink`) only the empty one. */
const answerFrames = (socket: Socket, mode: string): void => {
  const frames = new Map<number, Buffer>();
  const frame = (size: number): Buffer => {
    const known = frames.get(size) ?? frameOf(size);
    frames.set(size, known);
    return known;
  };
  const counter = new FrameCounter((size) => {
    if (mode === 'sink' && size > 0) return;
    socket.write(frame(mode === 'echo' || mode === 'sink' ? size : Number(mode)));
  });
  socket.setNoDelay(true);
  socket.on('data', (chunk: Buffer) => counter.push(chunk));
  socket.on('error', () => socket.destroy());
};

const serveSocket = (where: string, mode: string): void => {
  const server = createServer((socket) => answerFrames(socket, mode));
  if (where === 'tcp') {
    server.listen(0, '127.0.0.1', () => ready({ port: (server.address() as { port: number }).port }));
  } else server.listen(where, () => ready({}));
  // Closing it takes the socket file away, however early the end comes.
  process.once('exit', () => server.close());
};

const serveCapnweb = async (): Promise<void> => {
  const { default: WebSocket } = (await load('ws')) as never as { default: { readonly WebSocketServer: never } };
  Object.assign(globalThis, { WebSocket });
  const { newWebSocketRpcSession, RpcTarget } = (await load('capnweb')) as never as {
    newWebSocketRpcSession(socket: unknown, target: object): void;
    RpcTarget: new () => object;
  };
  class Echo extends RpcTarget {
    echo(body: unknown): unknown {
      return body;
    }
  }
  const server = Reflect.construct(WebSocket.WebSocketServer, [
    { port: 0, host: '127.0.0.1', perMessageDeflate: false },
  ]) as {
    on(event: string, listener: (socket: unknown) => void): void;
    address(): { port: number };
  };
  server.on('connection', (socket) => newWebSocketRpcSession(socket, new Echo()));
  server.on('listening', () => ready({ port: server.address().port }));
};

const serveGrpc = async (): Promise<void> => {
  const { Server, ServerCredentials } = (await load('@grpc/grpc-js')) as never as {
    Server: new () => {
      addService(definition: object, handlers: object): void;
      bindAsync(address: string, credentials: unknown, done: (error: Error | null, port: number) => void): void;
    };
    ServerCredentials: { createInsecure(): unknown };
  };
  const server = new Server();
  const Echo = ({ request }: { request: Buffer }, done: (error: null, answer: Buffer) => void): void =>
    done(null, request);
  server.addService(echoDefinition, { Echo });
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
    ready(error === null ? { port } : { failed: error.message }),
  );
};

const serveNats = async (port: string): Promise<void> => {
  const { connect } = await load('@nats-io/transport-node');
  const client = await connect?.({ servers: `127.0.0.1:${port}` });
  const callback = (_: unknown, message: { data: Uint8Array; respond(data: Uint8Array): void }): void =>
    message.respond(message.data);
  client.subscribe('echo', { callback });
  await client.flush();
  ready({});
};

const serveComlink = async (): Promise<void> => {
  const { expose } = await load('comlink');
  const port = parentPort;
  if (port === null) return;
  const endpoint = {
    postMessage: (message: unknown, transfer: never) => port.postMessage(message, transfer),
    addEventListener: (_: string, listener: (event: { data: unknown }) => void) =>
      port.on('message', (data: unknown) => listener({ data })),
    removeEventListener: () => undefined,
  };
  expose?.({ echo: (body: unknown) => body }, endpoint);
  port.postMessage('ready');
};

const begin = async (): Promise<void> => {
  switch (kind) {
    case 'socket':
      return serveSocket(first, second);
    case 'ipc':
      process.on('message', (body: object) => void process.send?.(body));
      return ready({});
    case 'worker':
      parentPort?.on('message', (body) => parentPort?.postMessage(body));
      return;
    case 'comlink':
      return serveComlink();
    case 'capnweb':
      return serveCapnweb();
    case 'grpc':
      return serveGrpc();
    case 'nats':
      return serveNats(first);
    default:
      throw new Error(`there is no far end ${kind}`);
  }
};

process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
begin().catch((error: unknown) => ready({ failed: error instanceof Error ? error.message : String(error) }));
