/** Ports and rights of the task itself: each call is answered in place, and none of them waits. */
import type { PortName } from '../../../ports/name.ts';
import { MAKE_SEND, MAKE_SEND_ONCE } from '../../../ports/right.ts';
import { ENDED, Frame, MODE_NEXT, type Mode } from '../frame.ts';
import { handWritten } from './builtin.ts';
import type { IfSendable, Msg } from './message.ts';
import { type Promised, promised } from './promised.ts';
import type { Accepting, PortSet, ReceiveRight, SendOnceRight, SendRight } from './rights.ts';
import { closing, fieldOf, onSelf } from './rpc.ts';

/** How a port is to be. */
export interface PortOptions {
  /** Messages that it queues before a sender waits; 5 if absent. */
  readonly qlimit?: number;
}

/** A right died: `name` is a dead name now, with one reference more. */
export type DeadName = Msg<{ id: 72; body: { readonly name: PortName } }>;
/** No send right to the port is left; `count` of them were made. */
export type NoSenders = Msg<{ id: 70; body: { readonly count: number } }>;
/** The receive right was destroyed; it is in the message. */
export type PortDestroyed<M = unknown> = Msg<{ id: 69; rights: [ReceiveRight<M>] }>;
/** A message that was forced into a full queue has left it. */
export type MsgAccepted = Msg<{ id: 66; body: { readonly name: PortName } }>;

/** Several calls on the task itself, made one after the other. Its value is `value`, or else that of the first. */
export class Calling extends Frame {
  requests: readonly object[] = [];
  /** Placed into every request after the first: the name that the first has given. */
  field: string | null = null;
  name: unknown = undefined;
  index = 0;

  override $step(mode: Mode, value: unknown): unknown {
    if (mode !== MODE_NEXT) {
      this.$n = ENDED;
      throw value;
    }
    if (this.$n === 1 && this.index === 1) this.name = value;
    const request = this.requests[this.index];
    if (request === undefined) {
      this.$n = ENDED;
      return this.name;
    }
    this.$n = 1;
    this.index += 1;
    if (this.index === 1) return fieldOf(request, 'name');
    return onSelf(this.field === null ? request : { ...request, [this.field]: this.name });
  }
}

handWritten(2, Calling, { name: 'calls', slots: ['requests', 'field', 'name', 'index'], states: 2 });

const calling = (field: string | null, requests: readonly object[]): Calling => {
  const frame = new Calling();
  frame.requests = requests;
  frame.field = field;
  return frame;
};

/** `sys.port`. */
export const port = <M = unknown>(...rest: IfSendable<M, [options?: PortOptions]>): Promised<ReceiveRight<M>> => {
  const allocate = { op: 'port_allocate', right: 'RECEIVE' };
  const { qlimit } = (rest[0] ?? {}) as PortOptions;
  if (qlimit === undefined) return promised(fieldOf(allocate, 'name'));
  return promised(calling('name', [allocate, { op: 'port_set_qlimit', qlimit }]));
};

/** `sys.portSet`. */
export const portSet = <M = unknown>(...members: readonly ReceiveRight<M>[]): Promised<PortSet<M>> =>
  promised(
    calling('after', [
      { op: 'port_allocate', right: 'PORT_SET' },
      ...members.map((member) => ({ op: 'port_move_member', member })),
    ]),
  );

/** What the members of several receive rights say, as one type. */
export type MessageOf<R> = R extends ReceiveRight<infer M> ? M : never;

/** `sys.join`: the name is Mach's word for it, `move_member`. */
export const moveMember = <M, N extends M>(member: ReceiveRight<N>, set: PortSet<M> | null): Promised<void> =>
  promised(onSelf({ op: 'port_move_member', member, after: set ?? 0 }));

/** `sys.sendRight`: has the same name as the receive right. */
export const sendRight = <M>(from: ReceiveRight<M>): Promised<SendRight<M>> => promised(insertion(from, MAKE_SEND));

const insertion = (name: PortName, disposition: number): Named => {
  const frame = new Named();
  frame.request = { op: 'port_insert_right', name, right: { name, disposition } };
  frame.name = name;
  return frame;
};

/** One call on the task itself, whose value is a name that was known before. */
export class Named extends Frame {
  request: object = {};
  name: PortName = 0 as PortName;

  override $step(mode: Mode, value: unknown): unknown {
    if (mode === MODE_NEXT && this.$n === 0) {
      this.$n = 1;
      return onSelf(this.request);
    }
    this.$n = ENDED;
    if (mode !== MODE_NEXT) throw value;
    return this.name;
  }
}

handWritten(3, Named, { name: 'call', slots: ['request', 'name'], states: 2 });

/** `sys.sendOnceRight`: gets a name of its own. */
export const sendOnceRight = <M>(from: ReceiveRight<M>): Promised<SendOnceRight<M>> =>
  promised(fieldOf({ op: 'port_extract_right', name: from, disposition: MAKE_SEND_ONCE }, 'name'));

/** `sys.retain`. */
export const retain = (right: SendRight<never>): Promised<void> =>
  promised(onSelf({ op: 'port_mod_refs', name: right, right: 'SEND', delta: 1 }));

/** `sys.release`. */
export const release = (right: SendRight<never> | SendOnceRight<never>): Promised<void> =>
  promised(onSelf({ op: 'port_deallocate', name: right }));

/** `sys.close`. */
export const close = (right: Accepting<never>): Promised<void> => promised(closing(right));

/** `sys.closeSet`. */
export const closeSet = (set: PortSet): Promised<void> =>
  promised(onSelf({ op: 'port_mod_refs', name: set, right: 'PORT_SET', delta: -1 }));

/** The previous request's right comes back as a name, which goes: nobody waits for it any more. */
export class Requesting extends Frame {
  request: object = {};

  override $step(mode: Mode, value: unknown): unknown {
    if (mode === MODE_NEXT && this.$n === 0) {
      this.$n = 1;
      return fieldOf(this.request, 'previous');
    }
    if (mode === MODE_NEXT && this.$n === 1 && value !== 0) {
      this.$n = 2;
      return onSelf({ op: 'port_deallocate', name: value });
    }
    this.$n = ENDED;
    if (mode !== MODE_NEXT) throw value;
    return undefined;
  }
}

handWritten(4, Requesting, { name: 'notify', slots: ['request'], states: 3 });

const requesting = (name: PortName, kind: string, sync: number, to: PortName | null): Promised<void> => {
  const frame = new Requesting();
  const notify = to === null ? null : { name: to, disposition: MAKE_SEND_ONCE };
  frame.request = { op: 'port_request_notification', name, kind, sync, notify };
  return promised(frame);
};

/** `sys.onDeadName`. */
export const onDeadName = (
  right: SendRight<never> | SendOnceRight<never>,
  to: Accepting<DeadName> | null,
): Promised<void> => requesting(right, 'DEAD_NAME', 1, to);

/** `sys.onNoSenders`. */
export const onNoSenders = (of: Accepting<never>, to: Accepting<NoSenders> | null, sync = 0): Promised<void> =>
  requesting(of, 'NO_SENDERS', sync, to);

/** `sys.onPortDestroyed`. */
export const onPortDestroyed = <M>(of: ReceiveRight<M>, to: Accepting<PortDestroyed<M>> | null): Promised<void> =>
  requesting(of, 'PORT_DESTROYED', 0, to);
