/**
 * Every call with every kind of wrong value in every field: a code, nothing thrown, nothing lost. The table is made of
 * the forms of the calls; what is expected follows from the kind of the field:
 *
 * - no request at all, or no such call: MIG_BAD_ID; a request that cannot be read: MIG_BAD_ARGUMENTS;
 * - a value that is not of the kind of its field, or a right that is none: MIG_BAD_ARGUMENTS;
 * - a value of the right kind that means nothing: the code that Mach has for it;
 * - in a message: INVALID_DEST, INVALID_REPLY, INVALID_HEADER for the header; INVALID_TYPE for a descriptor;
 *   INVALID_DATA for a body or draft that cannot be read, NO_BUFFER for what is too large; nothing has been taken;
 * - a name to receive on: INVALID_NAME; a time that is no number: 0.
 */
import { describe, expect, it } from 'vitest';
import type { KernelRequest } from '../../kernel/interface/calls.ts';
import { CALL_FORMS } from '../../kernel/interface/ids.ts';
import { terminateTask } from '../../kernel/lives.ts';
import type { MsgCall } from '../../kernel/program.ts';
import { codeNumber, type MachCode } from '../../ports/kern-return.ts';
import { type PortName, portName } from '../../ports/name.ts';
import { COPY_SEND, MAKE_SEND, MAKE_SEND_ONCE, MOVE_SEND } from '../../ports/right.ts';
import { WRONG_VALUES, type WrongValue } from '../abuse/values.ts';
import { type Actor, portAt, Troupe } from '../model/actors.ts';
import { leftOver } from '../model/count.ts';

/** Calls that end the task or the thread that makes them. */
const FATAL: ReadonlySet<string> = new Set([
  'task_terminate',
  'thread_terminate',
  'task_suspend',
  'thread_suspend',
  'task_detach',
  'task_freeze',
]);
const CALLS = Object.entries(CALL_FORMS).filter(([op]) => !FATAL.has(op));

/** A request whose fields are as they should be, for calls that need no special name. */
const rightOf = (op: string, name: PortName): Record<string, unknown> => {
  const request: Record<string, unknown> = { op };
  for (const [field, kind] of Object.entries(CALL_FORMS[op as KernelRequest['op']].fields)) {
    const values = {
      number: name,
      kind: 'RECEIVE',
      boolean: false,
      string: 'text',
      bytes: new Uint8Array(4),
      any: null,
    };
    request[field] = values[kind.replace('?', '') as 'number'];
  }
  return request;
};

/** A task with a port that it has a send right to; the other task watches. */
class Stage {
  readonly troupe: Troupe = new Troupe(2);
  readonly actor: Actor = this.troupe.actors[0] as Actor;
  readonly port: PortName;

  constructor() {
    this.port = portName(this.actor.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as number);
    this.actor.call({ op: 'port_insert_right', name: this.port, right: { name: this.port, disposition: MAKE_SEND } });
  }

  /** A code of Mach's. */
  isCode(kr: unknown): void {
    expect(codeNumber(kr as MachCode)).toBeTypeOf('number');
  }

  giveUp(name: PortName | undefined): void {
    if (name !== undefined) this.actor.sys.call({ op: 'port_destroy', name });
    this.actor.sys.poll(this.port); // the send-once notification
  }

  holds(): unknown {
    const { names } = this.actor.sys.call({ op: 'port_names' });
    return [names, this.actor.sys.call({ op: 'port_get_status', name: this.port })];
  }

  /** Whoever was not asked is as before. Everything ends, and nothing is left. */
  end(): void {
    expect(this.troupe.actors[1]?.sys.call({ op: 'port_names' })['names']).toHaveLength(2);
    for (const task of this.troupe.kernel.tasks) terminateTask(task);
    this.troupe.rest();
    expect(leftOver(this.troupe.kernel)).toMatchObject({ tasks: 0, ports: 0, messages: 0, pages: 0 });
  }

  msg(call: MsgCall): unknown {
    return this.actor.begin((sys) => sys.msg(call)).result?.kr ?? 'it waits';
  }
}

/** True if the value is of the kind that a field wants: then it is for the call itself to refuse. */
const isOfKind = (kind: string, value: unknown): boolean => {
  if (kind.endsWith('?') && value === undefined) return true;
  const wanted = kind.replace('?', '');
  if (wanted === 'any') return true;
  if (wanted === 'number') return Number.isSafeInteger(value);
  if (wanted === 'kind') return typeof value === 'number' || typeof value === 'string';
  return wanted === 'bytes' ? ArrayBuffer.isView(value) : typeof value === wanted;
};

