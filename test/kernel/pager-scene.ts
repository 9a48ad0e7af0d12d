/** A task that maps an object, and its pager, which is the test itself. */
import type { HostTask } from '../../kernel/host-task.ts';
import type { Answer, KernelRequest, MemoryRequest } from '../../kernel/interface/calls.ts';
import { type MachineState, machine } from '../../kernel/machine.ts';
import type { Program } from '../../kernel/program.ts';
import { type PortName, portName } from '../../ports/name.ts';
import type { Received } from '../../ports/port.ts';
import { COPY_SEND, MAKE_SEND, MAKE_SEND_ONCE } from '../../ports/right.ts';
import { Lab, nameOf, spawn } from '../support/one-kernel.ts';

export const PAGE = 4096;

/** A page full of one byte. */
export const pageOf = (byte: number, pages = 1): Uint8Array => new Uint8Array(pages * PAGE).fill(byte);

interface Hand extends MachineState {
  /** What it is to do, and with what. */
  request: KernelRequest | null;
  address: number;
  size: number;
  byte: number;
  remote: PortName;
  /** What came of it. */
  answer: unknown;
  turns: number;
}

/** Does one thing after the other, as it is told, and counts how often each is begun. */
export const hand: Program = machine<Hand>({
  name: 'hand',
  start: () => ({
    at: 'idle',
    request: null,
    address: 0,
    size: 0,
    byte: 0,
    remote: portName(0),
    answer: null,
    turns: 0,
  }),
  handlers: {
    idle: (sys) => sys.pause(),
    call: (sys, s) => {
      s.turns += 1;
      done(s, s.request === null ? null : sys.call(s.request));
      sys.pause();
    },
    peek: (sys, s) => {
      s.turns += 1;
      done(s, sys.vm.getU8(s.address));
      sys.pause();
    },
    poke: (sys, s) => {
      s.turns += 1;
      sys.vm.setU8(s.address, s.byte);
      done(s, 'done');
      sys.pause();
    },
    /** Adds one to every byte of a range: wrong if a fault could come in between. */
    rise: (sys, s) => {
      s.turns += 1;
      const opened = sys.vm.window({ address: s.address, size: s.size }, 'write');
      for (let at = 0; at < s.size; at += 1) opened.setU8(at, opened.getU8(at) + 1);
      done(
        s,
        opened.bytes((bytes) => [bytes[0], bytes.at(-1)]),
      );
      sys.pause();
    },
    /** Keeps a window over a call that copies its range. */
    keep: (sys, s) => {
      const opened = sys.vm.window({ address: s.address, size: s.size }, 'write');
      sys.call({ op: 'vm_copy', from: s.address, size: s.size, to: s.address + s.size });
      const before = opened.isFresh;
      opened.setU8(0, s.byte);
      done(s, [before, opened.isFresh, sys.vm.getU8(s.address), sys.vm.getU8(s.address + s.size)]);
      sys.pause();
    },
    send: (sys, s) => {
      s.turns += 1;
      s.at = 'sent';
      const memory = { kind: 'ool', address: s.address, size: s.size } as const;
      sys.msg({ send: { remote: s.remote, remoteDisposition: COPY_SEND, id: 1, descriptors: [memory] } });
    },
    sent: (sys, s, { kr }) => {
      done(s, kr);
      sys.pause();
    },
  },
});

const done = (s: Hand, answer: unknown): void => {
  s.answer = answer;
  s.at = 'idle';
};

/** The thread of a hand, as the test moves it. */
export class Mover {
  readonly lab: Lab;
  readonly host: HostTask;
  readonly task: PortName;
  readonly thread: PortName;

  constructor(lab: Lab, host: HostTask, task: PortName, thread: PortName) {
    this.lab = lab;
    this.host = host;
    this.task = task;
    this.thread = thread;
  }

  /** Lets it begin something. */
  async begin(what: Partial<Hand> & { readonly at: string }): Promise<void> {
    const value = { answer: null, turns: 0, ...what } as never;
    await this.host.kernelCall(this.thread, { op: 'thread_set_state', flavor: 'program', value });
    this.lab.rest();
  }

  /** What came of it; null while it is under way. */
  async answer(): Promise<unknown> {
    return (await this.state()).answer;
  }

  async state(): Promise<Hand> {
    const request = { op: 'thread_get_state', flavor: 'program' } as const;
    return (await this.host.kernelCall(this.thread, request))['state'] as Hand;
  }

