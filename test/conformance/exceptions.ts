/**
 * The handler behind `catch: true`: answers an exception as the result of the touch, and lets the thread go on past
 * it.
 */

import { EXCEPTION_RAISE } from '../../kernel/exception.ts';
import type { KernelRequest, RightArgument } from '../../kernel/interface/calls.ts';
import { MACH_PORT_NULL, type PortName } from '../../ports/name.ts';
import { MAKE_SEND, MOVE_SEND_ONCE } from '../../ports/right.ts';
import type { Stage } from './stage.ts';

/** One port for all threads that catch; which thread it was, the message says. */
export class ExceptionCatcher {
  readonly #stage: Stage;
  readonly #port: PortName;
  /** Threads that catch, by the runner's names for their ports. */
  readonly #watched: Set<PortName> = new Set();

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#port = stage.runner.allocate();
  }

  /** Becomes the exception port of a thread. */
  watch(thread: PortName): void {
    this.#watched.add(thread);
    this.#become(thread, { name: this.#port, disposition: MAKE_SEND });
  }

  /** The actor does something else: from now on the case's own handlers are in charge again. */
  leave(thread: PortName): void {
    if (this.#watched.delete(thread)) this.#become(thread, { name: MACH_PORT_NULL, disposition: MAKE_SEND });
  }

  #become(thread: PortName, right: RightArgument): void {
    this.#stage.ask(thread, { op: 'set_special_port', which: 'THREAD_EXCEPTION', right });
  }

  /** Handles what has come. True if anything had. */
  serve(): boolean {
    const { sys } = this.#stage.runner;
    let served = false;
    for (let raised = sys.poll(this.#port); raised !== null; raised = sys.poll(this.#port)) {
      if (raised.id !== EXCEPTION_RAISE) continue;
      served = true;
      const ports = (raised.items ?? []).flatMap((item) => (item.kind === 'port' ? [item.name] : []));
      const thread = ports.find((port) => this.#watched.has(port));
      if (thread !== undefined) this.#skip(thread, raised.body as { readonly [key: string]: unknown });
      for (const name of ports) sys.call({ op: 'port_deallocate', name });
      const reply = { remote: raised.remote, remoteDisposition: MOVE_SEND_ONCE, id: EXCEPTION_RAISE + 100 };
      sys.send({ ...reply, body: { retcode: 'KERN_SUCCESS' } });
    }
    return served;
  }

  #skip(thread: PortName, { exception, code, subcode }: { readonly [key: string]: unknown }): void {
    const value = { at: 'idle', done: { kr: exception, code, subcode } };
    this.#stage.ask(thread, { op: 'thread_set_state', flavor: 'program', value } as unknown as KernelRequest);
  }
}
