/** The server loop of a subsystem: requests in order, each answered before the next is received. */
import type { PortName } from '../../../ports/name.ts';
import {
  AnswerWith,
  type Call,
  type Outcome,
  Refusal,
  type Routines,
  type SeenOf,
  type WithRights,
} from '../../interface/routine.ts';
import type { Subsystem } from '../../interface/subsystem.ts';
import { KCall } from '../call.ts';
import { timeOf } from '../chance.ts';
import { ENDED, Frame, MODE_NEXT, MODE_RETURN, type Mode } from '../frame.ts';
import { runningGroup } from '../future.ts';
import type { Message } from '../ops.ts';
import { runningThread } from '../register.ts';
import { SysError } from '../sys-error.ts';
import { handWritten } from './builtin.ts';
import { giveUp } from './client.ts';
import type { Envelope } from './message.ts';
import { type Promised, promised } from './promised.ts';
import type { Accepting, AnyRight, PortSet, SendOnceRight } from './rights.ts';
import { onSelf } from './rpc.ts';

/** A request as a handler sees it beside its arguments. Its rights are the server's, whatever the handler answers. */
export interface Request extends Envelope {
  readonly id: number;
  readonly body: unknown;
  readonly rights: readonly AnyRight[];
  readonly reply: SendOnceRight | null;
}

/**
 * An answer that carries something: in order, or by the names that the routine gives to what it `returns`. The rest of
 * the program may go on using what was copied or made, not what was moved.
 */
export const answer = <Out>(value: Out, given: object): WithRights<Out> =>
  new AnswerWith(value, given) as WithRights<Out>;

/** A handler for each routine; async or not. What it throws ends the loop, after the client was told MIG_EXCEPTION. */
export type AsyncHandlers<R extends Routines> = {
  readonly [K in keyof R]: (
    request: SeenOf<R[K]>,
    message: Request,
    call: Call<R[K]>,
  ) => Outcome<R[K]> | Promised<Outcome<R[K]>>;
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
const LOOKED = 6;

/** The loop. It ends, without a value, when its port is closed or moved away, or when `idleMs` have passed. */
export class Serving extends Frame {
  service: Subsystem<Routines> | undefined = undefined;
  from: PortName = 0 as PortName;
  handlers: Readonly<Record<string, (request: unknown, message: Message, call: unknown) => unknown>> = {};
  options: ServeOptions | undefined = undefined;
  message: Message | undefined = undefined;
  outcome: unknown = undefined;
  isThrown = false;
  index = 0;

  override $step(mode: Mode, value: unknown): unknown {
    if (mode === MODE_RETURN) return this.#end(value);
    switch (this.$n) {
      case RECEIVED:
        return mode === MODE_NEXT ? this.#take(value as Message) : this.#stop(value);
      case LOOKED:
        return mode === MODE_NEXT && !isDead(value) ? this.#handle() : this.#drop();
      case HANDLED:
        return this.#settle(mode !== MODE_NEXT, value);
      case RELEASED:
        return this.#release();
      case SENT:
        // The client is gone, or its queue is full: a right that is left is given up, and nobody is told.
        if (mode === MODE_NEXT) return this.#next();
        this.$n = GIVEN_UP;
        return onSelf({ op: 'port_deallocate', name: this.message?.reply });
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

  #take(message: Message): unknown {
    this.message = message;
    this.index = 0;
    const service = this.service as Subsystem<Routines>;
    const key = service.routineOf(message.id);
    if (key === undefined || message.reply === null || !service.hasDeadline(key)) return this.#handle();
    this.$n = LOOKED;
    return onSelf({ op: 'port_type', name: message.reply });
  }

  /** The caller of a routine with a deadline has gone: its request is nobody's, and its reply right a dead name. */
  #drop(): unknown {
    return this.#settle(false, new Refusal('KERN_OPERATION_TIMED_OUT'));
  }

  #handle(): unknown {
    const message = this.message as Message;
    const service = this.service as Subsystem<Routines>;
    const key = service.routineOf(message.id);
    const handler = key !== undefined && Object.hasOwn(this.handlers, key) ? this.handlers[key] : undefined;
    if (key === undefined || handler === undefined) return this.#settle(false, new Refusal('MIG_BAD_ID'));
    const read = service.read(key, message, now());
    if (read instanceof Refusal) return this.#settle(false, read);
    this.$n = HANDLED;
    try {
      return handler(read.args, message, read.call);
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
    if (reply === null || (outcome instanceof Refusal && outcome.code === 'MIG_NO_REPLY')) return this.#next();
    const service = this.service as Subsystem<Routines>;
    const key = service.routineOf(id);
    if (key !== undefined && service.isSimple(key)) {
      this.$n = GIVEN_UP;
      return onSelf({ op: 'port_deallocate', name: reply });
    }
    const { fault, ...composed } = service.answer(key, id, isThrown ? new Refusal('MIG_EXCEPTION') : outcome);
    if (fault !== null) {
      this.isThrown = true;
      this.outcome = new SysError(fault.code, `${service.name}.${key}`, fault.why);
    }
    this.$n = SENT;
    const draft = { ...composed, remote: reply, remoteDisposition: remoteType };
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

const isDead = (answer: unknown): boolean => {
  const { type } = answer as { readonly type?: unknown };
  return Array.isArray(type) && type.includes('DEAD_NAME');
};

const now = (): number => timeOf(runningGroup('serve'), runningThread('serve'));

/** Codes of a receive with which a server has nothing more to do. */
const OVER: ReadonlySet<string> = new Set(['MACH_RCV_TIMED_OUT', 'MACH_RCV_INVALID_NAME', 'MACH_RCV_PORT_DIED']);

handWritten(7, Serving, {
  name: 'serve',
  slots: ['service', 'from', 'handlers', 'options', 'message', 'outcome', 'isThrown', 'index'],
  states: 7,
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
