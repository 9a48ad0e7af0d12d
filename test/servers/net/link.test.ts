import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FRAME_MAX, type Link, type LinkEvents } from '../../../servers/net/link.ts';
import { memoryLinks } from '../../../servers/net/memory-link.ts';
import { linkEvents, Peers } from '../../../servers/net/session/peers.ts';
import type { SessionEvents } from '../../../servers/net/session/session.ts';
import { connectUnix, listenUnix, type UnixListener } from '../../../servers/node/unix-link.ts';

/** What one end of a link was told, and waiting for it. */
class Ear implements LinkEvents {
  readonly frames: Uint8Array[] = [];
  reason: string | null = null;
  drains = 0;
  #waiting: (() => void)[] = [];

  frame(frame: Uint8Array): void {
    this.frames.push(frame);
    this.#wake();
  }

  drain(): void {
    this.drains += 1;
    this.#wake();
  }

  closed(reason: string): void {
    expect(this.reason).toBeNull();
    this.reason = reason;
    this.#wake();
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

let directory = '';
let listener: UnixListener | null = null;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'portolan-link-'));
});
afterEach(() => {
  listener?.close();
  listener = null;
  rmSync(directory, { recursive: true, force: true });
});
const socketPath = (): string => join(directory, 'run', 'socket');

const unixLinks = async (): Promise<readonly [Link, Link]> => {
  const { promise, resolve } = deferred<Link>();
  listener = await listenUnix(socketPath(), resolve);
  const left = await connectUnix(socketPath());
  return [left, await promise];
};

const deferred = <T>(): { promise: Promise<T>; resolve(value: T): void } => {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve: (value) => resolve(value) };
};

const opened = (links: readonly [Link, Link]): { left: Link; right: Link; leftEar: Ear; rightEar: Ear } => {
  const [left, right] = links;
  const [leftEar, rightEar] = [new Ear(), new Ear()];
  left.open(leftEar);
  right.open(rightEar);
  return { left, right, leftEar, rightEar };
};

describe.each<[string, () => Promise<readonly [Link, Link]>]>([
  ['memory', () => Promise.resolve(memoryLinks((run) => setImmediate(run), 8))],
  ['unix', unixLinks],
])('a %s link', (kind, make) => {
  it('carries frames whole, in order, both ways', async () => {
    const { left, right, leftEar, rightEar } = opened(await make());
    const sizes = [1, 24, FRAME_MAX, 0x100, 1, FRAME_MAX, 7];
    for (const size of sizes) left.send(new Uint8Array(size).fill(size));
    right.send(new Uint8Array([9]));
    await rightEar.until(() => rightEar.frames.length === sizes.length);
    await leftEar.until(() => leftEar.frames.length === 1);
    expect(rightEar.frames.map((frame) => frame.length)).toEqual(sizes);
    expect(rightEar.frames.every((frame) => frame.every((octet) => octet === frame.length % 256))).toBe(true);
    expect([left.kind, right.kind]).toEqual([kind, kind]);
    left.close('done');
    await Promise.all([leftEar.until(() => leftEar.reason !== null), rightEar.until(() => rightEar.reason !== null)]);
  });

  it('says when it is congested, takes the frame all the same, and says when it is not', async () => {
    const { left, leftEar, rightEar } = opened(await make());
    let count = 0;
    do count += 1;
    while (left.send(new Uint8Array(60_000).fill(count)) && count < 1000);
    expect(count).toBeLessThan(1000);
    await leftEar.until(() => leftEar.drains > 0);
    await rightEar.until(() => rightEar.frames.length === count);
    left.close('done');
    await leftEar.until(() => leftEar.reason !== null);
  });

  it('delivers what was sent before it was closed, then tells both ends, once', async () => {
    const { left, right, leftEar, rightEar } = opened(await make());
    left.send(new Uint8Array([1]));
    left.close('enough');
    left.send(new Uint8Array([2]));
    left.close('more than enough');
    await Promise.all([leftEar.until(() => leftEar.reason !== null), rightEar.until(() => rightEar.reason !== null)]);
    right.send(new Uint8Array([3]));
    right.close('too late');
    expect([...(rightEar.frames[0] ?? [])]).toEqual([1]);
    expect([rightEar.frames.length, leftEar.frames.length]).toEqual([1, 0]);
    expect([leftEar.reason, rightEar.reason]).toEqual(['enough', 'closed by the peer']);
  });

  it('tells nothing within a call on it', async () => {
    const { left, leftEar, rightEar } = opened(await make());
    left.send(new Uint8Array([1]));
    left.close('enough');
    expect([rightEar.frames.length, leftEar.reason, rightEar.reason]).toEqual([0, null, null]);
    await leftEar.until(() => leftEar.reason !== null);
  });

  it('bears a session', async () => {
    const [left, right] = await make();
    const heard = deferred<string>();
    const nodeOf = (node: string, message: SessionEvents['message']): Peers =>
      new Peers(
        { node, incarnation: `${node}1` },
        {
          refused: () => {},
          sessionEvents: () => ({
            message,
            up() {},
            detached() {},
            suspect() {},
            trusted() {},
            dead() {},
            drained() {},
          }),
        },
      );
    const b = nodeOf('b', (lane, payload) => void b.session('a')?.transmit(lane, payload));
    const a = nodeOf('a', (_lane, payload) => heard.resolve(new TextDecoder().decode(payload)));
    const clock = (): number => 0;
    left.open(linkEvents(a.open(left, 'self', 0), clock));
    right.open(linkEvents(b.open(right, 'peer', 0), clock));
    a.session('b')?.transmit(1, new TextEncoder().encode('there and back'));
    expect(await heard.promise).toBe('there and back');
    a.leave();
    b.leave();
  });
});