  /** Begins something that ends at once. */
  async ask(what: Partial<Hand> & { readonly at: string }): Promise<unknown> {
    await this.begin(what);
    return this.answer();
  }

  /** A kernel call of the task on itself. */
  async call(request: KernelRequest): Promise<Answer> {
    return (await this.ask({ at: 'call', request })) as Answer;
  }

  /** Gives the task a send right to a port of the host, under a name that it answers. */
  async give(name: PortName): Promise<PortName> {
    const there = portName(0x1000 + name);
    const right = { name, disposition: MAKE_SEND };
    await this.host.kernelCall(this.task, { op: 'port_insert_right', name: there, right });
    return there;
  }
}

/** How a test maps an object. */
export const mapping = (
  object: PortName,
  pages: number,
  more: Partial<Extract<MemoryRequest, { op: 'vm_map' }>> = {},
): KernelRequest => ({
  op: 'vm_map',
  size: pages * PAGE,
  anywhere: true,
  offset: 0,
  copy: false,
  protection: 3,
  maxProtection: 7,
  inheritance: 'COPY',
  object: { name: object, disposition: COPY_SEND },
  ...more,
});

/** The pager of one object: what the kernel says to it, and the calls by which it answers. */
export class Pager {
  readonly host: HostTask;
  readonly port: PortName;
  readonly reply: PortName;
  control: PortName = portName(0);

  constructor(host: HostTask) {
    this.host = host;
    this.port = host.allocate();
    this.reply = host.allocate();
    host.call({ op: 'port_set_qlimit', name: this.port, qlimit: 64 });
  }

  /** The next message, or null. */
  take(port: PortName = this.port): Received | null {
    return this.host.sys.poll(port);
  }

  /** The numbers of all messages that there are. */
  ids(): number[] {
    const ids: number[] = [];
    for (let next = this.take(); next !== null; next = this.take()) ids.push(next.id);
    return ids;
  }

  /** Takes the first message, which tells of the control port. */
  meet(): Received {
    const init = this.take();
    if (init?.id !== 2200) throw new Error(`no init but ${init?.id}`);
    this.control = rightsOf(init)[0] ?? portName(0);
    return init;
  }

  /** A call on the control port. */
  async say(request: KernelRequest, control: PortName = this.control): Promise<string> {
    return (await this.host.kernelCall(control, request)).kr;
  }

  ready(copy_strategy: 'NONE' | 'CALL' | 'DELAY' = 'DELAY', may_cache = false): Promise<string> {
    return this.say({ op: 'memory_object_ready', may_cache, copy_strategy });
  }

  supply(page: number, byte: number, more: object = {}, control: PortName = this.control): Promise<string> {
    const request = { offset: page * PAGE, data: pageOf(byte), lock: 0, precious: false, ...more };
    return this.say({ op: 'memory_object_data_supply', ...request } as KernelRequest, control);
  }

  /** Whom to tell of a completion. */
  get onReply(): { readonly name: PortName; readonly disposition: number } {
    return { name: this.reply, disposition: MAKE_SEND_ONCE };
  }
}

/** The names of a message's rights. */
export const rightsOf = (message: Received | null): PortName[] =>
  (message?.items ?? []).flatMap((item) => (item.kind === 'port' ? [item.name] : []));

/** A hand, and a pager whose object it may map. */
export const pagedScene = async (): Promise<{
  readonly lab: Lab;
  readonly host: HostTask;
  readonly mover: Mover;
  readonly pager: Pager;
  readonly object: PortName;
}> => {
  const lab = new Lab(hand);
  const host = lab.host();
  const { task, thread, go } = await spawn(host, hand);
  await go();
  lab.rest();
  const mover = new Mover(lab, host, task, thread);
  const pager = new Pager(host);
  return { lab, host, mover, pager, object: await mover.give(pager.port) };
};

/** The same with `pages` mapped, and the pager ready. */
export const mappedScene = async (
  pages: number,
  strategy: 'NONE' | 'CALL' | 'DELAY' = 'DELAY',
): Promise<Awaited<ReturnType<typeof pagedScene>> & { readonly at: number }> => {
  const scene = await pagedScene();
  const at = (await scene.mover.call(mapping(scene.object, pages)))['address'] as number;
  scene.pager.meet();
  await scene.pager.ready(strategy);
  return { ...scene, at };
};

export { nameOf };
