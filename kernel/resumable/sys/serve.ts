/** The server loop of a subsystem: requests in order, each answered before the next is received. */
import type { Body } from '../../../ports/body.ts';
import type { MachCode } from '../../../ports/kern-return.ts';
import type { PortName } from '../../../ports/name.ts';
import { Refusal, type Subsystem } from '../../interface/subsystem.ts';
import { KCall } from '../call.ts';
import { ENDED, Frame, MODE_NEXT, MODE_RETURN, type Mode } from '../frame.ts';
import type { Message } from '../ops.ts';
import { SysError } from '../sys-error.ts';
import { handWritten } from './builtin.ts';
import { giveUp, type InOf, type OutOf, type Routines } from './client.ts';
import type { Envelope } from './message.ts';
import { type Promised, promised } from './promised.ts';
import type { Accepting, AnyRight, Given, PortSet, SendOnceRight } from './rights.ts';
import { draftOf } from './send.ts';

/** A request as a handler sees it beside its arguments. Its rights are the server's, whatever the handler answers. */
export interface Request extends Envelope {
  readonly id: number;
  readonly body: unknown;
  readonly rights: readonly AnyRight[];
  readonly reply: SendOnceRight | null;
}

/** An answer that carries rights. Made by `answer`. */
export class AnswerWith {
  readonly value: unknown;
  readonly rights: readonly Given<unknown>[];

  constructor(value: unknown, rights: readonly Given<unknown>[]) {
    this.value = value;
    this.rights = rights;
  }
}

/** What a handler answers if rights go with it. */
export type WithRights<Out> = AnswerWith & { readonly value: Out };

/** An answer that carries rights. */
export const answer = <Out>(value: Out, rights: readonly Given<AnyRight>[]): WithRights<Out> =>
  new AnswerWith(value, rights) as WithRights<Out>;

type Outcome<Out> = Out | WithRights<Out> | Refusal;

/** A handler for each routine; async or not. What it throws ends the loop, after the client was told MIG_EXCEPTION. */
export type AsyncHandlers<R extends Routines> = {
  readonly [K in keyof R]: (
    request: InOf<R[K]>,
    message: Request,
  ) => Outcome<OutOf<R[K]>> | Promised<Outcome<OutOf<R[K]>>>;
};

/** How a server loop runs. */
export interface ServeOptions {
  /** Milliseconds without a request after which the loop ends; never, if absent. */
  readonly idleMs?: number;
}

const RECEIVED = 1;
const HANDLED = 2;
const RELEASED = 3;
const SENT = 4;
const GIVEN_UP = 5;

/** The loop. It ends, without a value, when its port is closed or moved away, or when `idleMs` have passed. */
export class Serving extends Frame {
  service: Subsystem<Routines> | undefined = undefined;
  from: PortName = 0 as PortName;
  handlers: Readonly<Record<string, (request: unknown, message: Message) => unknown>> = {};
  options: ServeOptions | undefined = undefined;
  message: Message | undefined = undefined;
  outcome: unknown = undefined;
  isThrown = false;
  index = 0;

  override $step(mode: Mode, value: unknown): unknown {
    if (mode === MODE_RETURN) return this.#end(value);
    switch (this.$n) {
      case RECEIVED:
        return mode === MODE_NEXT ? this.#handle(value as Message) : this.#stop(value);
      case HANDLED:
        return this.#settle(mode !== MODE_NEXT, value);
      case RELEASED:
        return this.#release();
      case SENT:
        // The client is gone, or its queue is full: a right that is left is given up, and nobody is told.
        if (mode === MODE_NEXT) return this.#next();
        this.$n = GIVEN_UP;
        return new KCall('call', { op: 'port_deallocate', name: this.message?.reply }, undefined, undefined);
      default:
        return this.#next();
    }
  }

  #next(): unknown {
    const { isThrown, outcome, options } = this;
    this.message = undefined;
    this.outcome = undefined;
    if (isThrown) {
      this.$n = ENDED;
      throw outcome;
    }
    this.$n = RECEIVED;
    const limit = options?.idleMs === undefined ? undefined : { timeoutMs: options.idleMs };
    return new KCall('receive', this.from, limit, undefined);
  }

  #handle(message: Message): unknown {
    this.message = message;
    this.index = 0;
    const service = this.service as Subsystem<Routines>;
    const key = service.routineOf(message.id);
    const handler = key !== undefined && Object.hasOwn(this.handlers, key) ? this.handlers[key] : undefined;
    if (key === undefined || handler === undefined) return this.#settle(false, new Refusal('MIG_BAD_ID'));
    const checked = service.check(key, message.body as Body);
    if (checked instanceof Refusal) return this.#settle(false, checked);
    this.$n = HANDLED;
    try {
      return handler(checked, message);
    } catch (thrown) {
      return this.#settle(true, thrown);
    }
  }

  /** What the handler came to. A refused request's rights are nobody's, and go. */
  #settle(isThrown: boolean, outcome: unknown): unknown {
    this.isThrown = isThrown;
    this.outcome = outcome;
    this.$n = RELEASED;
    return this.#release();
  }

  #release(): unknown {
    const { outcome, isThrown, message } = this;
    const keeps = !isThrown && (!(outcome instanceof Refusal) || outcome.code === 'MIG_NO_REPLY');
    const item = keeps ? undefined : message?.items?.[this.index];
    this.index += 1;
    return item === undefined ? this.#answer() : giveUp(item);
  }

  #answer(): unknown {
    const { outcome, isThrown } = this;
    const { id, reply, remoteType } = this.message as Message;
    const refusal: MachCode | null = isThrown ? 'MIG_EXCEPTION' : outcome instanceof Refusal ? outcome.code : null;
    if (reply === null || refusal === 'MIG_NO_REPLY') return this.#next();
    this.$n = SENT;
    const whole = outcome instanceof AnswerWith ? outcome : new AnswerWith(outcome, []);
    const body = refusal === null ? { retcode: 'KERN_SUCCESS', value: whole.value } : { retcode: refusal };
    const rights = refusal === null && whole.rights.length > 0 ? { rights: whole.rights } : {};
    const draft = draftOf(reply, remoteType, body, { id: id + 100, ...rights });
    return new KCall('send', draft, { timeoutMs: 0 }, undefined);
  }

  /** The receive failed. */
  #stop(thrown: unknown): unknown {
    const code = thrown instanceof SysError ? thrown.code : null;
    this.$n = ENDED;
    if (typeof code === 'string' && OVER.has(code)) return undefined;
    throw thrown;
  }

  #end(value: unknown): unknown {
    this.$n = ENDED;
    return value;
  }
}

/** Codes of a receive with which a server has nothing more to do. */
const OVER: ReadonlySet<string> = new Set(['MACH_RCV_TIMED_OUT', 'MACH_RCV_INVALID_NAME', 'MACH_RCV_PORT_DIED']);

handWritten(7, Serving, {
  name: 'serve',
  slots: ['service', 'from', 'handlers', 'options', 'message', 'outcome', 'isThrown', 'index'],
  states: 6,
});

/** `sys.serve`. */
export const serve = <R extends Routines>(
  service: Subsystem<R>,
  from: Accepting<never> | PortSet,
  handlers: AsyncHandlers<R>,
  options?: ServeOptions,
): Promised<void> => {
  const frame = new Serving();
  frame.service = service as unknown as Subsystem<Routines>;
  frame.from = from;
  frame.handlers = handlers as unknown as Serving['handlers'];
  frame.options = options;
  return promised(frame);
};