describe('a unix socket', () => {
  it('is for its owner only', async () => {
    listener = await listenUnix(socketPath(), () => {});
    expect(statSync(socketPath()).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'run')).mode & 0o777).toBe(0o700);
  });

  it('that answers is in use', async () => {
    listener = await listenUnix(socketPath(), () => {});
    await expect(listenUnix(socketPath(), () => {})).rejects.toMatchObject({ code: 'E_ADDRESS_IN_USE' });
    expect((await connectUnix(socketPath())).kind).toBe('unix');
  });

  it('that nobody listens on any more is replaced', async () => {
    const path = join(directory, 'stale');
    const dies = `() => process.kill(process.pid, 'SIGKILL')`;
    spawnSync(process.execPath, ['-e', `require('node:net').createServer().listen(${JSON.stringify(path)}, ${dies})`]);
    expect(statSync(path).isSocket()).toBe(true);
    await expect(connectUnix(path)).rejects.toMatchObject({ code: 'E_NO_LISTENER' });
    listener = await listenUnix(path, () => {});
    expect((await connectUnix(path)).kind).toBe('unix');
  });

  it('does not take the place of a file that is none', async () => {
    const path = join(directory, 'file');
    writeFileSync(path, 'precious');
    await expect(listenUnix(path, () => {})).rejects.toMatchObject({ code: 'E_ADDRESS_IN_USE' });
    expect(statSync(path).size).toBe(8);
  });

  it('is no listener if there is none', async () => {
    await expect(connectUnix(join(directory, 'none'))).rejects.toMatchObject({ code: 'E_NO_LISTENER' });
  });

  it.each([
    ['a length beyond the limit', [1, 0, 1, 0, 0]],
    ['a length of nothing', [0, 0, 0, 0]],
    ['text', [...Buffer.from('GET / HTTP/1.1\r\n\r\n')]],
  ])('on which garbage comes is closed, and the next is served: %s', async (_what, garbage) => {
    const ears: Ear[] = [];
    listener = await listenUnix(socketPath(), (link) => {
      const ear = new Ear();
      ears.push(ear);
      link.open(ear);
    });
    const socket = createConnection(socketPath());
    socket.on('error', () => {});
    const gone = new Promise((resolve) => socket.once('close', resolve));
    socket.write(new Uint8Array(garbage));
    await gone;
    const ear = ears[0] as Ear;
    await ear.until(() => ear.reason !== null);
    expect([ear.reason, ear.frames]).toEqual(['E_WIRE: what came is not a frame', []]);
    const link = await connectUnix(socketPath());
    link.open(new Ear());
    link.send(new Uint8Array([1]));
    await new Promise((resolve) => setImmediate(resolve));
    const next = ears[1] as Ear;
    await next.until(() => next.frames.length === 1);
    link.close('done');
    await next.until(() => next.reason !== null);
  });

  it('puts frames together that come a byte at a time', async () => {
    const ear = new Ear();
    listener = await listenUnix(socketPath(), (link) => link.open(ear));
    const socket = createConnection(socketPath());
    socket.setNoDelay(true);
    for (const octet of [2, 0, 0, 0, 7, 8, 1, 0, 0, 0, 9]) {
      socket.write(new Uint8Array([octet]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await ear.until(() => ear.frames.length === 2);
    expect(ear.frames.map((frame) => [...frame])).toEqual([[7, 8], [9]]);
    socket.destroy();
    await ear.until(() => ear.reason !== null);
  });

  it('sends the frames of one turn in one write', async () => {
    let chunks = 0;
    const path = join(directory, 'raw');
    const done = deferred<void>();
    const server = createServer((socket) => {
      let size = 0;
      socket.on('data', (chunk) => {
        chunks += 1;
        size += chunk.length;
        if (size === 500) done.resolve();
      });
      socket.on('error', () => {});
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const link = await connectUnix(path);
    link.open(new Ear());
    for (let i = 0; i < 100; i += 1) link.send(new Uint8Array([i]));
    await done.promise;
    expect(chunks).toBe(1);
    link.close('done');
    await new Promise((resolve) => server.close(resolve));
  });
});
