import { describe, expect, it } from 'vitest';
import { MACH_PORT_NULL, portName } from '../../ports/name.ts';
import { MAKE_SEND } from '../../ports/right.ts';
import { mappedScene, mapping, nameOf, PAGE, pagedScene, pageOf, rightsOf } from './pager-scene.ts';

describe('an external pager', () => {
  it('is asked when a page is touched, once it is ready, and the program goes on with what it supplies', async () => {
    const { mover, pager, object } = await pagedScene();
    const at = (await mover.call(mapping(object, 2)))['address'] as number;
    expect(pager.meet()).toMatchObject({ id: 2200, body: { page_size: PAGE } });
    await mover.begin({ at: 'peek', address: at + PAGE });
    expect(pager.ids()).toEqual([]);
    expect(await pager.ready()).toBe('KERN_SUCCESS');
    expect(pager.take()).toMatchObject({ id: 2203, body: { offset: PAGE, length: PAGE, access: 1 } });
    expect(await mover.answer()).toBeNull();
    expect(await pager.supply(1, 7)).toBe('KERN_SUCCESS');
    expect(await mover.state()).toMatchObject({ answer: 7, turns: 2 });
  });

  it('is answered by the codes of its calls, without a reply port of its own', async () => {
    const { pager } = await mappedScene(2);
    const supply = (more: object) => pager.supply(0, 1, more);
    const control = { op: 'memory_object_lock_request', offset: 0, flush: false } as const;
    const answers = [
      await supply({ data: new Uint8Array(100) }),
      await supply({ lock: 64 }),
      await supply({ offset: 5 }),
      await supply({ data: undefined }),
      await pager.say({ ...control, size: PAGE, should_return: 'SOME' as never, lock: -1 }),
      await pager.say({ ...control, size: PAGE, should_return: 'ALL', lock: 64 }),
      await pager.say({ ...control, size: 5, should_return: 'ALL', lock: -1 }),
      await pager.say({ op: 'memory_object_change_attributes', may_cache: true, copy_strategy: 'SOON' as never }),
      await pager.say({ op: 'memory_object_ready', may_cache: 1 as never, copy_strategy: 'NONE' }),
      await pager.say({ op: 'vm_allocate', size: 1, anywhere: true }),
      await supply({}),
      await supply({}),
    ];
    expect(answers).toEqual([
      ...Array.from({ length: 8 }, () => 'KERN_INVALID_ARGUMENT'),
      'MIG_BAD_ARGUMENTS',
      'MIG_BAD_ID',
      'KERN_SUCCESS',
      'KERN_MEMORY_PRESENT',
    ]);
  });

  it('hears how far a supply came, and that its locks and attributes are in force', async () => {
    const { pager } = await mappedScene(3);
    await pager.supply(1, 1);
    const reply = pager.onReply;
    await pager.supply(0, 2, { data: pageOf(2, 3), reply });
    expect(pager.take(pager.reply)).toMatchObject({
      id: 2207,
      body: { offset: 0, length: 3 * PAGE, result: 'KERN_MEMORY_PRESENT', error_offset: PAGE },
    });
    const lock = { op: 'memory_object_lock_request', offset: 0, size: 3 * PAGE, flush: true, lock: -1, reply } as const;
    await pager.say({ ...lock, should_return: 'ALL' });
    expect(pager.take(pager.reply)).toMatchObject({ id: 2206, body: { offset: 0, length: 3 * PAGE } });
    const attributes = { may_cache: true, copy_strategy: 'NONE' } as const;
    await pager.say({ op: 'memory_object_change_attributes', ...attributes, reply });
    expect(pager.take(pager.reply)).toMatchObject({ id: 2209, body: attributes });
    expect(await pager.host.kernelCall(pager.control, { op: 'memory_object_get_attributes' })).toMatchObject({
      object_ready: true,
      ...attributes,
    });
  });

  it('may supply memory of its own, out of line', async () => {
    const { mover, pager, host, at } = await mappedScene(2);
    const own = host.call({ op: 'vm_allocate', size: 2 * PAGE, anywhere: true })['address'] as number;
    host.call({ op: 'vm_write', address: own, bytes: pageOf(5, 2) });
    host.sys.send({
      remote: pager.control,
      remoteDisposition: 19,
      id: 2251,
      body: { offset: 0, lock: 0, precious: false },
      descriptors: [{ kind: 'ool', address: own, size: 2 * PAGE }],
    });
    host.call({ op: 'vm_write', address: own, bytes: pageOf(6, 2) });
    expect(await mover.ask({ at: 'peek', address: at + PAGE })).toBe(5);
  });

  it('gets what was written back, with the data in the message', async () => {
    const { mover, pager, at } = await mappedScene(3);
    for (const page of [0, 1, 2]) await pager.supply(page, page);
    for (const page of [0, 2]) await mover.ask({ at: 'poke', address: at + page * PAGE, byte: 9 });
    await mover.call({ op: 'vm_deallocate', address: at, size: 3 * PAGE });
    const returned = [pager.take(), pager.take()];
    expect(returned.map((each) => each?.body)).toMatchObject([
      { offset: 0, dirty: true, kernel_copy: false },
      { offset: 2 * PAGE, dirty: true, kernel_copy: false },
    ]);
    const { data } = returned[1]?.body as never as { data: { at(index: number): number; length: number } };
    expect([data.length, data.at(0), data.at(1)]).toEqual([PAGE, 9, 2]);
    const end = pager.take();
    expect(end).toMatchObject({ id: 2201, items: [{ type: 16 }, { type: 16 }] });
  });

  it('leaves nothing behind when nobody maps its object', async () => {
    const { lab, mover, pager, host, at } = await mappedScene(1);
    await mover.call({ op: 'vm_deallocate', address: at, size: PAGE });
    for (let next = pager.take(); next !== null; next = pager.take()) {
      for (const name of rightsOf(next)) host.call({ op: 'port_destroy', name });
    }
    const { kernel } = lab;
    expect([kernel.pagers.size, kernel.pool.resident]).toEqual([0, 0]);
    const before = kernel.ipc.ports;
    for (let i = 0; i < 3; i += 1) {
      const again = (await mover.call(mapping(await mover.give(pager.port), 1)))['address'] as number;
      pager.meet();
      await mover.call({ op: 'vm_deallocate', address: again, size: PAGE });
      for (let next = pager.take(); next !== null; next = pager.take()) {
        for (const name of rightsOf(next)) host.call({ op: 'port_destroy', name });
      }
    }
    expect(kernel.ipc.ports).toBe(before);
  });

  it('that dies leaves what is here, and errors where nothing is', async () => {
    const { lab, mover, pager, host, at } = await mappedScene(2);
    await pager.supply(0, 3);
    await mover.begin({ at: 'peek', address: at + PAGE });
    const handler = host.allocate();
    await host.kernelCall(mover.task, {
      op: 'set_special_port',
      which: 'TASK_EXCEPTION',
      right: { name: handler, disposition: MAKE_SEND },
    });
    host.call({ op: 'port_mod_refs', name: pager.port, right: 'RECEIVE', delta: -1 });
    lab.rest();
    expect(host.sys.poll(handler)).toMatchObject({ body: { code: 'KERN_MEMORY_ERROR', subcode: at + PAGE } });
    await host.kernelCall(mover.thread, { op: 'thread_set_state', flavor: 'program', value: { at: 'idle' } });
    await host.kernelCall(mover.thread, { op: 'thread_abort' });
    expect(await mover.ask({ at: 'peek', address: at })).toBe(3);
    expect(lab.kernel.pagers.size).toBe(0);
  });

  it('with strategy CALL is told of a copy, pages it, and falls back on the original', async () => {
    const { mover, pager, host, at } = await mappedScene(2, 'CALL');
    await pager.supply(0, 1);
    await pager.supply(1, 2);
    const copy = (await mover.call({ op: 'vm_allocate', size: 2 * PAGE, anywhere: true }))['address'] as number;
    await mover.call({ op: 'vm_copy', from: at, size: 2 * PAGE, to: copy });
    const told = pager.take();
    expect(told).toMatchObject({
      id: 2202,
      body: { offset: 0, length: 2 * PAGE },
      items: [{ type: 17 }, { type: 16 }],
    });
    const object = rightsOf(told)[1] ?? MACH_PORT_NULL;
    const control = rightsOf(pager.take(object))[0] ?? MACH_PORT_NULL;
    await pager.say({ op: 'memory_object_ready', may_cache: false, copy_strategy: 'DELAY' }, control);
    await mover.begin({ at: 'peek', address: copy });
    expect(pager.take(object)).toMatchObject({ id: 2203, body: { offset: 0 } });
    await pager.say({ op: 'memory_object_data_unavailable', offset: 0, size: PAGE }, control);
    expect(await mover.answer()).toBe(1);
    await mover.begin({ at: 'peek', address: copy + PAGE });
    await pager.supply(1, 22, {}, control);
    expect(await mover.answer()).toBe(22);
    await mover.ask({ at: 'poke', address: at, byte: 50 });
    expect(await mover.ask({ at: 'peek', address: copy })).toBe(1);
    expect(host.call({ op: 'port_type', name: object })['type']).toContain('RECEIVE');
  });
});

