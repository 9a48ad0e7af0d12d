/**
 * The handler behind `catch: true`: answers an exception as the result of the touch, and lets the thread go on past
 * it.
 */

import { EXCEPTION_RAISE } from '../../kernel/exception.ts';
import type { KernelRequest, RightArgument } from '../../kernel/interface/calls.ts';
import { MACH_PORT_NULL } from '../../ports/name.ts';
import { MAKE_SEND, MOVE_SEND_ONCE } from '../../ports/right.ts';
import type { HeldThere } from './fleet.ts';
import type { Site } from './site.ts';

/** Whoever knows where a thread is now, and has its port there. */
interface Threads {
  threadPort(actor: string): HeldThere;
}

/** There is one port in each kernel for all threads that catch; which thread it was, the message says. */
export class ExceptionCatcher {
  readonly #threads: Threads;
  readonly #sites: Set<Site> = new Set();
  /** Actors that catch, each by the runner's name for its thread in the kernel where it began. */
  readonly #watched: Map<string, HeldThere> = new Map();

  constructor(threads: Threads) {
    this.#threads = threads;
  }

  /** Becomes the exception port of an actor's thread. */
  watch(actor: string): void {
    const held = this.#threads.threadPort(actor);
    this.#watched.set(actor, held);
    this.#sites.add(held.site);
    this.#become(held, { name: held.site.stage.exceptions, disposition: MAKE_SEND });
  }

  /** The actor's thread has been moved. */
  follow(actor: string): void {
    if (this.#watched.has(actor)) this.watch(actor);
  }

  /** The actor does something else: from now on the case's own handlers are in charge again. */
  leave(actor: string): void {
    if (!this.#watched.delete(actor)) return;
    this.#become(this.#threads.threadPort(actor), { name: MACH_PORT_NULL, disposition: MAKE_SEND });
  }

  #become({ site, name }: HeldThere, right: RightArgument): void {
    site.stage.ask(name, { op: 'set_special_port', which: 'THREAD_EXCEPTION', right });
  }

  /** Handles what has come. True if anything had. */
  serve(): boolean {
    let served = false;
    for (const site of this.#sites) served = this.#serveAt(site) || served;
    return served;
  }

  #serveAt(site: Site): boolean {
    const { sys } = site.stage.runner;
    const port = site.stage.exceptions;
    let served = false;
    for (let raised = sys.poll(port); raised !== null; raised = sys.poll(port)) {
      if (raised.id !== EXCEPTION_RAISE) continue;
      served = true;
      const ports = (raised.items ?? []).flatMap((item) => (item.kind === 'port' ? [item.name] : []));
      for (const [actor, held] of this.#watched) {
        if (held.site === site && ports.includes(held.name))
          this.#skip(actor, raised.body as { readonly [key: string]: unknown });
      }
      for (const name of ports) sys.call({ op: 'port_deallocate', name });
      const reply = { remote: raised.remote, remoteDisposition: MOVE_SEND_ONCE, id: EXCEPTION_RAISE + 100 };
      sys.send({ ...reply, body: { retcode: 'KERN_SUCCESS' } });
    }
    return served;
  }

  #skip(actor: string, { exception, code, subcode }: { readonly [key: string]: unknown }): void {
    const value = { at: 'idle', done: { kr: exception, code, subcode } };
    const { site, name } = this.#threads.threadPort(actor);
    site.stage.ask(name, { op: 'thread_set_state', flavor: 'program', value } as unknown as KernelRequest);
  }
}
