import { describe, expect, it } from 'vitest';
import type { KernelRequest } from '../../kernel/interface/calls.ts';
import { createTask, createThread, terminateTask } from '../../kernel/lives.ts';
import { type MachineState, machine } from '../../kernel/machine.ts';
import { MACH_PORT_NULL, type PortName, portName } from '../../ports/name.ts';
import { COPY_SEND, MAKE_SEND, MAKE_SEND_ONCE, MOVE_RECEIVE, MOVE_SEND } from '../../ports/right.ts';
import { Lab, nameOf, spawn } from '../support/one-kernel.ts';

const idle = machine<MachineState>({
  name: 'idle',
  start: () => ({ at: 'wait' }),
  handlers: { wait: (sys) => sys.pause() },
});

/** Does not start without a text. */
const picky = machine<MachineState, string>({
  name: 'picky',
  start: (text) => ({ at: text.trim() }),
  handlers: {},
});

/** Goes on for a while when it has ended its thread. */
const suicide = machine<MachineState & { answers: string[] }>({
  name: 'suicide',
  start: () => ({ at: 'end', answers: [] }),
  handlers: {
    end: (sys, { answers }) => {
      answers.push(sys.call({ op: 'thread_terminate' }).kr, sys.call({ op: 'thread_self' }).kr);
      sys.pause();
    },
  },
});

/** Asks its own thread port something, and keeps the answer. */
const introvert = machine<
  MachineState & { op: 'thread_abort' | 'thread_suspend'; answer: unknown; late: boolean },
  'thread_abort' | 'thread_suspend'
>({
  name: 'introvert',
  start: (op) => ({ at: 'ask', op, answer: null, late: false }),
  handlers: {
    ask: (sys, state) => {
      state.at = 'know';
      sys.kernelCall(portName(sys.call({ op: 'thread_self' })['name'] as number), { op: state.op });
    },
    know: (sys, state, { answer }) => {
      state.answer = answer;
      sys.pause();
    },
  },
});

