import { describe, expect, it } from 'vitest';
import type { PortName } from '../../ports/name.ts';
import { type Carried, carry, deallocate, destroy, getRefs, modRefs } from '../../ports/name-calls.ts';
import { requestNotification } from '../../ports/port-calls.ts';
import { MAKE_SEND_ONCE } from '../../ports/right.ts';
import { Party } from '../support/spaces.ts';

const ask = (party: Party, name: PortName, kind: string, to: PortName, sync = 0): unknown => {
  const right = carry(party.space, to, MAKE_SEND_ONCE) as Carried;
  return requestNotification(party.space, name, { kind, sync }, right);
};

describe('a notification', () => {
  it('of dead names comes with a reference that its receiver must release', () => {
    const a = new Party();
    const b = a.peer('b');
    const p = a.port();
    const s = a.give(b, p);
    const n = b.port();
    expect(ask(b, s, 'DEAD_NAME', n)).toBeNull();
    a.done(modRefs(a.space, p, 'RECEIVE', -1));
    expect(b.take(n)).toMatchObject({ id: 72, body: { name: s } });
    expect(getRefs(b.space, s, 'DEAD_NAME')).toBe(2);
  });

  it('of deleted ports comes when a name with a request is given up', () => {
    const a = new Party();
    const b = a.peer('b');
    const s = a.give(b, a.port());
    const n = b.port();
    ask(b, s, 'DEAD_NAME', n);
    b.done(deallocate(b.space, s));
    expect(b.take(n)).toMatchObject({ id: 65, body: { name: s } });
  });

  it('of no senders comes when the last send right goes, once', () => {
    const a = new Party();
    const b = a.peer('b');
    const p = a.port();
    const n = a.port();
    const s = a.give(b, p);
    ask(a, p, 'NO_SENDERS', n);
    b.done(deallocate(b.space, s));
    expect(a.take(n)).toMatchObject({ id: 70, body: { count: 1 } });
    b.done(deallocate(b.space, a.give(b, p)));
    expect(a.next(n)).toBe('MACH_RCV_TIMED_OUT');
  });

  it('of no senders does not come while somebody has a send right', () => {
    const a = new Party();
    const [b, c] = [a.peer('b'), a.peer('c')];
    const p = a.port();
    const n = a.port();
    const [first, second] = [a.give(b, p), a.give(c, p)];
    ask(a, p, 'NO_SENDERS', n);
    b.done(deallocate(b.space, first));
    expect(a.next(n)).toBe('MACH_RCV_TIMED_OUT');
    c.done(deallocate(c.space, second));
    expect(a.take(n)).toMatchObject({ id: 70, body: { count: 2 } });
  });

  it('of no senders waits for a make-send count that is still to come', () => {
    const a = new Party();
    const b = a.peer('b');
    const p = a.port();
    const n = a.port();
    ask(a, p, 'NO_SENDERS', n, 1);
    expect(a.next(n)).toBe('MACH_RCV_TIMED_OUT');
    b.done(deallocate(b.space, a.give(b, p)));
    expect(a.next(n)).toBe(70);
  });

  it('of a destroyed port carries the receive right, its queue and none of its counts', () => {
    const a = new Party();
    const b = a.peer('b');
    const p = a.port();
    const n = b.port();
    const s = a.give(b, p);
    requestNotification(a.space, p, { kind: 'PORT_DESTROYED', sync: 0 }, carry(b.space, n, MAKE_SEND_ONCE) as Carried);
    b.send(s, 1);
    a.done(destroy(a.space, p));
    expect(b.take(n)).toMatchObject({ id: 69, items: [{ kind: 'port', name: s }] });
    expect(b.take(s)).toMatchObject({ id: 1, seqno: 0 });
  });

  it('that is replaced hands back the right registered before, and sends nothing', () => {
    const a = new Party();
    const p = a.port();
    const n = a.port();
    expect(ask(a, p, 'NO_SENDERS', n, 5)).toBeNull();
    expect(ask(a, p, 'NO_SENDERS', n, 5)).not.toBeNull();
    expect(a.next(n)).toBe('MACH_RCV_TIMED_OUT');
  });

  it('never blocks: a full queue takes it', () => {
    const a = new Party();
    const b = a.peer('b');
    const n = b.port();
    const to = b.give(b, n);
    for (let id = 0; id < 5; id += 1) b.send(to, id);
    const s = a.give(b, a.port());
    ask(b, s, 'DEAD_NAME', n);
    b.done(deallocate(b.space, s));
    expect(b.drain(n)).toEqual([0, 1, 2, 3, 4, 65]);
  });
});
