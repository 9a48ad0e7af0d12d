/**
 * A kernel that is stepped: one turn of one thread at a time, the next chosen by whoever experiments; the state before
 * and after each step is a value, and every call can be asked why it answered what it did. Time stands still until it
 * is moved. What happens depends on nothing but the choices made.
 */

import { freeze } from 'immer';
import { settle } from '../../ports/fate.ts';
import type { PortName } from '../../ports/name.ts';
import { type Carried, carry, discard, land } from '../../ports/name-calls.ts';
import type { Environment } from '../environment.ts';
import type { Kernel, Task, Thread } from '../kernel.ts';
import { createTask, createThread } from '../lives.ts';
import type { Program } from '../program.ts';
import { runKernel } from '../scheduler.ts';
import { type ActorCall, actor, isBusy, type Outcome, outcomeOfActor, tellActor } from './actor.ts';
import { type CallRecord, CallRecorder } from './calls.ts';
import { type Census, takeCensus } from './census.ts';
import { changeLines, changeOf, type StateChange } from './diff.ts';
import { Labels } from './labels.ts';
import { SiteBook } from './sites.ts';
import { type KernelState, stateOf } from './snapshot.ts';
import { Watch } from './watch.ts';
import { type Why, why } from './why.ts';

/** What the laboratory makes a kernel of: its identity, time and pump. Add what the kernel is to have besides. */
export type Boot = (environment: Environment) => Kernel;

/** One step. */
export interface Step extends StateChange {
  /** Counts from 1. */
  readonly n: number;
  /** Whose turn it was; null if time passed. */
  readonly thread: string | null;
  /** The calls that began in it, in order. */
  readonly calls: readonly CallRecord[];
  /** Calls that had waited, and were answered in it. */
  readonly answered: readonly CallRecord[];
  /** What has changed, a line each. */
  readonly lines: readonly string[];
}

/** Turns that `rest` takes at most: a program that never waits does not hold it for ever. */
const TURNS_MAX = 10_000;

/** See the head of this file. */
export class Laboratory {
  readonly kernel: Kernel;
  readonly watch: Watch;
  readonly labels: Labels = new Labels();
  readonly #record: CallRecorder;
  #book: SiteBook | null = null;
  #now = 0;
  #steps = 0;
  #state: KernelState;