describe('a kernel call', () => {
  it('answers the same as a trap and as a message', async () => {
    const lab = new Lab();
    const host = lab.host();
    const self = nameOf(host.call({ op: 'task_self' }));
    const p = host.allocate();
    const direct = host.call({ op: 'port_get_status', name: p });
    expect(await host.kernelCall(self, { op: 'port_get_status', name: p })).toEqual(direct);
  });

  it('through a right to a dead task is an invalid destination', async () => {
    const host = new Lab(idle).host();
    const { task } = await spawn(host, idle);
    expect(await host.kernelCall(task, { op: 'task_terminate' })).toEqual({ kr: 'KERN_SUCCESS' });
    expect(await host.kernelCall(task, { op: 'task_terminate' })).toEqual({ kr: 'MACH_SEND_INVALID_DEST' });
  });

  it('that is refused at its destination has taken no right', async () => {
    const host = new Lab(idle).host();
    const { task } = await spawn(host, idle);
    await host.kernelCall(task, { op: 'task_terminate' });
    const name = host.allocate();
    const call = {
      op: 'port_insert_right',
      name: portName(0x2001),
      right: { name, disposition: MOVE_RECEIVE },
    } as const;
    expect(await host.kernelCall(task, call)).toEqual({ kr: 'MACH_SEND_INVALID_DEST' });
    expect(host.call({ op: 'port_type', name })).toMatchObject({ type: ['RECEIVE'] });
  });

  it('may give away the last right that it is made through', async () => {
    const host = new Lab(idle).host();
    const { task } = await spawn(host, idle);
    const right = { name: task, disposition: MOVE_SEND };
    const call = { op: 'port_insert_right', name: portName(0x2001), right } as const;
    expect(await host.kernelCall(task, call)).toEqual({ kr: 'KERN_SUCCESS' });
    expect(host.sys.call({ op: 'port_type', name: task }).kr).toBe('KERN_INVALID_NAME');
  });

  it('carries nothing that could run or change in another task', async () => {
    const host = new Lab(idle).host();
    const { thread } = await spawn(host, idle);
    const call = { op: 'thread_set_state', flavor: 'state', value: { run: () => undefined } } as unknown;
    expect(await host.kernelCall(thread, call as KernelRequest)).toEqual({ kr: 'MIG_BAD_ARGUMENTS' });
  });

  it('of a thread that has ended itself makes nothing', () => {
    const lab = new Lab(suicide);
    const task = createTask(lab.kernel, 'suicide');
    const state = { at: 'end', answers: [] as string[] };
    createThread(task, idle, { at: 'wait' });
    createThread(task, suicide, state);
    lab.rest();
    expect(state.answers).toEqual(['KERN_SUCCESS', 'KERN_FAILURE']);
    terminateTask(task);
    lab.rest();
    expect(lab.kernel.ipc.ports).toBe(0);
  });

  it('that a kernel port does not know is refused, and what it carried is destroyed', async () => {
    const host = new Lab().host();
    const p = host.allocate();
    const reply = host.allocate();
    const draft = {
      remote: nameOf(host.call({ op: 'task_self' })),
      remoteDisposition: COPY_SEND,
      local: reply,
      localDisposition: MAKE_SEND_ONCE,
    };
    const descriptors = [{ kind: 'port', name: p, disposition: MAKE_SEND } as const];
    const unknown = await host.rpc({ ...draft, id: 9999, descriptors }, reply);
    expect(unknown).toMatchObject({ id: 10_099, body: { retcode: 'MIG_BAD_ID' } });
    const overloaded = await host.rpc({ ...draft, id: 2012, descriptors }, reply);
    expect(overloaded).toMatchObject({ body: { retcode: 'MIG_BAD_ARGUMENTS' } });
    expect(host.call({ op: 'port_get_status', name: p })).toMatchObject({ srights: false, mscount: 2 });
  });

  it('that belongs to another kind of kernel port is refused', async () => {
    const host = new Lab().host();
    const self = nameOf(host.call({ op: 'task_self' }));
    const p = host.allocate();
    expect(host.sys.call({ op: 'host_info' })).toEqual({ kr: 'MIG_BAD_ID' });
    expect(await host.kernelCall(self, { op: 'host_info' })).toEqual({ kr: 'MIG_BAD_ID' });
    const rights = [{ name: p, disposition: MAKE_SEND }];
    expect(await host.kernelCall(self, { op: 'husk_restore', image: null, rights } as never)).toEqual({
      kr: 'MIG_BAD_ID',
    });
    expect(host.call({ op: 'port_get_status', name: p })).toMatchObject({ srights: false });
  });

  it('with numbers beyond all bounds is refused, and the kernel goes on', async () => {
    const host = new Lab(picky).host();
    const self = nameOf(host.call({ op: 'task_self' }));
    const answers = [
      await host.kernelCall(self, { op: 'vm_read', address: 65_536, size: -5 }),
      await host.kernelCall(self, { op: 'vm_read', address: 65_536, size: 2 ** 50 }),
      await host.kernelCall(self, { op: 'port_allocate_name', right: 'RECEIVE', name: (2 ** 40) as PortName }),
      await host.kernelCall(self, { op: 'thread_create', program: 'picky', args: null }),
      await host.kernelCall(self, { op: 'nonsense' } as never),
    ];
    expect(answers.map(({ kr }) => kr)).toEqual([
      'KERN_INVALID_ADDRESS',
      'KERN_RESOURCE_SHORTAGE',
      'KERN_INVALID_VALUE',
      'KERN_INVALID_ARGUMENT',
      'MIG_BAD_ID',
    ]);
  });

  it('may not abort its own thread, and may suspend it', async () => {
    const lab = new Lab(introvert);
    const host = lab.host();
    for (const [op, kr] of [
      ['thread_abort', 'KERN_INVALID_ARGUMENT'],
      ['thread_suspend', 'KERN_SUCCESS'],
    ] as const) {
      const { thread, go } = await spawn(host, introvert, op);
      await go();
      lab.rest();
      if (op === 'thread_suspend') await host.kernelCall(thread, { op: 'thread_resume' });
      lab.rest();
      const { state } = await host.kernelCall(thread, { op: 'thread_get_state', flavor: 'program' });
      expect(state).toMatchObject({ answer: { kr } });
    }
  });

  it('shows the state of a thread as a copy', async () => {
    const lab = new Lab(idle);
    const host = lab.host();
    const { thread } = await spawn(host, idle);
    const first = await host.kernelCall(thread, { op: 'thread_get_state', flavor: 'program' });
    await host.kernelCall(thread, { op: 'thread_set_state', flavor: 'program', value: { at: 'elsewhere' } });
    expect(first['state']).toEqual({ at: 'wait' });
  });

  it('puts nothing but a send right in the place of a special port', () => {
    const host = new Lab().host();
    const p = host.allocate();
    const set = (disposition: number): string =>
      host.sys.call({ op: 'set_special_port', which: 'TASK_EXCEPTION', right: { name: p, disposition } }).kr;
    expect(set(MAKE_SEND_ONCE)).toBe('KERN_INVALID_CAPABILITY');
    expect(host.sys.call({ op: 'ports_register', ports: [{ name: p, disposition: MAKE_SEND_ONCE }] }).kr).toBe(
      'KERN_INVALID_CAPABILITY',
    );
    expect(set(MAKE_SEND)).toBe('KERN_SUCCESS');
  });
});

describe('a task', () => {
  it('begins without threads and names, with the special ports of its parent', async () => {
    const host = new Lab().host();
    const p = host.allocate();
    host.call({ op: 'set_special_port', which: 'TASK_BOOTSTRAP', right: { name: p, disposition: MAKE_SEND } });
    const child = nameOf(host.call({ op: 'task_create', inherit: false }));
    expect(await host.kernelCall(child, { op: 'task_threads' })).toEqual({ kr: 'KERN_SUCCESS', threads: [] });
    expect(await host.kernelCall(child, { op: 'port_names' })).toEqual({ kr: 'KERN_SUCCESS', names: [] });
    expect(await host.kernelCall(child, { op: 'get_special_port', which: 'TASK_BOOTSTRAP' })).toMatchObject({
      name: p,
    });
    expect(await host.kernelCall(child, { op: 'get_special_port', which: 'TASK_EXCEPTION' })).toMatchObject({
      name: MACH_PORT_NULL,
    });
  });

  it('leaves nothing behind when it ends', async () => {
    const lab = new Lab(idle);
    const { ports } = lab.kernel.ipc;
    {
      await using host = lab.host();
      const { task } = await spawn(host, idle);
      host.allocate();
      await host.kernelCall(task, { op: 'task_terminate' });
    }
    expect(lab.kernel.ipc).toMatchObject({ ports, messages: 0 });
  });

  it('shares nothing with a task of another kernel', () => {
    const [first, second] = [new Lab().host(), new Lab().host()];
    const names = (host: typeof first): PortName[] => [host.allocate(), host.allocate()];
    expect(names(first)).toEqual(names(second));
  });
});
