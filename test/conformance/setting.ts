/** A setting on one kernel: the actors of a case are puppets, the runner moves them. */

import type { Answer as KernelAnswer, KernelRequest } from '../../kernel/interface/calls.ts';
import type { Task } from '../../kernel/kernel.ts';
import { evict } from '../../kernel/vm/describe.ts';
import { type PortName, portName } from '../../ports/name.ts';
import { COPY_SEND } from '../../ports/right.ts';
import type { Answer, Args, Census, Geometry, Options, Result, Routine, Setting } from './driver.ts';
import { Unsupported } from './driver.ts';
import { type Errand, lend, serveOnce } from './errands.ts';
import { ExceptionCatcher } from './exceptions.ts';
import type { PuppetCall } from './puppet.ts';
import { aimedCall, messageCall, shown, stubCall } from './puppet-calls.ts';
import type { Json, JsonObject } from './scenario.ts';
import { taskOf } from './scenario.ts';
import { nameIn, Stage } from './stage.ts';
import { Wiring } from './wiring.ts';

/** What an actor is doing. */
interface Part {
  /** The runner's send right to the thread's port. */
  readonly thread: PortName;
  call: string;
  args: Args;
  errand: Errand | null;
  /** The result, once it is known. */
  answer: Answer | null;
}

/** One run of one case. */
export class StageSetting implements Setting {
  readonly geometry: Geometry = { pageSize: 4096, lastPage: 2 ** 40 - 4096 };
  readonly #stage: Stage = new Stage();
  readonly #tasks: Map<string, PortName> = new Map();
  readonly #parts: Map<string, Part> = new Map();
  readonly #labels: readonly string[];
  readonly #catcher: ExceptionCatcher;

  constructor(options: Options) {
    this.#labels = options.tasks;
    this.#catcher = new ExceptionCatcher(this.#stage);
  }