  /** `boot` is `bootKernel`, or adds to what it is given: `(given) => bootKernel({ ...given, profile: 'xnu' })`. */
  constructor(boot: Boot) {
    const pump = { wanted: (): void => undefined, deadline: (): void => undefined };
    this.kernel = boot({ node: 'lab', clock: { now: () => this.#now }, pump });
    this.watch = new Watch(this.kernel);
    this.#record = new CallRecorder(this.watch, this.labels);
    this.#state = this.#take();
  }

  /** The state of the kernel as it is now: a frozen value. */
  get state(): KernelState {
    return this.#state;
  }

  /** The calls that are remembered, oldest first. */
  get calls(): readonly CallRecord[] {
    return this.#record.calls;
  }

  /** Why a call answered its code; by default the last one. Null if it waits, or is forgotten. */
  why(n: number = this.#record.count): Why | null {
    const record = this.#record.call(n);
    return record === undefined ? null : why(record);
  }

  /** A new task with one actor, which is called as the task. */
  task(name: string): Task {
    const task = createTask(this.kernel, name);
    this.actor(task, name);
    return task;
  }

  /** One more actor in a task. */
  actor(task: Task, label: string): Thread {
    return this.start(task, actor, null, label);
  }

  /** A thread of any program. */
  start(task: Task, program: Program, args: unknown, label?: string): Thread {
    const thread = createThread(task, program, program.start(args));
    if (label !== undefined) this.labels.callThread(thread, label);
    if (program === actor) this.#turn(thread);
    this.#state = this.#change().after;
    return thread;
  }

  /** The threads that can have the next turn, in the order in which the scheduler would take them. */
  get ready(): Thread[] {
    return this.watch.quietly(() => {
      const { runQueue } = this.kernel;
      const queued: Thread[] = [];
      for (let thread = runQueue.shift(); thread !== undefined; thread = runQueue.shift()) queued.push(thread);
      for (const thread of queued) runQueue.push(thread);
      return queued.filter(({ run, isStopped }) => run === 'runnable' && !isStopped);
    });
  }

  /** One turn: of the thread that is named, or of the next. Null if it cannot have one, or none is ready. */
  step(thread: Thread | undefined = this.ready[0]): Step | null {
    if (thread === undefined || !this.ready.includes(thread)) return null;
    return this.#step(this.labels.thread(thread), () => this.#turn(thread));
  }

  /** Steps until nothing is ready; what came of the last step but none is the state. */
  rest(turns: number = TURNS_MAX): Step[] {
    const steps: Step[] = [];
    for (let step = this.step(); step !== null && steps.length < turns; step = this.step()) steps.push(step);
    return steps;
  }

  /** Lets time pass: what was due happens, and nobody has a turn. Milliseconds. */
  advance(ms: number): Step {
    return this.#step(null, () => {
      this.#now += ms;
      runKernel(this.kernel, 0);
      this.#record.turnOver();
    });
  }

  /** Gives an actor a call, which it makes when it has its turn. */
  tell(thread: Thread, call: ActorCall): void {
    tellActor(thread, call);
  }

  /** Has an actor make a call now, until it is answered or waits. The outcome is null while it waits. */
  do(thread: Thread, call: ActorCall): { readonly step: Step; readonly outcome: Outcome | null } {
    if (isBusy(thread)) throw new TypeError(`${this.labels.thread(thread)} is still in a call`);
    this.tell(thread, call);
    const step = this.#step(this.labels.thread(thread), () => {
      this.#turn(thread);
      if (this.ready.includes(thread)) this.#turn(thread); // only keeps what came of it
    });
    return { step, outcome: outcomeOfActor(thread) };
  }

  /** What came of an actor's last call; null while it waits. */
  outcome(thread: Thread): Outcome | null {
    return outcomeOfActor(thread);
  }

  /** Gives `to` a right that `from` has, as if it had been sent. Answers the name there, or a code. */
  give(from: Task, name: PortName, disposition: number, to: Task): PortName | string {
    const given = this.watch.quietly(() => {
      const right: Carried | string = carry(from.space, name, disposition);
      if (typeof right === 'string') return right;
      const landed = land(to.space, right);
      if (typeof landed === 'string') discard(to.space, right);
      settle(this.kernel.ipc);
      return landed;
    });
    this.#state = this.#change().after;
    return given;
  }

  /** Takes the state anew: labels have changed, or the kernel was touched from outside. */
  look(): KernelState {
    this.#state = this.#change().after;
    return this.#state;
  }

  /** Has a book kept of who obtains what, from now on: a census then tells call sites. */
  follow(): void {
    this.#book ??= new SiteBook(this.watch);
  }

  /** A census of the kernel. */
  census(): Census {
    return this.watch.quietly(() => takeCensus(this.kernel, this.labels, this.#book));
  }

  /** Ends the watch. The kernel lives on, and is as any. */
  end(): void {
    this.#record.end();
    this.#book?.end();
    this.#book = null;
    this.watch.end();
  }

  #take(): KernelState {
    return freeze(
      this.watch.quietly(() => stateOf(this.kernel, this.labels)),
      true,
    );
  }

  #change(): StateChange {
    return changeOf(this.#state, this.#take());
  }

  #step(thread: string | null, act: () => void): Step {
    const first = this.#record.count + 1;
    const waiting = this.calls.filter(({ code }) => code === null);
    act();
    const change = this.#change();
    this.#state = change.after;
    this.#steps += 1;
    const calls = this.calls.filter(({ n }) => n >= first);
    const answered = waiting.filter(({ code }) => code !== null);
    return { n: this.#steps, thread, calls, answered, ...change, lines: changeLines(change) };
  }

  /** One turn of one thread, whoever else is ready: the others keep their places before whoever this turn wakes. */
  #turn(thread: Thread): void {
    const { runQueue } = this.kernel;
    const others: Thread[] = [];
    for (let each = runQueue.shift(); each !== undefined; each = runQueue.shift())
      if (each !== thread) others.push(each);
    runQueue.push(thread);
    this.#record.turnOf(thread);
    runKernel(this.kernel, 1);
    this.#record.turnOver();
    const woken: Thread[] = [];
    for (let each = runQueue.shift(); each !== undefined; each = runQueue.shift()) woken.push(each);
    for (const each of [...others, ...woken]) runQueue.push(each);
  }
}
