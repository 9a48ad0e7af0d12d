/** A setting: the actors of a case are puppets, the runner moves them, on one kernel or on several. */

import type { Answer as KernelAnswer, KernelRequest } from '../../kernel/interface/calls.ts';
import type { Task } from '../../kernel/kernel.ts';
import { MACH_PORT_DEAD, type PortName, portName } from '../../ports/name.ts';
import { MACH3, XNU } from '../../ports/profile.ts';
import { COPY_SEND, MOVE_SEND } from '../../ports/right.ts';
import type { Answer, Args, Census, Geometry, Options, Result, Routine, Setting } from './driver.ts';
import { Unsupported } from './driver.ts';
import { type Errand, lend, serveOnce } from './errands.ts';
import { ExceptionCatcher } from './exceptions.ts';
import { Fleet, type HeldThere } from './fleet.ts';
import { Journeys } from './journeys.ts';
import { LinkControls } from './link-controls.ts';
import type { PuppetCall } from './puppet.ts';
import { aimedCall, messageCall, shown, stubCall } from './puppet-calls.ts';
import type { Json, JsonObject } from './scenario.ts';
import { taskOf } from './scenario.ts';
import { callNames, isNameCall, Lender } from './service-calls.ts';
import type { Site } from './site.ts';
import { nameIn } from './stage.ts';
import { evictFrom, limitTask } from './task-controls.ts';
import { Wiring } from './wiring.ts';

/** What an actor is doing. */
interface Part {
  /** The runner's send right to the thread's port, in the kernel where the task is. */
  thread: PortName;
  call: string;
  args: Args;
  errand: Errand | null;
  /** The result, once it is known. */
  answer: Answer | null;
}

/** A task of the case, and the runner's send right to its port in the kernel where it is. */
interface Cast {
  site: Site;
  port: PortName;
  /** By what its kernels know it, wherever it goes; empty until it is asked for. */
  identity: string;
  /** It is frozen, between two kernels. */
  isOnItsWay: boolean;
}

/** The first kernel: where tasks are unless something else is said. */
const HOME = 'Home';

/** One run of one case. */
export class StageSetting implements Setting {
  readonly geometry: Geometry = { pageSize: 4096, lastPage: 2 ** 40 - 4096 };
  readonly #options: Options;
  readonly #fleet: Fleet;
  readonly #journeys: Journeys;
  readonly #links: LinkControls;
  readonly #tasks: Map<string, Cast> = new Map();
  readonly #parts: Map<string, Part> = new Map();
  readonly #catcher: ExceptionCatcher;

  constructor(options: Options) {
    this.#options = options;
    this.#fleet = new Fleet(hasSeveralKernels(options), options.profile === 'xnu' ? XNU : MACH3);
    this.#journeys = new Journeys(this.#fleet, options.strategy);
    this.#links = new LinkControls(this.#fleet);
    this.#catcher = new ExceptionCatcher({ threadPort: (actor) => this.#threadPort(actor) });
    for (const task of options.tasks) this.#fleet.site(this.#placeOf(task));
  }

