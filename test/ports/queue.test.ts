import { describe, expect, it } from 'vitest';
import { modRefs } from '../../ports/name-calls.ts';
import { setQlimit } from '../../ports/port-calls.ts';
import { MAKE_SEND_ONCE, MOVE_RECEIVE, MOVE_SEND_ONCE } from '../../ports/right.ts';
import { insertMember, moveMember } from '../../ports/set-calls.ts';
import { Party, right } from '../support/spaces.ts';

const pair = (): { a: Party; b: Party; p: ReturnType<Party['port']>; s: ReturnType<Party['port']> } => {
  const a = new Party();
  const b = a.peer('b');
  const p = a.port();
  return { a, b, p, s: a.give(b, p) };
};

describe('a queue', () => {
  it('is first in, first out', () => {
    const { a, b, p, s } = pair();
    for (const id of [1, 2, 3]) b.send(s, id);
    expect(a.drain(p)).toEqual([1, 2, 3]);
  });

  it('takes as many messages as its limit, then none', () => {
    const { a, b, p, s } = pair();
    for (let id = 1; id <= 5; id += 1) expect(b.send(s, id)).toBe('MACH_MSG_SUCCESS');
    expect(b.send(s, 6)).toBe('MACH_SEND_TIMED_OUT');
    expect(a.drain(p)).toEqual([1, 2, 3, 4, 5]);
  });

  it('takes a message to a send-once right when it is full', () => {
    const { a, b, p } = pair();
    a.done(setQlimit(a.space, p, 0));
    const o = a.give(b, p, MAKE_SEND_ONCE);
    expect(b.send(o, 1, { remoteDisposition: MOVE_SEND_ONCE })).toBe('MACH_MSG_SUCCESS');
  });

  it('lets blocked senders in, in order, as room comes', () => {
    const { a, b, p, s } = pair();
    a.done(setQlimit(a.space, p, 1));
    b.send(s, 1);
    const second = b.block(s, 2);
    b.block(s, 3);
    expect(a.next(p)).toBe(1);
    expect(second.isWaiting).toBe(false);
    expect(b.send(s, 4)).toBe('MACH_SEND_TIMED_OUT');
    expect(a.drain(p)).toEqual([2, 3]);
  });

  it('lets in as many blocked senders as its limit is raised by', () => {
    const { a, b, p, s } = pair();
    a.done(setQlimit(a.space, p, 0));
    const waits = [1, 2, 3].map((id) => b.block(s, id));
    a.done(setQlimit(a.space, p, 2));
    expect(waits.map((wait) => wait.isWaiting)).toEqual([false, false, true]);
  });

  it('ends with its port: what was queued and what was blocked vanishes', () => {
    const { a, b, p, s } = pair();
    a.done(setQlimit(a.space, p, 1));
    const q = b.port();
    b.send(s, 1, { local: q, localDisposition: MAKE_SEND_ONCE });
    const wait = b.block(s, 2);
    a.done(modRefs(a.space, p, 'RECEIVE', -1));
    expect(wait.isWaiting).toBe(false);
    expect(b.drain(q)).toEqual([71]);
    expect(a.ipc.messages).toBe(0);
  });

  it('counts the sequence of what leaves it', () => {
    const { a, b, p, s } = pair();
    b.send(s, 1);
    b.send(s, 2);
    expect([a.take(p), a.take(p)]).toMatchObject([{ seqno: 0 }, { seqno: 1 }]);
  });

  it('keeps a message that is too large for a receiver who wants to know', () => {
    const { a, b, p, s } = pair();
    b.send(s, 1, { body: 'x'.repeat(100) });
    expect(a.take(p, 30, true)).toBe('MACH_RCV_TOO_LARGE');
    expect(a.next(p)).toBe(1);
  });

  it('loses a message that is too large for any other receiver', () => {
    const { a, b, p, s } = pair();
    b.send(s, 1, { body: 'x'.repeat(100) });
    expect(a.take(p, 30)).toBe('MACH_RCV_TOO_LARGE');
    expect(a.next(p)).toBe('MACH_RCV_TIMED_OUT');
  });

  it('that carries its own receive right dies, and the sender notices nothing', () => {
    const { a, p } = pair();
    const s = a.give(a, p);
    expect(a.send(s, 1, { descriptors: [right(p, MOVE_RECEIVE)] })).toBe('MACH_MSG_SUCCESS');
    expect(a.ipc.ports).toBe(0);
    expect(a.ipc.messages).toBe(0);
  });

  it('of a chain of ports inside ports is emptied without recursion', () => {
    const a = new Party();
    let last = a.port();
    for (let i = 0; i < 20_000; i += 1) {
      const next = a.port();
      a.give(a, next);
      a.send(next, i, { descriptors: [right(last, MOVE_RECEIVE)] });
      last = next;
    }
    a.done(modRefs(a.space, last, 'RECEIVE', -1));
    expect(a.ipc.ports).toBe(0);
  });
});

describe('a port set', () => {
  it('hands out messages of its members in the order in which they came', () => {
    const { a, b, p, s } = pair();
    const q = a.port();
    const t = a.give(b, q);
    const set = a.port('PORT_SET');
    a.done(insertMember(a.space, p, set));
    a.done(insertMember(a.space, q, set));
    b.send(s, 1);
    b.send(t, 2);
    b.send(s, 3);
    expect(a.drain(set)).toEqual([1, 2, 3]);
  });

  it('is the only way to receive from a member', () => {
    const { a, p } = pair();
    a.done(insertMember(a.space, p, a.port('PORT_SET')));
    expect(a.next(p)).toBe('MACH_RCV_IN_SET');
  });

  it('gives a member its messages back when it leaves', () => {
    const { a, b, p, s } = pair();
    const set = a.port('PORT_SET');
    a.done(insertMember(a.space, p, set));
    b.send(s, 1);
    a.done(moveMember(a.space, p, 0 as typeof p));
    expect(a.next(set)).toBe('MACH_RCV_TIMED_OUT');
    expect(a.drain(p)).toEqual([1]);
  });
});