  wire(given: readonly JsonObject[]): { readonly [variable: string]: Json } {
    for (const task of this.#labels) {
      this.#createTask(task);
      this.#createThread(task);
    }
    const wiring = new Wiring(this.#stage, {
      taskPort: (task) => this.#task(task),
      threadPort: (actor) => this.#part(actor).thread,
      hostPort: () => this.#stage.hostPort(),
    });
    for (const wire of given) wiring.add(wire);
    return Object.fromEntries(wiring.names);
  }

  #createTask(label: string): void {
    const { name } = this.#stage.runner.call({ op: 'task_create', inherit: false, name: label });
    this.#tasks.set(label, portName(name as number));
  }

  #createThread(actor: string): Part {
    const thread = nameIn(this.#stage.demand(this.#task(taskOf(actor)), { op: 'thread_create', program: 'puppet' }));
    this.#stage.demand(thread, { op: 'thread_resume' });
    return this.#adopt(actor, thread);
  }

  #adopt(actor: string, thread: PortName): Part {
    const part: Part = { thread, call: '', args: {}, errand: null, answer: null };
    this.#parts.set(actor, part);
    return part;
  }

  #task(label: string): PortName {
    const port = this.#tasks.get(label);
    if (port === undefined) throw new Error(`there is no task ${label}`);
    return port;
  }

  #part(actor: string): Part {
    return this.#parts.get(actor) ?? this.#createThread(actor);
  }

  start(actor: string, call: string, args: Args): void {
    const part = this.#part(actor);
    part.call = call;
    part.args = args;
    part.answer = null;
    part.errand = null;
    this.#catcher.leave(part.thread);
    const begun = this.#begin(actor, call, args);
    if ('kind' in begun) return this.#move(part, begun);
    part.errand = begun;
    this.#advance(part, { kr: 'KERN_SUCCESS' });
  }

  #begin(actor: string, call: string, args: Args): PuppetCall | Errand {
    switch (call) {
      case 'run':
        return { kind: 'run' };
      case 'msg':
      case 'mach_msg':
        return messageCall(call, args);
      case 'mig_call':
      case 'mig_send':
        return stubCall(call, args);
      case 'server_once':
        return serveOnce(Number(args['name']), args['routine'] as Routine, (inner, its) =>
          this.#begin(actor, inner, its),
        );
      case 'touch':
        if (args['catch'] === true) this.#catcher.watch(this.#part(actor).thread);
        return {
          kind: 'touch',
          address: Number(args['address']),
          value: args['access'] === 'write' ? Number(args['value'] ?? 0) : null,
        };
      default:
        return this.#aim(actor, call, args);
    }
  }

  #aim(actor: string, call: string, args: Args): PuppetCall | Errand {
    const { target, request, ...fill } = aimedCall(call, args);
    if (target === undefined || target === actor) return { kind: 'self', request, ...fill };
    if (typeof target === 'number') return { kind: 'kernel', port: target, request, ...fill };
    if (request.op === 'task_terminate' && target === taskOf(actor)) return { kind: 'self', request };
    const port =
      call.startsWith('thread_') && call !== 'thread_create' ? this.#part(target).thread : this.#task(target);
    return lend(() => this.#stage.ask(port, request));
  }

  /** Sets the puppet's state. A thread that is gone answers so. */
  #move(part: Part, call: PuppetCall): void {
    const value = { at: 'begin', call, done: null };
    const request = { op: 'thread_set_state', flavor: 'program', value } as unknown as KernelRequest;
    if (this.#stage.ask(part.thread, request) === null) part.answer = TERMINATED;
  }

  settle(): void {
    do this.#stage.rest();
    while (this.#catcher.serve() || this.#goOn());
  }

  /** Lets what is done in several calls go on. True if anything did. */
  #goOn(): boolean {
    let moved = false;
    for (const part of this.#parts.values()) {
      if (part.errand === null || part.answer !== null) continue;
      const done = this.#done(part);
      if (done === undefined) continue;
      if (done === null) part.answer = TERMINATED;
      else this.#advance(part, done);
      moved = true;
    }
    return moved;
  }

  #advance(part: Part, answer: Answer): void {
    const next = part.errand?.next(answer);
    if (next === undefined) return;
    if (next.done === true) part.answer = next.value;
    else this.#move(part, next.value);
  }

  /** What the puppet's call answered: undefined while it is under way, null if the thread is gone. */
  #done(part: Part): Answer | null | undefined {
    const answer = this.#stage.ask(part.thread, { op: 'thread_get_state', flavor: 'program' });
    if (answer === null) return null;
    const { done } = answer['state'] as { readonly done: Answer | null };
    return done ?? undefined;
  }

  result(actor: string): Result {
    const part = this.#part(actor);
    if (part.answer === null) {
      const done = part.errand === null ? this.#done(part) : undefined;
      if (done === undefined) return { blocked: true };
      if (done === null) part.answer = TERMINATED;
      else {
        this.#meet(actor, part, done);
        part.answer = shown(part.call, done);
      }
    }
    return part.answer;
  }

  /** A task or thread that the call has made becomes known under its label. */
  #meet(actor: string, { call, args }: Part, answer: Answer): void {
    const { as: label, start } = args;
    if (typeof label !== 'string' || answer['kr'] !== 'KERN_SUCCESS') return;
    if (call !== 'task_create' && call !== 'thread_create') return;
    const name = portName(answer['name'] as number);
    const extract: KernelRequest = { op: 'port_extract_right', name, disposition: COPY_SEND };
    const port = nameIn(this.#stage.demand(this.#task(taskOf(actor)), extract));
    if (call === 'thread_create') this.#adopt(label, port);
    else {
      this.#tasks.set(label, port);
      if (start === true) this.#createThread(label);
    }
  }

  advance(ms: number): void {
    const until = this.#stage.now + ms;
    for (let next = this.#stage.nextDeadline; next <= until; next = this.#stage.nextDeadline) {
      this.#stage.now = Math.max(next, this.#stage.now);
      this.settle();
    }
    this.#stage.now = until;
    this.settle();
  }

  control(call: string, args: Args): Answer {
    switch (call) {
      case 'task_terminate':
      case 'task_suspend':
      case 'task_resume':
        return { kr: this.#control(String(args['task']), { op: call })?.kr ?? 'MACH_SEND_INVALID_DEST' };
      case 'limit':
        return this.#limit(args);
      case 'evict':
        return this.#evict(args);
      default:
        throw new Unsupported(call);
    }
  }

  #control(label: string, request: KernelRequest): KernelAnswer | null {
    return this.#stage.ask(this.#task(label), request);
  }

  /** The record behind a label, for what no call can do. */
  #record(label: unknown): Task {
    const found = [...this.#stage.kernel.tasks].find(({ name }) => name === label);
    if (found === undefined) throw new Error(`there is no task ${String(label)}`);
    return found;
  }

  #evict({ task, address, size }: Args): Answer {
    evict(this.#record(task).memory, Number(address), Number(size));
    return { kr: 'KERN_SUCCESS' };
  }

  #limit({ task: label, names, memory }: Args): Answer {
    const task = this.#record(label);
    if (names !== undefined) task.space.namesLeft = names === null ? Number.POSITIVE_INFINITY : Number(names);
    const { max } = task.memory.sizeLimit;
    if (memory !== undefined) {
      const current = memory === null ? max : task.memory.regions.counted + Number(memory);
      task.memory.setSizeLimit(current, max, 'privileged');
    }
    return { kr: 'KERN_SUCCESS' };
  }

  census(): Census {
    return this.#stage.census();
  }

  close(): void {
    // Nothing outlives the stage but the garbage collector's work.
  }
}

const TERMINATED: Answer = { kr: 'TERMINATED' };
