/**
 * Links over Unix sockets. On the socket each frame follows its length, four bytes little-endian. Frames of one turn
 * leave in one write. A length that no frame can have closes the socket before anything is kept for it.
 */
import { chmodSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { FRAME_MAX, type Link, type LinkEvents } from '../net/link.ts';

/** Bytes waiting to be written beyond which the link is congested. */
const HIGH_WATER = 262_144;
const LENGTH_SIZE = 4;
/** How long a closed link may still deliver what was sent. */
const LINGER_MS = 1000;

/** Why a link could not be made. */
export class UnixLinkError extends Error {
  override readonly name = 'UnixLinkError';
  readonly code: 'E_ADDRESS_IN_USE' | 'E_NO_LISTENER' | 'E_SOCKET';

  constructor(code: UnixLinkError['code'], why: string) {
    super(`${code}: ${why}`);
    this.code = code;
  }
}

/** A socket that is listened on. */
export interface UnixListener {
  readonly path: string;
  /** Takes no more links and removes the socket; links that exist live on. */
  close(): void;
}

/**
 * Listens on `path`: made 0600, in a directory made 0700 if it does not exist. A socket left behind by a process that
 * is no more is replaced; one that answers is E_ADDRESS_IN_USE; anything that is not a socket is left alone.
 */
export const listenUnix = async (path: string, accept: (link: Link) => void): Promise<UnixListener> => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  await clearStale(path);
  const server = createServer((socket) => accept(new UnixLink(socket)));
  await listening(server, path);
  chmodSync(path, 0o600);
  return { path, close: () => void server.close() };
};

/** Connects to `path`. */
export const connectUnix = (path: string): Promise<Link> =>
  new Promise((resolve, reject) => {
    const socket = createConnection({ path });
    const failed = (error: Error): void => reject(new UnixLinkError(codeOf(error), messageOf(error)));
    socket.once('error', failed);
    socket.once('connect', () => {
      const link = new UnixLink(socket);
      socket.off('error', failed);
      resolve(link);
    });
  });

const codeOf = (error: NodeJS.ErrnoException): UnixLinkError['code'] => {
  if (error.code === 'EADDRINUSE') return 'E_ADDRESS_IN_USE';
  return error.code === 'ECONNREFUSED' || error.code === 'ENOENT' ? 'E_NO_LISTENER' : 'E_SOCKET';
};

const messageOf = (error: NodeJS.ErrnoException): string => `${error.syscall ?? 'socket'} ${error.code ?? 'failed'}`;

/** Removes a socket that nobody listens on any more. E_ADDRESS_IN_USE if what is there is anything else. */
export const clearStale = async (path: string): Promise<void> => {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new UnixLinkError('E_ADDRESS_IN_USE', 'what is there is not a socket');
  const answer = await attempt(path);
  if (answer === 'alive') throw new UnixLinkError('E_ADDRESS_IN_USE', 'another process listens there');
  if (answer === 'stale') unlinkSync(path);
};

const attempt = (path: string): Promise<'alive' | 'stale' | 'gone'> =>
  new Promise((resolve, reject) => {
    const socket = createConnection({ path });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') resolve('stale');
      else if (error.code === 'ENOENT') resolve('gone');
      else reject(new UnixLinkError('E_SOCKET', messageOf(error)));
    });
    socket.once('connect', () => {
      socket.destroy();
      resolve('alive');
    });
  });

const listening = (server: Server, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new UnixLinkError(codeOf(error), messageOf(error))));
    const restore = narrowMask();
    server.listen(path, () => resolve());
    restore();
  });

/**
 * Lets no one else at the socket even before its mode is set. Worker threads have no mask of their own: there the
 * directory guards.
 */
const narrowMask = (): (() => void) => {
  try {
    const mask = process.umask(0o177);
    return () => void process.umask(mask);
  } catch {
    return () => {};
  }
};

/** One end of a link over a socket. */
class UnixLink implements Link {
  readonly kind: string = 'unix';
  readonly #socket: Socket;
  #events: LinkEvents | null = null;
  #reason: string | null = null;
  #isCorked = false;
  /** What has come of a frame that is not complete. */
  #parts: Uint8Array[] = [];
  #partsLength = 0;
  /** Bytes that must be there before anything can be done. */
  #needed = LENGTH_SIZE;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', (error) => {
      this.#reason ??= messageOf(error);
    });
    socket.on('close', () => this.#events?.closed(this.#reason ?? 'closed by the peer'));
    socket.on('drain', () => this.#events?.drain());
  }

  open(events: LinkEvents): void {
    this.#events = events;
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  send(frame: Uint8Array): boolean {
    const socket = this.#socket;
    if (this.#reason !== null || !socket.writable) return true;
    if (!this.#isCorked) {
      this.#isCorked = true;
      socket.cork();
      process.nextTick(() => this.#uncork());
    }
    const length = Buffer.allocUnsafe(LENGTH_SIZE);
    length.writeUInt32LE(frame.length, 0);
    socket.write(length);
    const hasRoom = socket.write(frame);
    return hasRoom || socket.writableLength < HIGH_WATER;
  }

  close(reason: string): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    this.#uncork();
    this.#socket.end(() => this.#socket.destroy());
    setTimeout(() => this.#socket.destroy(), LINGER_MS).unref();
  }

  #uncork(): void {
    if (!this.#isCorked) return;
    this.#isCorked = false;
    this.#socket.uncork();
  }

  /** Cuts frames out of what comes. A frame within one chunk is not copied. */
  #take(chunk: Uint8Array): void {
    let rest = chunk;
    if (this.#partsLength > 0) {
      if (this.#partsLength + chunk.length < this.#needed) return this.#keep(chunk);
      this.#keep(chunk);
      rest = Buffer.concat(this.#parts);
      this.#parts = [];
      this.#partsLength = 0;
    }
    while (rest.length >= LENGTH_SIZE && this.#reason === null) {
      const length = new DataView(rest.buffer, rest.byteOffset, LENGTH_SIZE).getUint32(0, true);
      if (length === 0 || length > FRAME_MAX) return this.#refuse();
      this.#needed = LENGTH_SIZE + length;
      if (rest.length < this.#needed) break;
      this.#events?.frame(rest.subarray(LENGTH_SIZE, this.#needed));
      rest = rest.subarray(this.#needed);
      this.#needed = LENGTH_SIZE;
    }
    if (rest.length > 0 && this.#reason === null) this.#keep(rest);
  }

  #keep(part: Uint8Array): void {
    this.#parts.push(part);
    this.#partsLength += part.length;
  }

  #refuse(): void {
    this.#reason = 'E_WIRE: what came is not a frame';
    this.#socket.destroy();
  }
}