describe('a call that needs a page', () => {
  it('on another task waits as a message, and is answered when the page is there', async () => {
    const { lab, host, mover, pager, at } = await mappedScene(1);
    const reading = host.kernelCall(mover.task, { op: 'vm_read', address: at, size: 3 });
    lab.rest();
    expect(pager.ids()).toEqual([2203]);
    await pager.supply(0, 4);
    expect((await reading)['bytes']).toEqual(Uint8Array.of(4, 4, 4));
  });

  it('on oneself is made again by its handler', async () => {
    const { mover, pager, at } = await mappedScene(1);
    await mover.begin({ at: 'call', request: { op: 'vm_write', address: at + 1, bytes: Uint8Array.of(9) } });
    expect(pager.ids()).toEqual([2203]);
    await pager.supply(0, 4);
    expect(await mover.state()).toMatchObject({ answer: { kr: 'KERN_SUCCESS' }, turns: 2 });
    expect([await mover.ask({ at: 'peek', address: at }), await mover.ask({ at: 'peek', address: at + 1 })]).toEqual([
      4, 9,
    ]);
  });

  it('to copy an object waits for its pager, and keeps object and right until then', async () => {
    const { lab, mover, pager, object } = await pagedScene();
    await mover.begin({ at: 'call', request: mapping(object, 1, { copy: true }) });
    pager.meet();
    expect(await mover.answer()).toBeNull();
    await pager.ready();
    const { address } = (await mover.answer()) as { address: number };
    expect(pager.ids()).toEqual([]);
    await mover.begin({ at: 'peek', address });
    await pager.supply(0, 8);
    expect(await mover.answer()).toBe(8);
    expect(await mover.call({ op: 'port_get_refs', name: object, right: 'SEND' })).toMatchObject({ refs: 1 });
    await mover.call({ op: 'vm_deallocate', address, size: PAGE });
    expect([...lab.kernel.tasks].every(({ awaitedObjects }) => (awaitedObjects?.size ?? 0) === 0)).toBe(true);
    expect(pager.ids().at(-1)).toBe(2201);
  });

  it('to send memory is issued again when it can be copied, and takes nothing before', async () => {
    const { lab, host, mover, pager, at } = await mappedScene(2, 'NONE');
    const inbox = host.allocate();
    const remote = await mover.give(inbox);
    await mover.begin({ at: 'send', address: at, size: 2 * PAGE, remote });
    expect([await mover.answer(), host.sys.poll(inbox), pager.ids()]).toEqual([null, null, [2203]]);
    await pager.supply(0, 1);
    expect(pager.ids()).toEqual([2203]);
    await pager.supply(1, 2);
    lab.rest();
    expect(await mover.state()).toMatchObject({ answer: 'MACH_MSG_SUCCESS', turns: 1 });
    expect(host.sys.poll(inbox)).toMatchObject({ id: 1, items: [{ kind: 'ool', size: 2 * PAGE }] });
  });

  it('can be aborted: a send is interrupted, a handler runs again in the state that it was given', async () => {
    const { lab, host, mover, at } = await mappedScene(1, 'NONE');
    await mover.begin({ at: 'send', address: at, size: 1, remote: await mover.give(host.allocate()) });
    await host.kernelCall(mover.thread, { op: 'thread_abort' });
    lab.rest();
    expect(await mover.answer()).toBe('MACH_SEND_INTERRUPTED');
    await mover.begin({ at: 'peek', address: at });
    await host.kernelCall(mover.thread, { op: 'thread_set_state', flavor: 'program', value: { at: 'idle' } });
    await host.kernelCall(mover.thread, { op: 'thread_abort' });
    lab.rest();
    expect(await mover.call({ op: 'task_self' })).toMatchObject({ kr: 'KERN_SUCCESS' });
  });
});