describe.each(WRONG_VALUES)('$name', ({ make, asBody }: WrongValue) => {
  it('is no request', () => {
    const stage = new Stage();
    const before = stage.holds();
    for (const request of [make(), { op: make() }]) {
      expect(stage.actor.call(request as never).kr).toMatch(/^MIG_BAD_(ID|ARGUMENTS)$/);
      expect(stage.actor.call(request as never, portAt(0)).kr).toMatch(/^MIG_BAD_(ID|ARGUMENTS)$/);
    }
    expect(stage.holds()).toEqual(before);
    stage.end();
  });

  it('is refused in each field of each call, as a trap and as a message', () => {
    const stage = new Stage();
    for (const [op, { fields, rights }] of CALLS) {
      for (const field of [...Object.keys(fields), ...rights.map((right) => right.replace('[]', ''))]) {
        const kind = fields[field];
        for (const door of [null, portAt(0)]) {
          const value = make();
          const request = { ...rightOf(op, stage.port), [field]: value };
          const { kr } = stage.actor.call(request as never, door);
          if (kind !== undefined && !isOfKind(kind, value))
            expect([op, field, kr]).toEqual([op, field, 'MIG_BAD_ARGUMENTS']);
          stage.isCode(kr);
        }
      }
    }
    stage.end();
  });

  it('is refused in each part of a right that is given', () => {
    const stage = new Stage();
    const before = stage.holds();
    for (const right of [
      { name: make(), disposition: MOVE_SEND },
      { name: stage.port, disposition: make() },
    ]) {
      const requests = [
        { op: 'port_insert_right', name: 0x2001, right },
        { op: 'ports_register', ports: [right] },
        { op: 'ports_register', ports: make() },
        { op: 'port_request_notification', name: stage.port, kind: 'DEAD_NAME', sync: 0, notify: right },
      ];
      for (const request of requests) stage.isCode(stage.actor.call(request as never).kr);
    }
    expect(stage.holds()).toEqual(before);
    stage.end();
  });

  it('is refused in each part of a message, which takes nothing', () => {
    const stage = new Stage();
    const before = stage.holds();
    const good = {
      remote: stage.port,
      remoteDisposition: COPY_SEND,
      local: stage.port,
      localDisposition: MAKE_SEND_ONCE,
      id: 1,
    };
    const drafts = [
      make(),
      ...['remote', 'remoteDisposition', 'local', 'localDisposition', 'id'].map((field) => ({
        ...good,
        [field]: make(),
      })),
      { ...good, descriptors: make() },
      { ...good, descriptors: [make()] },
      { ...good, descriptors: [{ kind: make() }] },
      { ...good, descriptors: [{ kind: 'port', name: make(), disposition: 99 }] },
      { ...good, descriptors: [{ kind: 'port', name: stage.port, disposition: make() }] },
      { ...good, descriptors: [{ kind: 'ool_ports', names: make(), disposition: 99 }] },
      { ...good, descriptors: [{ kind: 'ool', address: 0, size: make() }] },
      { ...good, descriptors: [{ kind: 'ool', address: make(), size: -1 }] },
    ];
    for (const draft of drafts) {
      const kr = stage.actor.sys.send(draft as never);
      if (kr === 'MACH_MSG_SUCCESS') stage.giveUp(stage.actor.sys.poll(stage.port)?.remote);
      else expect(kr).toMatch(/^MACH_SEND_(INVALID_(DATA|DEST|REPLY|HEADER|TYPE)|NO_BUFFER)$/);
      stage.isCode(kr);
      if (draft === null) continue;
      const waiting = stage.msg({ send: draft as never, sendOptions: { timeoutMs: 0 } });
      if (waiting === 'MACH_MSG_SUCCESS') stage.giveUp(stage.actor.sys.poll(stage.port)?.remote);
      stage.isCode(waiting);
    }
    expect((stage.holds() as unknown[])[0]).toEqual((before as unknown[])[0]);
    stage.end();
  });

  it('is a body, or a documented refusal', () => {
    const stage = new Stage();
    const kr = stage.actor.sys.send({ remote: stage.port, remoteDisposition: COPY_SEND, id: 1, body: make() as never });
    if (asBody === 'either') expect(kr).toMatch(/^MACH_(MSG_SUCCESS|SEND_INVALID_DATA)$/);
    else expect(kr).toBe(asBody === 'carried' ? 'MACH_MSG_SUCCESS' : asBody);
    stage.end();
  });

  it('is no name to receive on, and no option', () => {
    const stage = new Stage();
    const name = make() as never;
    expect(stage.actor.sys.poll(name)).toBeNull();
    expect(stage.msg({ receive: name })).toBe('MACH_RCV_INVALID_NAME');
    const safe = (options: object): unknown => {
      const got = stage.msg({ receive: stage.port, receiveOptions: options as never });
      stage.troupe.advance(1000);
      return got;
    };
    for (const options of [
      { timeoutMs: name },
      { limit: name, timeoutMs: 0 },
      { notify: name, timeoutMs: 0 },
      { large: name, timeoutMs: 0 },
    ]) {
      expect(safe(options)).toMatch(/^(MACH_RCV_TIMED_OUT|it waits)$/);
    }
    const send = { remote: stage.port, remoteDisposition: COPY_SEND, id: 9 };
    while (stage.actor.sys.send(send) === 'MACH_MSG_SUCCESS') stage.troupe.rest();
    for (const sendOptions of [{ timeoutMs: name }, { timeoutMs: 0, notify: name }, { timeoutMs: 0, cancel: name }]) {
      expect(stage.msg({ send, sendOptions })).toMatch(/^(MACH_SEND_(TIMED_OUT|INVALID_NOTIFY)|it waits)$/);
    }
    stage.end();
  });
});
