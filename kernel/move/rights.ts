/** The rights of an image: three arrays beside it, each index taken once. */

import type { Carried } from '../../ports/name-calls.ts';
import type { Port } from '../../ports/port.ts';
import { PORT_RECEIVE, PORT_SEND, PORT_SEND_ONCE } from '../../ports/right.ts';
import type { RightIndex } from '../interface/image.ts';

/**
 * Collects rights while a task is taken apart. The indexes of one list count receive, send and send-once rights
 * together.
 */
export class RightsOut {
  readonly rights: Carried[] = [];

  receive(port: Port | null): RightIndex {
    return this.#put(port, PORT_RECEIVE);
  }

  send(port: Port | null): RightIndex {
    return this.#put(port, PORT_SEND);
  }

  sendOnce(port: Port | null): RightIndex {
    return this.#put(port, PORT_SEND_ONCE);
  }

  any(port: Port | null, type: number): RightIndex {
    if (type === PORT_RECEIVE) return this.receive(port);
    return type === PORT_SEND ? this.send(port) : this.sendOnce(port);
  }

  #put(port: Port | null, type: 16 | 17 | 18): RightIndex {
    if (port === null) return -1;
    this.rights.push({ port, type });
    return this.rights.length - 1;
  }
}

/** Hands rights out again while a task is put together. What nobody took is left over. */
export class RightsIn {
  readonly #rights: (Carried | null)[];

  constructor(rights: readonly Carried[]) {
    this.#rights = [...rights];
  }

  /** The port of a right, which is the caller's now; null for none. A dead one is the dead port. */
  take(index: RightIndex): Port | null {
    const right = index < 0 ? null : (this.#rights[index] ?? null);
    if (right === null) return null;
    this.#rights[index] = null;
    return right.port;
  }

  /** Rights that the image did not mention. */
  get left(): Carried[] {
    return this.#rights.filter((right) => right !== null);
  }
}
