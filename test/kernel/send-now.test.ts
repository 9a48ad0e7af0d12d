import { describe, expect, it } from 'vitest';
import { COPY_SEND, MAKE_SEND_ONCE, MOVE_SEND } from '../../ports/right.ts';
import { Lab } from '../support/one-kernel.ts';

const scene = () => {
  const host = new Lab().host();
  const port = host.allocate();
  const reply = host.allocate();
  host.call({ op: 'port_insert_right', name: port, right: { name: port, disposition: 20 } });
  host.call({ op: 'port_set_qlimit', name: port, qlimit: 1 });
  const refs = (): unknown => host.call({ op: 'port_get_refs', name: port, right: 'SEND' })['refs'];
  const names = (): unknown => host.call({ op: 'port_names' })['names'];
  return { host, port, reply, refs, names };
};

describe('a send that does not wait', () => {
  it('is refused by a full queue before it has taken or made a right', () => {
    const { host, port, reply, refs, names } = scene();
    const draft = { remote: port, remoteDisposition: COPY_SEND, local: reply, localDisposition: MAKE_SEND_ONCE, id: 1 };
    expect(host.sys.send(draft)).toBe('MACH_MSG_SUCCESS');
    const before = [refs(), names()];
    for (let tries = 0; tries < 3; tries += 1) expect(host.sys.send(draft)).toBe('MACH_SEND_TIMED_OUT');
    expect(host.sys.send({ ...draft, remoteDisposition: MOVE_SEND })).toBe('MACH_SEND_TIMED_OUT');
    expect([refs(), names()]).toEqual(before);
  });

  it('can be made again as it is once there is room', () => {
    const { host, port, refs } = scene();
    const moved = { remote: port, remoteDisposition: MOVE_SEND, id: 2 };
    expect(host.sys.send({ ...moved, remoteDisposition: COPY_SEND })).toBe('MACH_MSG_SUCCESS');
    expect(host.sys.send(moved)).toBe('MACH_SEND_TIMED_OUT');
    expect(refs()).toBe(1);
    expect(host.sys.poll(port)).toMatchObject({ id: 2 });
    expect(host.sys.send(moved)).toBe('MACH_MSG_SUCCESS');
  });

  it('answers what is wrong with the message before it looks for room', () => {
    const { host, port, reply } = scene();
    expect(host.sys.send({ remote: port, remoteDisposition: COPY_SEND, id: 1 })).toBe('MACH_MSG_SUCCESS');
    const draft = { remote: port, remoteDisposition: COPY_SEND, id: 1 };
    expect(host.sys.send({ ...draft, local: reply, localDisposition: COPY_SEND })).toBe('MACH_SEND_INVALID_REPLY');
    expect(host.sys.send({ ...draft, body: (() => 1) as never })).toBe('MACH_SEND_INVALID_DATA');
  });
});
