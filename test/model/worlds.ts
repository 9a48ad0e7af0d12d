/** Both worlds, side by side: every operation is done in the kernel and in the model, and everything is compared. */
import type { Answer, KernelRequest } from '../../kernel/interface/calls.ts';
import { type PortName, portName } from '../../ports/name.ts';
import { type Actor, type Errand, portAt, Troupe } from './actors.ts';
import { Comparison } from './compare.ts';
import { ModelKernel } from './kernel.ts';
import { spawn, terminate } from './lives.ts';
import { abandon, abort, accept, advance, isWaiting, receive, send, sendNow } from './messages.ts';
import type { DraftPart, ModelDraft } from './messages.ts';
import { callOf, type SyncCall } from './calls.ts';
import type { Operation, ReceiveRef } from './operations.ts';
import { ModelCall, type ModelSpace, NULL, type ReceiveHalf } from './records.ts';
import { type Door, doorOf, draftOf, nameOf } from './resolve.ts';
import { putRight } from './rights.ts';
import type { Draft } from '../../ports/draft.ts';

type Of<Op extends Operation['op']> = Extract<Operation, { readonly op: Op }>;

const TASKS = 3;
const TASKS_MAX = 6;
/** Larger than any number of a kernel call. */
const FIRST_ID = 100_000;

/** The kernel and its model. `every`: after how many steps everything is compared, and not names alone. */
export class Worlds {
  readonly troupe: Troupe = new Troupe(TASKS);
  readonly model: ModelKernel = new ModelKernel();
  readonly history: string[] = [];
  readonly #errands = new Map<ModelCall, Errand>();
  readonly #comparison: Comparison;
  readonly #every: number;
  #step = 0;

  constructor(every = 8) {
    this.#every = every;
    const { model } = this;
    model.receive = (call, message) => accept(model, call, message);
    for (let i = 0; i < TASKS; i += 1) model.newSpace();
    for (const space of model.spaces) {
      for (const [index, other] of model.spaces.entries()) {
        putRight(model, space, { port: other.kernelPort, type: 17 }, portAt(index));
      }
    }
    this.#comparison = new Comparison(this.troupe, model, this.history);
  }

  /** One operation. A task that is dead does nothing. */
  do(operation: Operation): void {
    this.#step += 1;
    const space = this.model.spaces[operation.task] as ModelSpace;
    if (operation.op === 'advance') this.#advance(operation.ms);
    else if (operation.op === 'abort' || operation.op === 'end thread') this.#interrupt(operation);
    else if (space.alive) this.#act(space, operation);
    this.#settle();
    this.#collect();
    this.#comparison.names();
    if (this.#step % this.#every === 0) this.#comparison.everything();
  }

  /** Everything is compared, all tasks end, and nothing may be left. */
  end(): void {
    this.#comparison.everything();
    for (const space of this.model.spaces) {
      if (!space.alive) continue;
      this.history.push(`T${space.index} ends`);
      terminate(this.model, space);
      this.actor(space).call({ op: 'task_terminate' });
      this.#settle();
      this.#collect();
      this.#comparison.names();
    }
    this.#advance(1000);
    this.#comparison.nothing();
  }

  actor(space: ModelSpace): Actor {
    return this.troupe.actors[space.index] as Actor;
  }

  #settle(): void {
    const { model } = this;
    model.settle();
    for (let call = model.woken.shift(); call !== undefined; call = model.woken.shift()) {
      if (!isWaiting(call)) continue;
      receive(model, call);
      model.settle();
    }
  }

