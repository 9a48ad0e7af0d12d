/** Kernels in which the shapes run: compiled programs, and machines that make the same calls. */
import { bootKernel } from '../../../kernel/boot.ts';
import type { Kernel, Task } from '../../../kernel/kernel.ts';
import { createTask, createThread } from '../../../kernel/lives.ts';
import { machine } from '../../../kernel/machine.ts';
import type { Program } from '../../../kernel/program.ts';
import { programOf, type ResumableMain } from '../../../kernel/resumable/program.ts';
import { runKernel } from '../../../kernel/scheduler.ts';
import type { PortName } from '../../../ports/name.ts';
import { allocate, carry, land } from '../../../ports/name-calls.ts';
import { COPY_SEND, MAKE_SEND, MAKE_SEND_ONCE, MOVE_SEND_ONCE } from '../../../ports/right.ts';

const newKernel = (): Kernel =>
  bootKernel({
    node: 'bench',
    clock: { now: () => performance.now() },
    pump: { wanted: () => undefined, deadline: () => undefined },
    eventsMax: 0,
  });

const right = <T>(result: T | string): T => {
  if (typeof result === 'string') throw new Error(result);
  return result;
};

const run = (kernel: Kernel, task: Task): void => {
  while (task.isAlive) if (runKernel(kernel, 1 << 20) === 0) throw new Error('the program waits for ever');
  const failed = kernel.life.read().find(({ kind }) => kind === 'failed');
  if (failed !== undefined) throw new Error(String(failed.detail['why']));
};

/** Runs a program that is asked `n` times, or makes `n` calls of its own. */
const perform = (program: Program, shape: string, n: number): void => {
  const kernel = newKernel();
  const task = createTask(kernel, shape);
  const port = right(allocate(task.space, 'RECEIVE')) as PortName;
  let server: PortName = port;
  if (shape === 'client') {
    const other = createTask(kernel, 'server');
    const inbox = right(allocate(other.space, 'RECEIVE')) as PortName;
    server = right(land(task.space, right(carry(other.space, inbox, MAKE_SEND)))) as PortName;
    createThread(other, program, program.start({ shape: 'serve', n, port: inbox, server: inbox }));
  }
  createThread(task, program, program.start({ shape, n, port, server }));
  run(kernel, task);
};

/** The size of a thread as data, and how long it takes to become that and to come back. */
export interface ImageFigures {
  readonly bytes: number;
  readonly encodeMs: readonly number[];
  readonly decodeMs: readonly number[];
}

/** Compiled shapes on a kernel. */
export class CompiledWorld {
  readonly #program: Program;

  constructor(main: unknown) {
    this.#program = programOf(main as ResumableMain, { name: 'shapes' });
  }

  run(shape: string, n: number): void {
    perform(this.#program, shape, n);
  }

  /** A thread that waits in a shape, made data and made anew `rounds` times. */
  image(shape: string, n: number, rounds: number): ImageFigures {
    const kernel = newKernel();
    const program = this.#program;
    const thread = createThread(createTask(kernel, shape), program, program.start({ shape, n, port: 0, server: 0 }));
    runKernel(kernel, 1 << 16);
    const codec = program.image;
    if (codec === undefined || thread.run !== 'waiting') throw new Error(`${shape} does not wait`);
    const [encodeMs, decodeMs]: [number[], number[]] = [[], []];
    let bytes = 0;
    for (let round = 0; round < rounds; round += 1) {
      const from = performance.now();
      const frozen = codec.encode([program], [thread.state]);
      const between = performance.now();
      if (frozen.kind !== 'frozen') throw new Error(frozen.why);
      const thawed = codec.decode([program], frozen.heap);
      decodeMs.push(performance.now() - between);
      encodeMs.push(between - from);
      if (typeof thawed === 'string') throw new Error(thawed);
      bytes = frozen.bytes;
    }
    return { bytes, encodeMs, decodeMs };
  }
}

interface State {
  at: string;
  readonly n: number;
  readonly port: PortName;
  readonly server: PortName;
  i: number;
  sum: number;
}

type Arguments = Pick<State, 'n' | 'port' | 'server'> & { readonly shape: string };

/** Every shape as a machine writes it: those that only differ in how a function is written are one handler. */
const shapes = machine<State, Arguments>({
  name: 'shapes',
  start: ({ shape, n, port, server }) => ({ at: shape, n, port, server, i: 0, sum: 0 }),
  handlers: {
    plain(sys, s) {
      for (; s.i < s.n; s.i += 1) if (sys.poll(s.port) === null) s.sum += s.i;
      sys.exit();
    },
    parked(sys, s) {
      if (s.i === s.n) return sys.exit();
      s.i += 1;
      sys.yield();
    },
    client(sys, s, { message }) {
      if (s.i > 0) s.sum += (message?.body as { i: number }).i;
      if (s.i === s.n) return sys.exit();
      const body = { i: s.i };
      const rights = { remoteDisposition: COPY_SEND, local: s.port, localDisposition: MAKE_SEND_ONCE };
      s.i += 1;
      sys.rpc({ remote: s.server, ...rights, id: s.i, body }, s.port);
    },
    serve(sys, s) {
      s.at = 'answer';
      sys.receive(s.port);
    },
    answer(sys, s, { message }) {
      if (message !== null) {
        const { remote, id } = message;
        const body = { i: (message.body as { i: number }).i };
        sys.send({ remote, remoteDisposition: MOVE_SEND_ONCE, id: id + 100, body });
      }
      sys.receive(s.port);
    },
  },
});

/** Runs a shape as a machine. */
export const machineWorld = (shape: string, n: number): void => perform(shapes, shape, n);
