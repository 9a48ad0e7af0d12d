import { describe, expect, it } from 'vitest';
import { MACH_PORT_DEAD, MACH_PORT_NULL, portName } from '../../ports/name.ts';
import { carry, deallocate, destroySpace, getRefs, insertRight, modRefs, rename } from '../../ports/name-calls.ts';
import { getStatus } from '../../ports/port-calls.ts';
import {
  COPY_SEND,
  DEAD_NAME,
  MAKE_SEND,
  MAKE_SEND_ONCE,
  MOVE_RECEIVE,
  MOVE_SEND,
  MOVE_SEND_ONCE,
  RECEIVE,
  SEND,
  SEND_ONCE,
} from '../../ports/right.ts';
import { Party, right } from '../support/spaces.ts';

describe('rights', () => {
  it('send and receive rights to one port have one name', () => {
    const a = new Party();
    const p = a.port();
    expect(a.give(a, p)).toBe(p);
    expect(a.type(p)).toBe(SEND | RECEIVE);
  });

  it('send-once rights never share a name', () => {
    const a = new Party();
    const b = a.peer('b');
    const p = a.port();
    expect(a.give(b, p, MAKE_SEND_ONCE)).not.toBe(a.give(b, p, MAKE_SEND_ONCE));
  });

  it('a send-once right is spent by the send that uses it', () => {
    const a = new Party();
    const b = a.peer('b');
    const p = a.port();
    const o = a.give(b, p, MAKE_SEND_ONCE);
    expect(b.send(o, 1, { remoteDisposition: MOVE_SEND_ONCE })).toBe('MACH_MSG_SUCCESS');
    expect(b.type(o)).toBe('KERN_INVALID_NAME');
    expect(a.drain(p)).toEqual([1]);
  });

  it('a send-once right that is given up tells its port', () => {
    const a = new Party();
    const b = a.peer('b');
    const p = a.port();
    b.done(deallocate(b.space, a.give(b, p, MAKE_SEND_ONCE)));
    expect(a.drain(p)).toEqual([71]);
  });

  it('COPY_SEND leaves the sender what it had, MOVE_SEND takes one reference', () => {
    const a = new Party();
    const b = a.peer('b');
    const p = a.port();
    const s = a.give(b, p);
    b.done(modRefs(b.space, s, 'SEND', 1));
    b.send(s, 1);
    expect(getRefs(b.space, s, 'SEND')).toBe(2);
    b.send(s, 2, { remoteDisposition: MOVE_SEND });
    expect(getRefs(b.space, s, 'SEND')).toBe(1);
  });

  it('a moved receive right takes its queue along and forgets its counts', () => {
    const a = new Party();
    const b = a.peer('b');
    const p = a.port();
    const q = b.port();
    const toB = b.give(a, q);
    const s = a.give(b, p);
    b.send(s, 1);
    b.send(s, 2);
    expect(a.next(p)).toBe(1);
    a.send(toB, 9, { descriptors: [right(p, MOVE_RECEIVE)] });
    expect(a.type(p)).toBe('KERN_INVALID_NAME');
    b.next(q);
    expect(b.type(s)).toBe(SEND | RECEIVE);
    expect(getStatus(b.space, s)).toMatchObject({ seqno: 0, mscount: 0, msgcount: 1 });
    expect(b.drain(s)).toEqual([2]);
  });

  it('a message that fails in its body destroys the rights it had taken', () => {
    const a = new Party();
    const b = a.peer('b');
    const r = a.port();
    const toB = b.give(a, b.port());
    const local = { local: r, localDisposition: MAKE_SEND_ONCE };
    expect(a.send(toB, 1, { ...local, descriptors: [right(portName(4000), COPY_SEND)] })).toBe(
      'MACH_SEND_INVALID_RIGHT',
    );
    expect(a.drain(r)).toEqual([71]);
  });

  it('a message that is malformed takes nothing', () => {
    const a = new Party();
    const b = a.peer('b');
    const r = a.port();
    const toB = b.give(a, b.port());
    const local = { local: r, localDisposition: MAKE_SEND_ONCE };
    expect(a.send(toB, 1, { ...local, remoteDisposition: MOVE_SEND, descriptors: [right(r, 99)] })).toBe(
      'MACH_SEND_INVALID_TYPE',
    );
    expect(a.type(toB)).toBe(SEND);
    expect(a.drain(r)).toEqual([]);
  });

  it('NULL and DEAD pass under every disposition', () => {
    const a = new Party();
    const p = a.port();
    const s = a.give(a, p);
    a.send(s, 1, { descriptors: [right(MACH_PORT_NULL, MOVE_RECEIVE), right(MACH_PORT_DEAD, COPY_SEND)] });
    expect(a.take(p)).toMatchObject({ items: [{ name: MACH_PORT_NULL }, { name: MACH_PORT_DEAD }] });
  });

  it('a name keeps everything under it when it is renamed', () => {
    const a = new Party();
    const p = a.port();
    a.give(a, p);
    a.send(p, 1);
    a.done(rename(a.space, p, portName(4000)));
    expect(a.type(p)).toBe('KERN_INVALID_NAME');
    expect(a.drain(portName(4000))).toEqual([1]);
  });

  it('a freed name is not handed out again at once', () => {
    const a = new Party();
    const p = a.port();
    a.done(modRefs(a.space, p, 'RECEIVE', -1));
    expect(a.port()).not.toBe(p);
  });

  it('a right that cannot be inserted stays with the caller', () => {
    const a = new Party();
    const p = a.port();
    const carried = carry(a.space, p, MAKE_SEND);
    if (typeof carried === 'string') throw new Error(carried);
    expect(insertRight(a.space, portName(4000), carried)).toBe('KERN_RIGHT_EXISTS');
    expect(getStatus(a.space, p)).toMatchObject({ srights: true });
  });

  it('names of a dead port turn into dead names wherever they are looked at', () => {
    const a = new Party();
    const b = a.peer('b');
    const p = a.port();
    const s = a.give(b, p);
    const o = a.give(b, p, MAKE_SEND_ONCE);
    destroySpace(a.space);
    expect([b.type(s), b.type(o)]).toEqual([DEAD_NAME, DEAD_NAME]);
    expect(b.send(s, 1)).toBe('MACH_SEND_INVALID_DEST');
  });

  it('a type names each kind of right once', () => {
    const a = new Party();
    const p = a.port();
    expect(a.type(a.give(a, p, MAKE_SEND_ONCE))).toBe(SEND_ONCE);
    expect(a.type(a.port('DEAD_NAME'))).toBe(DEAD_NAME);
  });
});
