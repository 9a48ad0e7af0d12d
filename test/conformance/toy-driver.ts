/**
 * A toy system for the runner's own tests: one kernel whose tasks share one space of ports, each port a queue of two
 * messages. It knows a handful of calls, enough to block, time out, serve and leak.
 */

import type { Answer, Args, Census, Driver, Options, Profile, Result, Routine, Setting } from './driver.ts';
import { Unsupported } from './driver.ts';
import type { Codec, Json, JsonObject } from './scenario.ts';
import { taskOf } from './scenario.ts';

export interface ToyOptions {
  readonly profiles?: readonly Profile[];
  readonly codecs?: readonly Codec[];
  /** A terminated task leaves its ports behind. */
  readonly leaks?: boolean;
  /** Moving a task fails. */
  readonly isRooted?: boolean;
}

/** What the toy was asked, in order: `open mach3`, `A port_allocate`, `- relocate B Relocation-1`. */
export interface ToyDriver extends Driver {
  readonly log: string[];
  readonly opened: Options[];
}

interface ToyPort {
  readonly owner: string;
  readonly queue: Answer[];
}

interface ToyCall {
  readonly actor: string;
  readonly call: string;
  readonly args: Args;
  readonly deadline: number;
}

const QUEUE_MAX = 2;

export const toyDriver = (toy: ToyOptions = {}): ToyDriver => {
  const log: string[] = [];
  const opened: Options[] = [];
  return {
    profiles: toy.profiles ?? ['mach3'],
    codecs: toy.codecs ?? [],
    strategies: [],
    log,
    opened,
    open: (options) => {
      log.push(`open ${options.profile}`);
      opened.push(options);
      return new ToySetting(toy, log);
    },
  };
};

class ToySetting implements Setting {
  readonly geometry = { pageSize: 4096, lastPage: 0xfffff000 };
  readonly #toy: ToyOptions;
  readonly #log: string[];
  readonly #ports = new Map<number, ToyPort>();
  readonly #results = new Map<string, Result>();
  readonly #dead = new Set<string>();
  #pending: ToyCall[] = [];
  #nextName = 4;
  #clock = 0;

  constructor(toy: ToyOptions, log: string[]) {
    this.#toy = toy;
    this.#log = log;
  }

  wire(given: readonly JsonObject[]): { readonly [variable: string]: Json } {
    const bound: { [variable: string]: Json } = {};
    for (const { receive, send, of, in: task } of given) {
      if (receive !== undefined) bound[`${String(task)}.${String(receive)}`] = this.#allocate(String(task));
      if (send !== undefined) bound[`${String(task)}.${String(send)}`] = bound[String(of)] ?? null;
    }
    return bound;
  }

  start(actor: string, call: string, args: Args): void {
    this.#log.push(`${actor} ${call}`);
    const receive = args['receive'] as Args | undefined;
    const timeout = receive?.['timeout'];
    const deadline = typeof timeout === 'number' ? this.#clock + timeout : Infinity;
    this.#results.set(actor, { blocked: true });
    this.#pending.push({ actor, call, args, deadline });
  }

  settle(): void {
    for (let isIdle = false; !isIdle; ) {
      isIdle = true;
      for (const each of [...this.#pending]) {
        const answer = this.#dead.has(taskOf(each.actor)) ? { kr: 'TERMINATED' } : this.#attempt(each);
        if (answer === undefined) continue;
        isIdle = false;
        this.#pending = this.#pending.filter((other) => other !== each);
        this.#results.set(each.actor, answer);
      }
    }
  }

  result(actor: string): Result {
    return this.#results.get(actor) ?? { kr: 'NEVER_STARTED' };
  }

  advance(ms: number): void {
    this.#clock += ms;
    this.settle();
  }

  control(call: string, args: Args): Answer {
    const task = String(args['task']);
    this.#log.push(['-', call, task, args['to']].filter((part) => part !== undefined).join(' '));
    switch (call) {
      case 'task_terminate':
        return this.#terminate(task);
      case 'relocate':
        return { kr: this.#toy.isRooted || this.#dead.has(task) ? 'KERN_FAILURE' : 'KERN_SUCCESS' };
      case 'where':
        return { kernel: this.#dead.has(task) ? 'NONE' : 'K1', copies: 1 };
      default:
        throw new Unsupported(call);
    }
  }

  census(): Census {
    const messages = [...this.#ports.values()].reduce((sum, { queue }) => sum + queue.length, 0);
    return { ports: this.#ports.size, messages, rights: this.#ports.size, residentPages: this.#nextName };
  }

  close(): void {
    this.#log.push('close');
  }

  /** The answer, or undefined while the call has to wait. */
  #attempt({ actor, call, args, deadline }: ToyCall): Answer | undefined {
    switch (call) {
      case 'port_allocate':
        return { kr: 'KERN_SUCCESS', name: this.#allocate(taskOf(actor)) };
      case 'port_deallocate':
        return this.#deallocate(Number(args['name']));
      case 'echo':
        return { kr: 'KERN_SUCCESS', ...args };
      case 'panic':
        throw new Error('the toy broke');
      case 'msg':
        return this.#message(args, deadline);
      case 'server_once':
        return this.#serve(actor, args);
      default:
        throw new Unsupported(call);
    }
  }

  #message(args: Args, deadline: number): Answer | undefined {
    const { send, receive } = args as { send?: Args; receive?: Args };
    if (send !== undefined) {
      const port = this.#ports.get(Number(send['remote']));
      if (port === undefined) return { kr: 'MACH_SEND_INVALID_DEST' };
      if (port.queue.length >= QUEUE_MAX) return undefined;
      port.queue.push({ id: send['id'], body: send['body'] });
      return { kr: 'MACH_MSG_SUCCESS' };
    }
    const message = this.#ports.get(Number(receive?.['name']))?.queue.shift();
    if (message !== undefined) return { kr: 'MACH_MSG_SUCCESS', message };
    return deadline <= this.#clock ? { kr: 'MACH_RCV_TIMED_OUT' } : undefined;
  }

  #serve(actor: string, args: Args): Answer | undefined {
    const received = this.#ports.get(Number(args['name']))?.queue.shift();
    if (received === undefined) return undefined;
    const routine = args['routine'] as Routine;
    let step = routine.begin(received);
    while (step.does === 'call') {
      const answer = this.#attempt({ actor, call: step.call, args: step.args, deadline: 0 });
      step = routine.next(answer ?? { blocks: true });
    }
    return { kr: 'KERN_SUCCESS', received, replied: step.retcode, body: step.body };
  }

  #deallocate(name: number): Answer {
    return { kr: this.#ports.delete(name) ? 'KERN_SUCCESS' : 'KERN_INVALID_NAME' };
  }

  #allocate(owner: string): number {
    const name = this.#nextName;
    this.#nextName += 4;
    this.#ports.set(name, { owner, queue: [] });
    return name;
  }

  #terminate(task: string): Answer {
    this.#dead.add(task);
    if (!this.#toy.leaks) {
      for (const [name, { owner }] of this.#ports) if (owner === task) this.#ports.delete(name);
    }
    return { kr: 'KERN_SUCCESS' };
  }
}