  #placeOf(task: string): string {
    const { kernels, place, movable } = this.#options;
    const given = kernels?.[task];
    if (given !== undefined) return given;
    return place === 'apart' && movable.includes(task) ? `Kernel-${task}` : HOME;
  }

  wire(given: readonly JsonObject[]): { readonly [variable: string]: Json } {
    for (const task of this.#options.tasks) {
      this.#createTask(task);
      this.#createThread(task);
    }
    const wiring = new Wiring(this.#fleet, {
      taskPort: (task) => this.#taskPort(task),
      threadPort: (actor) => this.#threadPort(actor),
    });
    for (const wire of given) wiring.add(wire);
    return Object.fromEntries(wiring.names);
  }

  #createTask(label: string): void {
    const site = this.#fleet.site(this.#placeOf(label));
    const { name } = site.stage.runner.call({ op: 'task_create', inherit: false, name: label });
    this.#tasks.set(label, { site, port: portName(name as number), identity: '', isOnItsWay: false });
  }

  #createThread(actor: string): Part {
    const { site, port } = this.#cast(taskOf(actor));
    const thread = nameIn(site.stage.demand(port, { op: 'thread_create', program: 'puppet' }));
    site.stage.demand(thread, { op: 'thread_resume' });
    return this.#adopt(actor, thread);
  }

  #adopt(actor: string, thread: PortName): Part {
    const part: Part = { thread, call: '', args: {}, errand: null, answer: null };
    this.#parts.set(actor, part);
    return part;
  }

  #cast(label: string): Cast {
    const cast = this.#tasks.get(label);
    if (cast === undefined) throw new Error(`there is no task ${label}`);
    return cast;
  }

  #taskPort(label: string): HeldThere {
    const { site, port } = this.#cast(label);
    return { site, name: port };
  }

  #threadPort(actor: string): HeldThere {
    return { site: this.#cast(taskOf(actor)).site, name: this.#part(actor).thread };
  }

  #part(actor: string): Part {
    return this.#parts.get(actor) ?? this.#createThread(actor);
  }

  /** A call of the runner by a right that it holds. A kernel that is gone answers nothing. */
  #ask({ site, name }: HeldThere, request: KernelRequest): KernelAnswer | null {
    return site.isUp ? site.stage.ask(name, request) : null;
  }

  start(actor: string, call: string, args: Args): void {
    const part = this.#part(actor);
    part.call = call;
    part.args = args;
    part.answer = null;
    part.errand = null;
    this.#catcher.leave(actor);
    const begun = this.#begin(actor, call, args);
    if ('kind' in begun) return this.#move(actor, part, begun);
    part.errand = begun;
    this.#advance(actor, part, { kr: 'KERN_SUCCESS' });
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
        if (args['catch'] === true) this.#catcher.watch(actor);
        return {
          kind: 'touch',
          address: Number(args['address']),
          value: args['access'] === 'write' ? Number(args['value'] ?? 0) : null,
        };
      default:
        if (isNameCall(call)) return callNames(call, args, this.#lenderTo(actor));
        return this.#aim(actor, call, args);
    }
  }

  #aim(actor: string, call: string, args: Args): PuppetCall | Errand {
    const { target, request, ...fill } = aimedCall(call, args);
    if (target === undefined || target === actor) return { kind: 'self', request, ...fill };
    if (typeof target === 'number') return { kind: 'kernel', port: target, request, ...fill };
    if (request.op === 'task_terminate' && target === taskOf(actor)) return { kind: 'self', request };
    const isThread = call.startsWith('thread_') && call !== 'thread_create';
    return lend(() => this.#ask(isThread ? this.#threadPort(target) : this.#taskPort(target), request));
  }

  #lenderTo(actor: string): Lender {
    const home = this.#options.kernels === undefined ? HOME : null;
    return new Lender(this.#fleet, () => this.#taskPort(taskOf(actor)), home);
  }

  /** Sets the puppet's state. A thread that is gone answers so. */
  #move(actor: string, part: Part, call: PuppetCall): void {
    const value = { at: 'begin', call, done: null };
    const request = { op: 'thread_set_state', flavor: 'program', value } as unknown as KernelRequest;
    if (this.#ask(this.#threadPort(actor), request) === null) part.answer = TERMINATED;
  }

  settle(): void {
    do this.#fleet.rest();
    while (this.#catcher.serve() || this.#goOn());
  }

  /** Lets what is done in several calls go on. True if anything did. */
  #goOn(): boolean {
    let moved = false;
    for (const [actor, part] of this.#parts) {
      if (part.errand === null || part.answer !== null) continue;
      const done = this.#done(actor);
      if (done === undefined) continue;
      if (done === null) part.answer = TERMINATED;
      else this.#advance(actor, part, done);
      moved = true;
    }
    return moved;
  }

  #advance(actor: string, part: Part, answer: Answer): void {
    const next = part.errand?.next(answer);
    if (next === undefined) return;
    if (next.done === true) part.answer = next.value;
    else this.#move(actor, part, next.value);
  }

  /** What the puppet's call answered: undefined while it is under way, null if the thread is gone. */
  #done(actor: string): Answer | null | undefined {
    if (this.#cast(taskOf(actor)).isOnItsWay) return undefined;
    const answer = this.#ask(this.#threadPort(actor), { op: 'thread_get_state', flavor: 'program' });
    if (answer === null) return null;
    const { done } = answer['state'] as { readonly done: Answer | null };
    return done ?? undefined;
  }

  result(actor: string): Result {
    const part = this.#part(actor);
    if (part.answer === null) {
      const done = part.errand === null ? this.#done(actor) : undefined;
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
    const { site, port } = this.#cast(taskOf(actor));
    const extract: KernelRequest = { op: 'port_extract_right', name, disposition: COPY_SEND };
    const held = { site, name: nameIn(site.stage.demand(port, extract)) };
    if (call === 'thread_create') {
      this.#adopt(label, this.#fleet.bring(held, MOVE_SEND, this.#cast(taskOf(label)).site));
      return;
    }
    this.#tasks.set(label, { ...this.#home(held), identity: '', isOnItsWay: false });
    if (start === true) this.#createThread(label);
  }

  /** Brings a right to a task's port to the kernel where the task is. */
  #home(held: HeldThere): { readonly site: Site; readonly port: PortName } {
    const others = this.#fleet.living.filter((site) => site !== held.site);
    for (const site of [held.site, ...others]) {
      const name = this.#fleet.bring(held, COPY_SEND, site);
      if (site.stage.tasks().some((task) => task.port === name)) return { site, port: name };
    }
    throw new Error('a new task is nowhere');
  }

  advance(ms: number): void {
    const fleet = this.#fleet;
    const until = fleet.now + ms;
    for (let next = this.#nextDeadline; next <= until; next = this.#nextDeadline) {
      fleet.now = Math.max(next, fleet.now);
      this.#journeys.pass();
      this.settle();
    }
    fleet.now = until;
    this.settle();
  }

  get #nextDeadline(): number {
    return Math.min(this.#fleet.nextDeadline, this.#journeys.nextDeadline);
  }

  control(call: string, args: Args): Answer {
    switch (call) {
      case 'task_terminate':
      case 'task_suspend':
      case 'task_resume':
        return this.#controlTask(String(args['task']), { op: call });
      case 'limit':
        return limitTask(this.#record(args['task']), args);
      case 'evict':
        return evictFrom(this.#record(args['task']), args);
      case 'relocate':
        return this.#relocate(String(args['task']), args);
      case 'relocate_await':
        return this.#arrive(String(args['task']), this.#journeys.await(this.#identity(String(args['task']))));
      case 'where':
        return this.#where(String(args['task']));
      case 'netname_refs':
        return this.#nameRefs(String(args['name']));
      case 'retire':
        return this.#retire(String(args['kernel']));
      default:
        return this.#links.control(call, args);
    }
  }

  #controlTask(label: string, request: KernelRequest): Answer {
    const cast = this.#cast(label);
    if (cast.isOnItsWay) this.#arrive(label, this.#journeys.await(cast.identity));
    return { kr: this.#ask(this.#taskPort(label), request)?.kr ?? 'MACH_SEND_INVALID_DEST' };
  }

  /** By what its kernels know a task. Empty if it is dead. */
  #identity(label: string): string {
    const cast = this.#cast(label);
    if (cast.identity === '' && cast.site.isUp) {
      cast.identity = cast.site.stage.tasks().find(({ port }) => port === cast.port)?.identity ?? '';
    }
    return cast.identity;
  }

  #relocate(label: string, args: Args): Answer {
    if (!this.#fleet.isJoined) throw new Unsupported('relocate');
    const cast = this.#cast(label);
    const identity = this.#identity(label);
    if (identity === '' || this.#journeys.placesOf(identity).length === 0) return { kr: 'KERN_FAILURE', why: 'dead' };
    cast.isOnItsWay = args['begin'] === true;
    return this.#arrive(label, this.#journeys.relocate(identity, cast.site, args));
  }

  /** A move has ended, or begun: the runner's rights go to where the task is. */
  #arrive(label: string, answer: Answer): Answer {
    const cast = this.#cast(label);
    const [place] = this.#journeys.placesOf(cast.identity);
    if (place === undefined) return answer;
    const from = cast.site;
    cast.isOnItsWay = false;
    if (place === from) return answer;
    cast.port = this.#fleet.bring({ site: from, name: cast.port }, MOVE_SEND, place);
    for (const [actor, part] of this.#parts) {
      if (taskOf(actor) === label) part.thread = this.#bringThread({ site: from, name: part.thread }, place);
    }
    cast.site = place;
    for (const actor of this.#parts.keys()) if (taskOf(actor) === label) this.#catcher.follow(actor);
    return answer;
  }

  /** A thread that has ended has left a dead name: there is nothing to bring. */
  #bringThread(held: HeldThere, to: Site): PortName {
    const { type } = held.site.stage.runner.sys.call({ op: 'port_type', name: held.name });
    const isAlive = Array.isArray(type) && type.includes('SEND');
    return isAlive ? this.#fleet.bring(held, MOVE_SEND, to) : MACH_PORT_DEAD;
  }

  #where(label: string): Answer {
    const places = this.#journeys.placesOf(this.#identity(label));
    return { kr: 'KERN_SUCCESS', kernel: places[0]?.name ?? 'NONE', copies: places.length };
  }

  #nameRefs(name: string): Answer {
    const urefs = Math.max(0, ...this.#fleet.living.map((site) => site.nameRefs(name)));
    return { kr: 'KERN_SUCCESS', urefs };
  }

  #retire(kernel: string): Answer {
    const site = this.#fleet.site(kernel);
    for (const [label, cast] of this.#tasks) {
      if (cast.site === site) this.#controlTask(label, { op: 'task_terminate' });
    }
    this.#fleet.retire(site);
    return { kr: 'KERN_SUCCESS' };
  }

  /** The record behind a label, for what no call can do. */
  #record(label: unknown): Task {
    const { site } = this.#cast(String(label));
    const identity = this.#identity(String(label));
    const found = [...site.kernel.tasks].find(({ space }) => space.identity.token === identity);
    if (found === undefined) throw new Error(`there is no task ${String(label)}`);
    return found;
  }

  census(): Census {
    return this.#fleet.census();
  }

  close(): void {
    // Nothing outlives the stage but the garbage collector's work.
  }
}

const TERMINATED: Answer = { kr: 'TERMINATED' };

/** A setting of one kernel needs no servers. */
const hasSeveralKernels = ({ place, relocate, kernels }: Options): boolean =>
  place === 'apart' || relocate === 'every' || kernels !== undefined;
