/**
 * A question and its answer, as a frame, so that a program may be frozen while it waits. Reply ports are kept for the
 * next question (Mach's `mig_get_reply_port`; as many as questions are open at one time). One whose answer is not waited
 * for any more, because of a time-out or because the thread was told to stop, is destroyed: an answer that comes later
 * dies with it.
 */
import { NOTIFY_SEND_ONCE } from '../../../ports/fate.ts';
import type { PortName } from '../../../ports/name.ts';
import { COPY_SEND, MAKE_SEND_ONCE } from '../../../ports/right.ts';
import { KCall } from '../call.ts';
import { ENDED, Frame, MODE_NEXT, type Mode } from '../frame.ts';
import { runningGroup } from '../future.ts';
import type { Message } from '../ops.ts';
import { SysError } from '../sys-error.ts';
import { handWritten } from './builtin.ts';
import type { AnswerOf, Question, Received, Saying } from './message.ts';
import { type Promised, promised } from './promised.ts';
import type { SendRight } from './rights.ts';
import { draftOf, type Sending } from './send.ts';

/** A kernel call on the task itself. */
export const onSelf = (request: object): KCall => new KCall('call', request, undefined, undefined);

/** A kernel call on the task itself, and of its answer one field. */
export const fieldOf = (request: object, field: string): KCall => new KCall('field', request, field, undefined);

/** Destroys a receive right. */
export const closing = (name: PortName): KCall => onSelf({ op: 'port_mod_refs', name, right: 'RECEIVE', delta: -1 });

/** Asks, and waits for the answer. Its value is the answer; MIG_SERVER_DIED if there will be none. */
export class Asking extends Frame {
  to: PortName = 0 as PortName;
  body: unknown = undefined;
  options: Sending | undefined = undefined;
  port: PortName = 0 as PortName;
  thrown: unknown = undefined;

  override $step(mode: Mode, value: unknown): unknown {
    switch (this.$n) {
      case 0: {
        const kept = runningGroup('rpc').replyPorts.pop();
        if (kept !== undefined) return this.#question(kept as PortName);
        this.$n = 1;
        return fieldOf({ op: 'reply_port' }, 'name');
      }
      case 1:
        if (mode !== MODE_NEXT) throw value;
        return this.#question(value as PortName);
      case 2:
        return mode === MODE_NEXT ? this.#answered(value as Message) : this.#abandon(value);
      default:
        this.$n = ENDED;
        throw this.thrown;
    }
  }

  /** The right that was sent is used up, whoever used it: nothing else can come to this port. */
  #answered(message: Message): Message {
    const { replyPorts } = runningGroup('rpc');
    replyPorts.push(this.port);
    this.$n = ENDED;
    if (message.id !== NOTIFY_SEND_ONCE || message.sender !== null) return message;
    throw new SysError('MIG_SERVER_DIED', 'rpc', 'the server gave the reply right up without an answer');
  }

  /** The answer may still come: it must not be taken for that of another question. */
  #abandon(thrown: unknown): KCall {
    this.thrown = thrown;
    this.$n = 3;
    return closing(this.port);
  }

  #question(port: PortName): KCall {
    this.port = port;
    this.$n = 2;
    const draft = draftOf(this.to, COPY_SEND, this.body, this.options);
    const { timeoutMs } = this.options ?? {};
    const limit = timeoutMs === undefined ? {} : { sendOptions: { timeoutMs }, receiveOptions: { timeoutMs } };
    const send = { ...draft, local: this.port, localDisposition: MAKE_SEND_ONCE };
    return new KCall('msg', { send, receive: this.port, ...limit }, undefined, undefined);
  }
}

handWritten(1, Asking, { name: 'rpc', slots: ['to', 'body', 'options', 'port', 'thrown'], states: 4 });

/** A question that has not been asked. */
export const asking = (to: PortName, body: unknown, options: Sending | undefined): Asking => {
  const frame = new Asking();
  frame.to = to;
  frame.body = body;
  frame.options = options;
  return frame;
};

/** `sys.rpc`. */
export const rpc = <M>(
  to: SendRight<M>,
  ...[body, options]: Saying<Question<M>, unknown>
): Promised<Received<AnswerOf<M>>> => promised(asking(to, body, options as Sending | undefined));
