/** The bare carrier: a stream socket and nothing else. No kernel can be faster than this. */
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Histogram, newHistogram, record } from '../histogram.ts';
import { type Line, type Remote, Window } from './contender.ts';
import { startFarEnd } from './far-end.ts';
import { FrameCounter, frameOf } from './frames.ts';

let serial = 0;

interface Carrier {
  readonly socket: Socket;
  close(): void;
}

/** A socket to a far end that answers each frame; `answer` is the size of its answers, `echo` the size of the frame. */
const connect = async (kind: 'unix' | 'tcp', answer: number | 'echo' | 'sink'): Promise<Carrier> => {
  serial += 1;
  const path = join(tmpdir(), `portolan-raw-${process.pid}-${serial}.sock`);
  const far = await startFarEnd(['socket', kind === 'unix' ? path : 'tcp', String(answer)]);
  const { port } = far.word;
  const socket = port === undefined ? createConnection({ path }) : createConnection({ port, host: '127.0.0.1' });
  await once(socket, 'connect');
  socket.setNoDelay(true);
  const close = (): void => {
    socket.destroy();
    far.close();
  };
  return { socket, close };
};

const overSocket = (name: string, kind: 'unix' | 'tcp'): Remote => ({
  name,
  async open(size): Promise<Line> {
    const { socket, close } = await connect(kind, 'echo');
    const frame = frameOf(size);
    const window = new Window(() => void socket.write(frame));
    const counter = new FrameCounter(() => window.heard());
    socket.on('data', (chunk: Buffer) => counter.push(chunk));
    return { ask: (n, outstanding) => window.run(n, outstanding), close };
  },
});

/** Two processes, one Unix socket, a write for each message: what the other figures are compared with. */
export const rawUnix: Remote = overSocket('unix socket, bare', 'unix');
export const rawTcp: Remote = overSocket('tcp, bare', 'tcp');

/** Round trips, one at a time, whose answers have `size` bytes; the first fifth is not counted. */
export const roundTrips = async (n: number, size: number): Promise<Histogram> => {
  const { socket, close } = await connect('unix', size);
  const frame = frameOf(16);
  const times = newHistogram();
  const warmUps = Math.ceil(n / 5);
  let heard = (): void => undefined;
  const counter = new FrameCounter(() => heard());
  socket.on('data', (chunk: Buffer) => counter.push(chunk));
  for (let i = 0; i < n + warmUps; i += 1) {
    const answered = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const began = performance.now();
    socket.write(frame);
    await answered;
    if (i >= warmUps) record(times, performance.now() - began);
  }
  close();
  return times;
};

/** Milliseconds for `bytes` in frames of `chunk` bytes, until the far end has the last. */
export const stream = async (bytes: number, chunk: number): Promise<number> => {
  const { socket, close } = await connect('unix', 'sink');
  const frame = frameOf(chunk);
  const count = Math.ceil(bytes / chunk);
  const answered = once(socket, 'data');
  const began = performance.now();
  for (let i = 0; i < count; i += 1) if (!socket.write(frame)) await once(socket, 'drain');
  socket.write(frameOf(0));
  await answered;
  const ms = performance.now() - began;
  close();
  return ms;
};
