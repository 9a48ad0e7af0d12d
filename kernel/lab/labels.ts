/** What tasks, threads, ports and messages are called in what a person reads: stable within one kernel and one run. */
import type { Message, Port } from '../../ports/port.ts';
import { DEAD } from '../../ports/port.ts';
import type { Task, Thread } from '../kernel.ts';

/** Names for what has none. Numbers are given in the order in which things are first seen. */
export class Labels {
  readonly #ports: WeakMap<Port, string> = new WeakMap();
  readonly #messages: WeakMap<Message, string> = new WeakMap();
  readonly #threads: WeakMap<Thread, string> = new WeakMap();
  #port = 0;
  #message = 0;

  /** Calls a port what its user calls it. */
  call(port: Port, label: string): void {
    this.#ports.set(port, label);
  }

  /** Calls a thread what its user calls it. */
  callThread(thread: Thread, label: string): void {
    this.#threads.set(thread, label);
  }

  /** A port's label: its user's, or a number. */
  port(port: Port): string {
    let label = this.#ports.get(port);
    if (label === undefined) {
      this.#port += 1;
      label = `port${this.#port}`;
      this.#ports.set(port, label);
    }
    return label;
  }

  /** The same; a dead port says so. */
  portNow(port: Port): string {
    return port.where === DEAD ? 'a dead port' : this.port(port);
  }

  /** A message's label. */
  message(message: Message): string {
    let label = this.#messages.get(message);
    if (label === undefined) {
      this.#message += 1;
      label = `m${this.#message}`;
      this.#messages.set(message, label);
    }
    return label;
  }

  /** A task's label: its name. */
  task({ name }: Task): string {
    return name;
  }

  /** A thread's label: its user's, or its task's with its number. */
  thread(thread: Thread): string {
    return this.#threads.get(thread) ?? `${thread.task.name}.${thread.serial}`;
  }
}
