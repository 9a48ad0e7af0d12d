import { describe, expect, it } from 'vitest';
import { LOCAL_TEXT_MAX } from '../../kernel/interface/inspect.ts';
import { createTask, createThread } from '../../kernel/lives.ts';
import { machine } from '../../kernel/machine.ts';
import { render } from '../../kernel/render.ts';
import { Frame } from '../../kernel/resumable/frame.ts';
import { module as newModule } from '../../kernel/resumable/module.ts';
import { programOf } from '../../kernel/resumable/program.ts';
import { sys as calls } from '../../kernel/resumable/sys/sys.ts';
import type { PortName } from '../../ports/name.ts';
import { Lab, nameOf, spawn } from './../support/one-kernel.ts';

interface Waiting {
  at: string;
  inbox: PortName;
  readonly words: string[];
}

const waiter = machine<Waiting>({
  name: 'waiter',
  start: () => ({ at: 'begin', inbox: 0 as PortName, words: Array.from({ length: 50 }, (_, at) => `word ${at}`) }),
  handlers: {
    begin(sys, s) {
      s.inbox = sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName;
      s.at = 'served';
      sys.receive(s.inbox, { timeoutMs: 500 });
    },
    served: (sys) => sys.exit(),
  },
});

/** As the compiler writes them: `main` calls `inner`, which sleeps in a loop; `shared` is captured by a closure. */
const module = newModule({ abi: 1, id: 'nest', hash: 'a'.repeat(64), file: 'nest.program.ts' });
class Inner extends Frame {
  n: unknown = undefined;
  $t1: unknown = undefined;
  $s1: unknown = undefined;
  override $step(): unknown {
    this.$n = 1;
    this.$s1 = { shared: new Map([[1, 2]]) };
    return calls.sleep(70);
  }
}
class Main extends Frame {
  total: unknown = undefined;
  override $step(): unknown {
    this.$n = 1;
    this.total = 6;
    const inner = new Inner();
    inner.n = 3;
    return inner;
  }
}
module.frame(1, Inner, {
  name: 'inner',
  kind: 'async',
  line: 1,
  column: 1,
  slots: ['n', '$t1', '$s1'],
  live: [[0], [0, 1, 2]],
  places: [
    [1, 1],
    [4, 11],
  ],
  names: { n: 'count' },
});
module.frame(2, Main, {
  name: 'main',
  kind: 'async',
  line: 9,
  column: 1,
  slots: ['total'],
  live: [[], [0]],
  places: [
    [9, 1],
    [12, 9],
  ],
});
const nested = programOf(() => new Main());

