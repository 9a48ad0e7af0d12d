/** The handler behind `catch: true`: answers an exception as the result of the touch, and lets the thread go on past it. */
import { type PortName, portName } from '../../ports/name.ts';
import { MAKE_SEND, MOVE_SEND_ONCE } from '../../ports/right.ts';
import type { KernelRequest } from '../../kernel/interface/calls.ts';
import type { Stage } from './stage.ts';

const EXCEPTION_RAISE = 2400;

/** One port for all threads that catch; which thread it was, the message says. */
export class ExceptionCatcher {
  readonly #stage: Stage;
  readonly #ports: Map<string, PortName> = new Map();
  readonly #watched: Set<string> = new Set();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** Becomes the exception port of an actor's thread. */
  watch(actor: string, thread: PortName): void {
    const port = this.#ports.get(actor) ?? this.#stage.runner.allocate();
    this.#ports.set(actor, port);
    this.#watched.add(actor);
    const right = { name: port, disposition: MAKE_SEND };
    const request: KernelRequest = { op: 'set_special_port', which: 'THREAD_EXCEPTION', right };
    this.#stage.ask(thread, request);
  }

  /** Handles what has come. True if anything had. */
  serve(threadOf: (actor: string) => PortName): boolean {
    const { sys } = this.#stage.runner;
    let served = false;
    for (const [actor, port] of this.#ports) {
      for (let raised = sys.poll(port); raised !== null; raised = sys.poll(port)) {
        if (raised.id !== EXCEPTION_RAISE) continue;
        served = true;
        this.#skip(threadOf(actor), raised.body as { readonly [key: string]: unknown });
        for (const item of raised.items ?? []) {
          if (item.kind === 'port') sys.call({ op: 'port_deallocate', name: item.name });
        }
        const answer = { remote: raised.remote, remoteDisposition: MOVE_SEND_ONCE, id: EXCEPTION_RAISE + 100 };
        sys.send({ ...answer, body: { retcode: 'KERN_SUCCESS' } });
      }
    }
    return served;
  }

  #skip(thread: PortName, { exception, code, subcode }: { readonly [key: string]: unknown }): void {
    const value = { at: 'idle', done: { kr: exception, code, subcode } };
    this.#stage.ask(thread, { op: 'thread_set_state', flavor: 'program', value } as unknown as KernelRequest);
  }

  /** The actor does something else: from now on the case's own handlers are in charge again. */
  leave(actor: string, thread: PortName): void {
    if (!this.#watched.delete(actor)) return;
    const right = { name: portName(0), disposition: MAKE_SEND };
    this.#stage.ask(thread, { op: 'set_special_port', which: 'THREAD_EXCEPTION', right });
  }
}
