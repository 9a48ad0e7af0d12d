import { describe, expect, it } from 'vitest';
import { createTask, createThread } from '../../kernel/lives.ts';
import { type MachineState, machine } from '../../kernel/machine.ts';
import { runKernel } from '../../kernel/scheduler.ts';
import { type PortName, portName } from '../../ports/name.ts';
import { MAKE_SEND } from '../../ports/right.ts';
import { Lab, nameOf, spawn } from '../support/one-kernel.ts';

/** Receives on a port of its own, and keeps the outcome. */
const receiver = machine<
  MachineState & { port: number; timeoutMs: number | null; kr: unknown; id: number },
  number | null
>({
  name: 'receiver',
  start: (timeoutMs) => ({ at: 'start', port: 0, timeoutMs, kr: null, id: -1 }),
  handlers: {
    start: (sys, state) => {
      state.port = sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as number;
      state.at = 'got';
      sys.receive(portName(state.port), state.timeoutMs === null ? {} : { timeoutMs: state.timeoutMs });
    },
    got: (sys, state, { kr, message }) => {
      state.kr = kr;
      state.id = message?.id ?? -1;
      sys.pause();
    },
  },
});

/** Counts its turns. */
const turner = machine<MachineState & { readonly log: string; count: number }, string>({
  name: 'turner',
  start: (log) => ({ at: 'turn', log, count: 0 }),
  handlers: {
    turn: (sys, state) => {
      state.count += 1;
      sys.yield();
    },
  },
});

const scene = async (timeoutMs: number | null) => {
  const lab = new Lab(receiver);
  const host = lab.host();
  const { task, thread, go } = await spawn(host, receiver, timeoutMs);
  await go();
  lab.rest();
  const state = async (): Promise<{ kr: unknown; id: number; port: number }> =>
    (await host.kernelCall(thread, { op: 'thread_get_state', flavor: 'program' }))['state'] as never;
  const { port } = await state();
  const sender = async (): Promise<PortName> =>
    nameOf(await host.kernelCall(task, { op: 'port_extract_right', name: portName(port), disposition: MAKE_SEND }));
  return { lab, host, thread, state, sender };
};

describe('a wait', () => {
  it('ends at its deadline, not before', async () => {
    const { lab, state } = await scene(100);
    lab.advance(99);
    expect(await state()).toMatchObject({ kr: null });
    lab.advance(1);
    expect(await state()).toMatchObject({ kr: 'MACH_RCV_TIMED_OUT' });
  });

  it('ends by an abort, and the code can be overwritten until the thread runs', async () => {
    const { lab, host, thread, state } = await scene(null);
    await host.kernelCall(thread, { op: 'thread_suspend' });
    await host.kernelCall(thread, { op: 'thread_abort' });
    await host.kernelCall(thread, { op: 'thread_set_state', flavor: 'result', value: 123 });
    await host.kernelCall(thread, { op: 'thread_resume' });
    lab.rest();
    expect(await state()).toMatchObject({ kr: 123 });
  });

  it('that has its message keeps it, whatever is aborted afterwards', async () => {
    const { lab, host, thread, state, sender } = await scene(null);
    const to = await sender();
    await host.kernelCall(thread, { op: 'thread_suspend' });
    await host.send({ remote: to, remoteDisposition: 17, id: 7 });
    await host.kernelCall(thread, { op: 'thread_abort' });
    await host.kernelCall(thread, { op: 'thread_resume' });
    lab.rest();
    expect(await state()).toMatchObject({ kr: 'MACH_MSG_SUCCESS', id: 7 });
  });

  it('of a suspended thread goes on: what comes is taken, and seen later', async () => {
    const { lab, host, thread, state, sender } = await scene(50);
    await host.kernelCall(thread, { op: 'thread_suspend' });
    await host.send({ remote: await sender(), remoteDisposition: 17, id: 8 });
    lab.advance(60);
    expect(await state()).toMatchObject({ kr: null });
    await host.kernelCall(thread, { op: 'thread_resume' });
    lab.rest();
    expect(await state()).toMatchObject({ id: 8 });
  });

  it('ends when the receive right is destroyed', async () => {
    const { lab, host, state, thread } = await scene(null);
    const { port } = await state();
    const task = [...lab.kernel.tasks].find(({ name }) => name === 'host-child');
    expect(task?.threads.size).toBe(1);
    const other = nameOf(await host.kernelCall(thread, { op: 'get_special_port', which: 'TASK_KERNEL' } as never));
    await host.kernelCall(other, { op: 'port_mod_refs', name: portName(port), right: 'RECEIVE', delta: -1 });
    lab.rest();
    expect(await state()).toMatchObject({ kr: 'MACH_RCV_PORT_DIED' });
  });
});

describe('suspension', () => {
  it('nests, and ends at the last resume', async () => {
    const { host, thread } = await scene(null);
    const call = async (op: 'thread_suspend' | 'thread_resume'): Promise<string> =>
      (await host.kernelCall(thread, { op })).kr;
    expect([await call('thread_suspend'), await call('thread_suspend')]).toEqual(['KERN_SUCCESS', 'KERN_SUCCESS']);
    expect([await call('thread_resume'), await call('thread_resume')]).toEqual(['KERN_SUCCESS', 'KERN_SUCCESS']);
    expect(await call('thread_resume')).toBe('KERN_FAILURE');
  });
});

describe('the scheduler', () => {
  it('gives threads that yield the same number of turns', () => {
    const lab = new Lab(turner);
    const { kernel } = lab;
    lab.isStill = true;
    const threads = ['a', 'b', 'c'].map((log) => createThread(createTask(kernel, log), turner, turner.start(log)));
    expect(runKernel(kernel, 300)).toBeGreaterThanOrEqual(300);
    const counts = threads.map(({ state }) => (state as { readonly count: number }).count);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  });
});

describe('the result of a receive that ends without a message', () => {
  it('tells nothing of the message before it', () => {
    const lab = new Lab();
    const seen: unknown[] = [];
    const twice = machine<MachineState & { port: PortName }>({
      name: 'twice',
      start: () => ({ at: 'start', port: portName(0) }),
      handlers: {
        start: (sys, state) => {
          state.port = nameOf(sys.call({ op: 'port_allocate', right: 'RECEIVE' }));
          sys.send({ remote: state.port, remoteDisposition: MAKE_SEND, id: 7 });
          state.at = 'first';
          sys.receive(state.port);
        },
        first: (sys, state, result) => {
          seen.push([result.kr, result.message?.id]);
          result.bits = ['IPC_SPACE']; // as after a message that lost a right
          state.at = 'second';
          sys.receive(state.port, { timeoutMs: 5 });
        },
        second: (sys, _, { kr, message, bits, returned }) => {
          seen.push([kr, message, bits, returned]);
          sys.exit();
        },
      },
    });
    const task = createTask(lab.kernel, 'twice');
    createThread(task, twice, twice.start(undefined));
    runKernel(lab.kernel, 100);
    lab.advance(5);
    expect(seen).toEqual([
      ['MACH_MSG_SUCCESS', 7],
      ['MACH_RCV_TIMED_OUT', null, null, false],
    ]);
  });
});