  #collect(): void {
    for (const [call, errand] of this.#errands) {
      this.#comparison.call(call, errand);
      if (!isWaiting(call)) this.#errands.delete(call);
    }
  }

  #advance(ms: number): void {
    this.history.push(`${ms} ms pass`);
    advance(this.model, ms);
    this.model.settle();
    this.troupe.advance(ms);
  }

  #interrupt({ op, n }: Of<'abort' | 'end thread'>): void {
    const waiting = [...this.#errands.keys()].filter(isWaiting);
    const call = waiting[n % Math.max(1, waiting.length)];
    const errand = call === undefined ? undefined : this.#errands.get(call);
    if (call === undefined || errand === undefined) return;
    this.history.push(`T${call.space.index} ${op} of call ${call.serial}`);
    if (op === 'abort') {
      abort(this.model, call);
      this.#comparison.same(this.troupe.abort(errand), 'KERN_SUCCESS', 'thread_abort');
      return;
    }
    abandon(this.model, call);
    this.#errands.delete(call);
    this.#comparison.same(this.troupe.terminate(errand), 'KERN_SUCCESS', 'thread_terminate');
  }

  #act(space: ModelSpace, operation: Operation): void {
    switch (operation.op) {
      case 'message':
        return this.#message(space, operation);
      case 'send now': {
        const draft = draftOf(this.model, space, operation.draft, this.#id());
        this.#note(space, 'send', draft);
        const kr = sendNow(this.model, space, draft);
        this.#comparison.same(this.actor(space).sys.send(draftFor(draft)), kr, 'send');
        return this.troupe.rest();
      }
      case 'poll':
        return this.#poll(space, operation);
      case 'spawn':
        return this.#spawn(space);
      case 'terminate':
        return this.#terminate(space, operation.via);
      default: {
        const call = callOf(this.model, space, operation);
        return call === null ? undefined : this.#call(space, call);
      }
    }
  }

  /** A kernel call, as a trap or through a port. */
  #call(space: ModelSpace, { request, door, effect }: SyncCall): void {
    this.#note(space, door.kind === 'self' ? request.op : `${request.op} by ${door.name}`, request);
    const expected = door.kind === 'dead' ? { kr: 'MACH_SEND_INVALID_DEST' } : effect();
    const actual = this.actor(space).call(request, door.kind === 'self' ? null : door.name);
    this.#settle();
    this.#comparison.answer(space, actual, expected);
  }

  #poll(space: ModelSpace, { ref }: Of<'poll'>): void {
    const name = nameOf(space, ref);
    this.#note(space, 'poll', { name });
    const call = this.model.newCall(space, { name, timeoutMs: 0, large: false, tiny: false, notify: null });
    receive(this.model, call);
    const message = this.actor(space).sys.poll(portName(name));
    this.troupe.rest();
    this.#settle();
    this.#comparison.message(space, message, call.outcome?.message ?? null, 'poll');
  }

  #message(space: ModelSpace, operation: Of<'message'>): void {
    const half = operation.receive === null ? null : halfOf(space, operation.receive);
    if (half === null && operation.draft === null) return;
    const call = this.model.newCall(space, half);
    const draft = operation.draft === null ? null : draftOf(this.model, space, operation.draft, this.#id());
    const given = (ref: typeof operation.notify): number | null => (ref === null ? null : nameOf(space, ref));
    const options = { timeoutMs: operation.timeoutMs, notify: given(operation.notify), cancel: given(operation.cancel) };
    this.#note(space, `call ${call.serial}`, { send: draft, options: draft === null ? null : options, receive: half });
    if (draft === null) receive(this.model, call);
    else send(this.model, call, draft, options);
    const errand = this.actor(space).begin((sys) =>
      sys.msg({
        ...(draft === null ? {} : { send: draftFor(draft), sendOptions: present(options) }),
        ...(half === null ? {} : { receive: portName(half.name), receiveOptions: receiveOptions(half) }),
      }),
    );
    this.#errands.set(call, errand);
  }

  #spawn(space: ModelSpace): void {
    if (this.model.spaces.length >= TASKS_MAX) return;
    this.#note(space, 'task_create', {});
    const slot = spawn(this.model, space);
    const name = this.troupe.spawn(this.actor(space));
    this.#comparison.answer(space, { kr: 'KERN_SUCCESS', name }, { kr: 'KERN_SUCCESS', name: slot });
  }

  #terminate(space: ModelSpace, via: number): void {
    const door: Door = doorOf(space, via);
    const target = door.kind === 'task' ? door.space : space;
    this.#note(space, `task_terminate of ${door.kind === 'self' ? 'itself' : door.name}`, {});
    if (door.kind !== 'dead') terminate(this.model, target);
    const request: KernelRequest = { op: 'task_terminate' };
    const answer: Answer = this.actor(space).call(request, door.kind === 'self' ? null : door.name);
    const kr = door.kind === 'dead' ? 'MACH_SEND_INVALID_DEST' : 'KERN_SUCCESS';
    if (space.alive || door.kind === 'self') this.#comparison.same(answer.kr, kr, 'task_terminate');
  }

  #id(): number {
    return FIRST_ID + this.#step;
  }

  #note(space: ModelSpace, what: string, given: object): void {
    this.history.push(`T${space.index} ${what} ${JSON.stringify(given)}`);
  }
}

const halfOf = (space: ModelSpace, { ref, timeoutMs, limit, notify }: ReceiveRef): ReceiveHalf => ({
  name: nameOf(space, ref),
  timeoutMs,
  large: limit === 'tiny and large',
  tiny: limit !== 'none',
  notify: notify === null ? null : nameOf(space, notify),
});

/** Options that are there; a program leaves out what it does not want. */
const present = <T extends Record<string, number | null>>(options: T): Record<string, PortName & number> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null)) as Record<string, PortName & number>;

const receiveOptions = ({ timeoutMs, large, tiny, notify }: ReceiveHalf): Record<string, unknown> => ({
  ...present({ timeoutMs, notify }),
  ...(tiny ? { limit: 8, large } : {}),
});

const partFor = (part: DraftPart): NonNullable<Draft['descriptors']>[number] => {
  if (part.kind === 'ool') return part;
  if (part.kind === 'port') {
    return { kind: 'port', name: portName(part.right.name), disposition: part.right.disposition };
  }
  return { kind: 'ool_ports', names: part.names.map(portName), disposition: part.disposition };
};

/** A message as the kernel takes it. */
const draftFor = ({ remote, local, id, items }: ModelDraft): Draft => ({
  remote: portName(remote.name),
  remoteDisposition: remote.disposition,
  ...(local.name === NULL && local.disposition === 0
    ? {}
    : { local: portName(local.name), localDisposition: local.disposition }),
  id,
  body: id,
  descriptors: items.map(partFor),
});