describe('a proxy of an object', () => {
  const proxy = (more: object = {}): never =>
    ({ op: 'memory_object_create_proxy', protection: 1, offset: 0, start: PAGE, length: 2 * PAGE, ...more }) as never;

  it('shows a part of it, with less protection, and is gone with its last right', async () => {
    const { lab, mover, pager, object } = await pagedScene();
    const { ports } = lab.kernel.ipc;
    const part = nameOf(await mover.call(proxy({ object: { name: object, disposition: 19 } })));
    const at = (await mover.call(mapping(part, 1, { offset: PAGE })))['address'] as number;
    pager.meet();
    await pager.ready();
    expect(await mover.call({ op: 'vm_region', address: at })).toMatchObject({ protection: 1, max: 1 });
    await mover.begin({ at: 'peek', address: at });
    expect(pager.take()).toMatchObject({ id: 2203, body: { offset: 2 * PAGE } });
    await pager.supply(2, 6);
    expect(await mover.answer()).toBe(6);
    await mover.call({ op: 'vm_deallocate', address: at, size: PAGE });
    await mover.call({ op: 'port_deallocate', name: part });
    for (const name of rightsOf(pager.take())) pager.host.call({ op: 'port_destroy', name });
    expect(lab.kernel.ipc.ports).toBe(ports);
  });

  it('refuses what is beyond it', async () => {
    const { mover, object } = await pagedScene();
    const right = { object: { name: object, disposition: 19 } };
    const kr = async (more: object): Promise<string> => (await mover.call(proxy({ ...right, ...more }))).kr;
    expect([await kr({ object: null }), await kr({ offset: PAGE }), await kr({ protection: 64 })]).toEqual([
      'KERN_INVALID_NAME',
      'KERN_INVALID_ARGUMENT',
      'KERN_INVALID_ARGUMENT',
    ]);
    expect(await kr({ length: -1 })).toBe('KERN_INVALID_ARGUMENT');
    const part = nameOf(await mover.call(proxy({ ...right, protection: 2 })));
    const map = async (more: object): Promise<string> => (await mover.call(mapping(part, 1, more))).kr;
    expect(await map({ copy: true })).toBe('KERN_PROTECTION_FAILURE');
    expect(await map({ offset: 2 * PAGE })).toBe('KERN_INVALID_ARGUMENT');
    const inner = { object: { name: part, disposition: 19 } };
    expect(await kr({ ...inner, start: PAGE, length: 2 * PAGE })).toBe('KERN_INVALID_ARGUMENT');
    expect(await kr({ ...inner, start: PAGE, length: PAGE })).toBe('KERN_SUCCESS');
  });
});

describe('a port that is no pager', () => {
  it('is not mapped', async () => {
    const { mover, host } = await pagedScene();
    const self = nameOf(await mover.call({ op: 'task_self' }));
    expect((await mover.call(mapping(self, 1))).kr).toBe('KERN_INVALID_ARGUMENT');
    const dead = await mover.give(host.allocate());
    expect((await mover.call(mapping(dead, 1))).kr).toBe('KERN_SUCCESS');
    host.call({ op: 'port_mod_refs', name: portName(dead - 0x1000), right: 'RECEIVE', delta: -1 });
    expect((await mover.call(mapping(dead, 1))).kr).toBe('KERN_INVALID_ARGUMENT');
  });
});