describe('a thread at rest', () => {
  it('that is a machine tells its handler, what it waits for, how long, and its state', async () => {
    const lab = new Lab(waiter);
    const host = lab.host();
    const { thread, go } = await spawn(host, waiter);
    await go();
    lab.advance(120);
    const stack = await host.kernelCall(thread, { op: 'thread_get_stack' });
    const { calls, waits } = stack as unknown as { calls: unknown; waits: { port: number } };
    expect(stack).toMatchObject({ kr: 'KERN_SUCCESS', program: 'waiter', run: 'waiting', more: 0 });
    expect(calls).toEqual([{ name: 'served', file: null, line: null, column: null }]);
    expect(waits).toEqual({ call: 'receive', port: expect.any(Number), remainingMs: 380 });
    const { locals } = await host.kernelCall(thread, { op: 'thread_get_locals', frame: 0 });
    expect(locals).toEqual([
      { name: 'at', text: '"served"' },
      { name: 'inbox', text: `${waits.port} (name: receive)` },
      { name: 'words', text: expect.stringMatching(/^Array\(50\) \["word 0", .*, …\]$/) },
    ]);
  });

  it('that is resumable tells each call with its place, and variables by their source names', () => {
    const lab = new Lab(nested);
    const host = lab.host();
    const task = createTask(lab.kernel, 'nested');
    createThread(task, nested, nested.start(null));
    lab.rest();
    lab.advance(20);
    const [thread] = task.threads;
    const ask = (request: Parameters<typeof host.call>[0]) =>
      thread === undefined ? null : lab.kernel.serve(task, thread, request, []).fields;
    expect(ask({ op: 'thread_get_stack' })).toMatchObject({
      calls: [
        { name: 'inner', file: 'nest.program.ts', line: 4, column: 11 },
        { name: 'main', file: 'nest.program.ts', line: 12, column: 9 },
      ],
      waits: { remainingMs: 50 },
    });
    const locals = (frame: number): unknown => ask({ op: 'thread_get_locals', frame })?.['locals'];
    expect(locals(0)).toEqual([
      { name: 'count', text: '3' },
      { name: 'shared', text: 'Map(1)' },
    ]);
    expect(locals(1)).toEqual([{ name: 'total', text: '6' }]);
    expect(locals(2)).toBeUndefined();
  });

  it('tells the same while its task is frozen', async () => {
    const lab = new Lab(waiter);
    const host = lab.host();
    const { task, thread, go } = await spawn(host, waiter);
    await go();
    const before = await host.kernelCall(thread, { op: 'thread_get_stack' });
    expect((await host.kernelCall(task, { op: 'task_freeze' })).kr).toBe('KERN_SUCCESS');
    expect(await host.kernelCall(thread, { op: 'thread_get_stack' })).toEqual(before);
    expect(await host.kernelCall(thread, { op: 'thread_get_locals', frame: 0 })).toMatchObject({ more: 0 });
  });

  it('is refused for a call that is not there, and of a thread on itself', async () => {
    const lab = new Lab(waiter);
    const host = lab.host();
    const { thread, go } = await spawn(host, waiter);
    await go();
    expect((await host.kernelCall(thread, { op: 'thread_get_locals', frame: 7 })).kr).toBe('KERN_INVALID_ARGUMENT');
    expect((await host.kernelCall(thread, { op: 'thread_get_locals', frame: -1 })).kr).toBe('KERN_INVALID_ARGUMENT');
    const own = nameOf(host.call({ op: 'task_self' }));
    expect((await host.kernelCall(own, { op: 'thread_get_stack' })).kr).toBe('KERN_INVALID_ARGUMENT');
  });
});

describe('a value in short', () => {
  const text = (value: unknown): string => render(value, () => null);

  it.each([
    [-0, '-0'],
    [12n, '12n'],
    ['a "b"', '"a \\"b\\""'],
    [undefined, 'undefined'],
    [new Set([1]), 'Set(1)'],
    [new Float64Array(1000), 'Float64Array(8000 bytes)'],
    [new RangeError('no'), 'RangeError: no'],
    [{ a: 1, b: { c: { d: { e: 1 } } } }, '{ a: 1, b: { c: {… 1} } }'],
    [Object.assign(new Array(3), { 0: 1, 2: 3 }), '[1, , 3]'],
    [{}, '{}'],
  ])('%s is shown as %s', (value, shown) => {
    expect(text(value)).toBe(shown);
  });

  it('has a size in place of what is heavy, and never more than so many characters', () => {
    expect(text('x'.repeat(5000))).toMatch(/… \(5000 characters\)$/);
    expect(text(Array.from({ length: 9 }, () => 'y'.repeat(90))).length).toBe(LOCAL_TEXT_MAX);
  });

  it('runs nothing of what it shows', () => {
    const trap = () => {
      throw new Error('it was run');
    };
    const hostile = Object.defineProperties({ toString: trap, toJSON: trap }, { a: { get: trap, enumerable: true } });
    expect(text(hostile)).toContain('a: accessor');
    expect(
      text(
        Object.assign(
          Object.create({
            get constructor() {
              return trap();
            },
          }),
          { b: 1 },
        ),
      ),
    ).toContain('b: 1');
  });
});
