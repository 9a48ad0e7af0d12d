import { describe, expect, it } from 'vitest';
import type { HostTask } from '../../kernel/host-task.ts';
import { type MachineState, machine } from '../../kernel/machine.ts';
import { type PortName, portName } from '../../ports/name.ts';
import type { Received } from '../../ports/port.ts';
import { MAKE_SEND, MOVE_SEND_ONCE } from '../../ports/right.ts';
import { Lab, spawn } from '../support/one-kernel.ts';

const ADDRESS = 0x20_0000;

/** Writes where nothing is mapped. */
const toucher = machine<MachineState>({
  name: 'toucher',
  start: () => ({ at: 'touch' }),
  handlers: {
    touch: (sys, state) => {
      sys.vm.setU8(ADDRESS, 7);
      state.at = 'done';
      sys.yield();
    },
    done: (sys) => sys.pause(),
  },
});

const scene = async () => {
  const lab = new Lab(toucher);
  const host = lab.host();
  const actor = await spawn(host, toucher);
  const handler = async (which: 'TASK_EXCEPTION' | 'THREAD_EXCEPTION'): Promise<PortName> => {
    const name = host.allocate();
    const on = which === 'TASK_EXCEPTION' ? actor.task : actor.thread;
    await host.kernelCall(on, { op: 'set_special_port', which, right: { name, disposition: MAKE_SEND } });
    return name;
  };
  return { lab, host, ...actor, handler };
};

const answer = (host: HostTask, raised: Received | null, retcode: string, more: object = {}): void => {
  if (raised === null) throw new Error('nothing was raised');
  host.sys.send({ remote: raised.remote, remoteDisposition: MOVE_SEND_ONCE, id: 2500, body: { retcode }, ...more });
};

const isDead = (host: HostTask, task: PortName): boolean =>
  (host.call({ op: 'port_type', name: task })['type'] as string[]).includes('DEAD_NAME');

describe('an exception', () => {
  it('ends the task if there is no handler', async () => {
    const { lab, host, task, go } = await scene();
    await go();
    lab.rest();
    expect(isDead(host, task)).toBe(true);
  });

  it("goes to the thread's handler, then to the task's, then nowhere", async () => {
    const { lab, host, task, handler, go } = await scene();
    const [byThread, byTask] = [await handler('THREAD_EXCEPTION'), await handler('TASK_EXCEPTION')];
    await go();
    lab.rest();
    const raised = host.sys.poll(byThread);
    expect(raised).toMatchObject({
      id: 2400,
      body: { exception: 'EXC_BAD_ACCESS', code: 'KERN_INVALID_ADDRESS', subcode: ADDRESS },
    });
    expect(host.sys.poll(byTask)).toBeNull();
    answer(host, raised, 'KERN_FAILURE');
    expect(isDead(host, task)).toBe(false);
    answer(host, host.sys.poll(byTask), 'KERN_FAILURE');
    expect(isDead(host, task)).toBe(true);
  });

  it('that is handled lets the thread try again', async () => {
    const { lab, host, task, thread, handler, go } = await scene();
    const port = await handler('TASK_EXCEPTION');
    await go();
    lab.rest();
    const raised = host.sys.poll(port);
    await host.kernelCall(task, { op: 'vm_allocate', address: ADDRESS, size: 4096, anywhere: false });
    answer(host, raised, 'KERN_SUCCESS');
    lab.rest();
    expect(await host.kernelCall(thread, { op: 'thread_get_state', flavor: 'program' })).toMatchObject({
      state: { at: 'done' },
    });
  });

  it('is refused by a reply that is not exactly as the interface says, or by none', async () => {
    for (const spoil of ['rights', 'id', 'none']) {
      const { lab, host, task, handler, go } = await scene();
      const port = await handler('TASK_EXCEPTION');
      await go();
      lab.rest();
      const raised = host.sys.poll(port);
      const descriptors = [{ kind: 'port', name: port, disposition: MAKE_SEND } as const];
      if (spoil === 'rights') answer(host, raised, 'KERN_SUCCESS', { descriptors });
      else if (spoil === 'id') answer(host, raised, 'KERN_SUCCESS', { id: 2501 });
      else host.call({ op: 'port_deallocate', name: raised?.remote ?? portName(0) });
      expect(isDead(host, task)).toBe(true);
    }
  });

  it('that is aborted is raised again, and the answer to the first one counts for nothing', async () => {
    const { lab, host, task, thread, handler, go } = await scene();
    const port = await handler('TASK_EXCEPTION');
    await go();
    lab.rest();
    const first = host.sys.poll(port);
    await host.kernelCall(thread, { op: 'thread_abort' });
    lab.rest();
    const second = host.sys.poll(port);
    answer(host, first, 'KERN_FAILURE');
    expect(isDead(host, task)).toBe(false);
    answer(host, second, 'KERN_FAILURE');
    expect(isDead(host, task)).toBe(true);
  });
});
