/** Who calls a task while something goes wrong, and what goes wrong on sockets and with processes. */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { expect } from 'vitest';
import type { PortName } from '../../ports/name.ts';
import { COPY_SEND, MAKE_SEND_ONCE } from '../../ports/right.ts';
import { Slab } from '../../ports/wire/slab.ts';
import { nameService } from '../../servers/names/protocol.ts';
import { get32 } from '../../servers/net/session/frame.ts';
import { helloFrame, PROTOCOL_VERSION } from '../../servers/net/session/hello.ts';
import type { NodeRecord } from '../../servers/node/state-dir.ts';
import { ask } from '../../servers/shell/agent.ts';
import { type Client, serviceOf } from '../../servers/shell/client.ts';

/** A client of the task `counter`: it calls without pause, and knows what the next answer has to be. */
export class Caller {
  readonly #server: PortName;
  readonly #reply: PortName;
  readonly #client: Client;
  count = 0;

  private constructor(client: Client, server: PortName) {
    this.#client = client;
    this.#server = server;
    this.#reply = client.agent.allocate();
  }

  static async of(client: Client, name: string, node: NodeRecord): Promise<Caller> {
    const names = await serviceOf(client, node, 'names');
    for (;;) {
      const question = { service: nameService, server: names, routine: 'look_up', args: { name } } as const;
      const { rights } = await ask(client.agent, question, { timeoutMs: 5000 });
      if (rights[0] !== undefined) return new Caller(client, rights[0]);
    }
  }

  /** One call; null if the task is gone. */
  async call(): Promise<unknown> {
    const [remote, local] = [this.#server, this.#reply];
    const draft = { remote, remoteDisposition: COPY_SEND, local, localDisposition: MAKE_SEND_ONCE, id: 1 };
    try {
      const { body } = await this.#client.agent.rpc(draft, local, { timeoutMs: 30_000 });
      if (body !== undefined) this.count += 1;
      return body ?? null;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'MACH_SEND_INVALID_DEST') return null;
      throw error;
    }
  }
}

/** Calls on and on while something happens, and at least once before and after it; every answer must be the next. */
export const unharmed = async <T>(caller: Caller, act: () => Promise<T>): Promise<T> => {
  const next = async (): Promise<void> => expect(await caller.call()).toBe(caller.count);
  await next();
  let isOver = false;
  const flow = (async () => {
    while (!isOver) {
      await next();
      await new Promise((resolve) => void setTimeout(resolve, 2)); // leaves the processor to the others
    }
    await next();
  })();
  const acted = act().finally(() => {
    isOver = true;
  });
  const [result] = await Promise.all([acted, flow]);
  return result;
};

/** All that comes on a socket until the other side ends it. */
export const untilEnd = (socket: Socket): Promise<Buffer> =>
  new Promise((resolve) => {
    const parts: Buffer[] = [];
    socket.on('data', (part) => parts.push(part));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(Buffer.concat(parts)));
  });

/** A frame as it stands on a socket. */
export const framed = (frame: Uint8Array): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(frame.length);
  return Buffer.concat([length, frame]);
};

/** The frames in what came. */
export const framesIn = (bytes: Buffer): Uint8Array[] => {
  const frames: Uint8Array[] = [];
  for (let at = 0; at + 4 <= bytes.length; at += 4 + get32(bytes, at)) {
    frames.push(new Uint8Array(bytes.subarray(at + 4, at + 4 + get32(bytes, at))));
  }
  return frames;
};

/** The hello of a node that speaks a later version. */
export const foreignHello = (): Uint8Array =>
  helloFrame(new Slab(4096), {
    version: PROTOCOL_VERSION + 1,
    node: 'stranger',
    incarnation: 'stranger',
    payloadMax: 65 << 20,
  });

/** Sends a signal and waits until the process shows it. */
export const signalled = async (pid: number, signal: 'SIGSTOP' | 'SIGKILL'): Promise<void> => {
  const isThere = (): boolean => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      return stat.slice(stat.lastIndexOf(')') + 2).startsWith(signal === 'SIGSTOP' ? 'T' : 'Z');
    } catch {
      return signal === 'SIGKILL';
    }
  };
  process.kill(pid, signal);
  while (!isThere()) await new Promise((resolve) => void setImmediate(resolve));
};
