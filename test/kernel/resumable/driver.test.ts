import { describe, expect, it } from 'vitest';
import type { KernelRequest } from '../../../kernel/interface/calls.ts';
import { createTask, createThread } from '../../../kernel/lives.ts';
import { type MachineState, machine } from '../../../kernel/machine.ts';
import type { Fiber } from '../../../kernel/resumable/fiber.ts';
import { programOf } from '../../../kernel/resumable/program.ts';
import { spend } from '../../../kernel/resumable/register.ts';
import { SysError } from '../../../kernel/resumable/sys-error.ts';
import { stackOf } from '../../../kernel/resumable/trace.ts';
import { runKernel } from '../../../kernel/scheduler.ts';
import { portName } from '../../../ports/name.ts';
import { sys } from './bare-sys.ts';
import { end, go, handModule } from './hand.ts';
import { play } from './hand-scene.ts';

const allocate: KernelRequest = { op: 'port_allocate', right: 'RECEIVE' };

describe('a resumable program', () => {
  it('calls the kernel and its own functions, sleeps, and ends its task', () => {
    const log: unknown[] = [];
    const { define } = handModule('a.program.ts');
    const double = define(
      'double',
      ['n'],
      [() => sys.sleep(10), (locals, _, frame) => end(frame, (locals['n'] as number) * 2)],
    );
    const main = define(
      'main',
      ['sys', 'args'],
      [
        (locals) => log.push(Object.isFrozen(locals['sys']), locals['args']) && sys.call(allocate),
        (_, value) => log.push(value) && double(21),
        (_, value, frame) => end(frame, log.push(value, sys.now())),
      ],
    );
    const { lab, failures } = play(main, { args: 'given' });
    expect(log).toMatchObject([true, 'given', { kr: 'KERN_SUCCESS' }]);
    lab.advance(9);
    expect(log).toHaveLength(3);
    lab.advance(1);
    expect(log.slice(3)).toEqual([42, 10]);
    expect([failures(), lab.kernel.tasks.size]).toEqual([[], 0]);
  });

  it('goes on with what a function returns unawaited: a call, a frame, a future', () => {
    const log: unknown[] = [];
    const { define } = handModule('a');
    const inner = define('inner', [], [(_l, _v, frame) => end(frame, sys.call(allocate))]);
    const outer = define('outer', [], [(_l, _v, frame) => end(frame, inner())]);
    const main = define(
      'main',
      [],
      [outer, (_, value) => log.push(value) && sys.spawn(outer), (_, value, at) => end(at, log.push(value))],
    );
    expect(play(main).failures()).toEqual([]);
    expect(log).toMatchObject([{ kr: 'KERN_SUCCESS' }, { kr: 'KERN_SUCCESS' }]);
  });

  it('throws on what cannot be written to, as it is, and what looking at a value throws', () => {
    const { define } = handModule('a');
    const frozen = Object.freeze(new RangeError('ice'));
    const thrower = define(
      'thrower',
      [],
      [
        () => {
          throw frozen;
        },
      ],
    );
    const trap = Object.defineProperty({}, 'then', {
      get: () => {
        throw new RangeError('trap');
      },
    });
    expect(play(define('main', [], [thrower])).failures()[0]).toMatch(/^RangeError: ice/);
    expect(play(define('main', [], [() => trap])).failures()[0]).toMatch(/^RangeError: trap/);
  });

  it('is given a failed call as a SysError that it can catch, with the lines that were waiting', () => {
    const caught: SysError[] = [];
    const { define } = handModule('a.program.ts');
    const inner = define('inner', [], [() => sys.receive(portName(77))]);
    const main = define(
      'main',
      [],
      [
        (locals) => {
          locals['catch'] = 1;
          return inner();
        },
        (_, thrown, frame) => end(frame, caught.push(thrown)),
      ],
    );
    expect(play(main).failures()).toEqual([]);
    expect(caught[0]).toBeInstanceOf(SysError);
    expect(caught[0]).toMatchObject({ code: 'MACH_RCV_INVALID_NAME', call: 'receive' });
    expect(caught[0]?.stack).toBe(
      'SysError: receive: MACH_RCV_INVALID_NAME\n    at async inner (a.program.ts:11:3)\n' +
        '    at async main (a.program.ts:21:3)',
    );
  });

  it('ends its thread by what it throws, and says where: each caller once', () => {
    const { define } = handModule('a.program.ts');
    const broken = define(
      'broken',
      [],
      [
        () => sys.yield(),
        () => {
          throw new RangeError('too far');
        },
      ],
    );
    const middle = define('middle', [], [() => broken()]);
    const main = define('main', [], [() => middle()]);
    const { failures, lab } = play(main);
    const [why = ''] = failures();
    expect(why).toMatch(/^RangeError: too far\n {4}at /);
    expect(why.split('\n').slice(-2)).toEqual([
      '    at async middle (a.program.ts:21:3)',
      '    at async main (a.program.ts:31:3)',
    ]);
    expect(why.match(/at async/g)).toHaveLength(2);
    expect(lab.kernel.tasks.size).toBe(0);
  });

  it('tells its logical stack while it waits', () => {
    const { define } = handModule('a.program.ts');
    const inner = define('inner', [], [() => sys.sleep(5), () => sys.sleep(5)]);
    const main = define('main', [], [() => inner()]);
    const { root, lab } = play(main);
    const lines = (): number[] => stackOf(root.state as Fiber).map(({ line }) => line);
    expect(lines()).toEqual([11, 21]);
    lab.advance(5);
    expect(lines()).toEqual([12, 21]);
    expect(stackOf(root.state as Fiber)[0]).toEqual({ name: 'inner', file: 'a.program.ts', line: 12, column: 3 });
  });

  it('may be a thousand calls deep, and throws a RangeError at ten thousand', () => {
    const log: unknown[] = [];
    const { define } = handModule('a');
    const deep: (...args: unknown[]) => unknown = define(
      'deep',
      ['n'],
      [
        (locals) => (locals['n'] === 0 ? sys.sleep(1) : deep((locals['n'] as number) - 1)),
        (_, value, frame) => end(frame, ((value as number | undefined) ?? 0) + 1),
      ],
    );
    const main = define(
      'main',
      [],
      [
        () => deep(1000),
        (locals, value) => {
          log.push(value);
          locals['catch'] = 2;
          return deep(20_000);
        },
        (_, thrown, frame) => end(frame, log.push(String(thrown))),
      ],
    );
    const { root, lab } = play(main);
    expect((root.state as Fiber).stack).toHaveLength(1002);
    lab.advance(1);
    expect(log).toEqual([1001, 'RangeError: Maximum call stack size exceeded']);
  });

  it.each([
    ['a promise of the host', Promise.resolve(1)],
    // biome-ignore lint/suspicious/noThenProperty: this is what is refused
    ['anything with a then', { then: () => undefined }],
  ])('is refused %s', (_, promise) => {
    const { define } = handModule('a');
    expect(play(define('main', [], [() => promise])).failures()).toEqual([expect.stringContaining('E_NOT_AWAITABLE')]);
  });

  it('is refused a call that was awaited before', () => {
    const { define } = handModule('a');
    const other = define('other', [], [(_l, _v, frame) => end(frame, 1)]);
    const main = define(
      'main',
      [],
      [
        (locals) => {
          locals['kept'] = other();
          return locals['kept'];
        },
        (locals) => locals['kept'],
      ],
    );
    expect(play(main).failures()).toEqual([expect.stringContaining('awaited already')]);
  });

  it('is not made of what the compiler has not made', () => {
    const { define } = handModule('a');
    let hasRun = false;
    const native = async (): Promise<void> => {
      hasRun = true;
    };
    for (const main of [native, () => 1, Math.max, null as never, define('g', [], [], 'generator')]) {
      expect(() => programOf(main)).toThrow(expect.objectContaining({ code: 'E_NOT_COMPILED' }));
    }
    expect(hasRun).toBe(false);
  });

  it('is known by its module, and by its function unless that is main', () => {
    const { define } = handModule('a.program.ts');
    const one = programOf(define('main', [], []));
    const other = programOf(define('other', [], []));
    expect([one.name, other.name, one.hash]).toEqual(['a.program.ts', 'a.program.ts#other', one.module.hash]);
  });
});

describe('what is said at once', () => {
  it('time never goes back, nor do random numbers come again', () => {
    const log: number[] = [];
    const { define } = handModule('a');
    const main = define(
      'main',
      [],
      [() => sys.sleep(3), () => log.push(sys.now(), sys.random(), sys.random()) && sys.pause()],
    );
    const first = play(main);
    first.lab.advance(3);
    const { group } = first.root.state as Fiber;
    group.lastTime = 1000; // as after a move to a kernel whose clock began later
    const [now, ...random] = log;
    expect(now).toBe(3);
    expect(new Set(random).size).toBe(2);
    expect(random.every((each) => each >= 0 && each < 1)).toBe(true);
    log.length = 0;
    play(main).lab.advance(3);
    expect(log).toEqual([now, ...random]);
  });

  it('is asked by running programs only', () => {
    expect(() => sys.now()).toThrow(expect.objectContaining({ code: 'E_NOT_RUNNING' }));
    expect(() => sys.random()).toThrow(expect.objectContaining({ code: 'E_NOT_RUNNING' }));
    expect(() => sys.spawn(() => undefined)).toThrow(expect.objectContaining({ code: 'E_NOT_RUNNING' }));
  });
});

describe('a program that does not let go', () => {
  it('is thrown E_BUDGET out of a loop, at every turn of it', () => {
    const thrown: unknown[] = [];
    const { define } = handModule('a');
    const main = define(
      'main',
      [],
      [
        () => {
          for (let turn = 0; thrown.length < 3; turn += 1) {
            try {
              spend();
            } catch (error) {
              thrown.push(turn, (error as SysError).code);
            }
          }
          return sys.yield();
        },
        (_l, _v, frame) => end(frame, thrown.push(spend())),
      ],
    );
    expect(play(main, { options: { edgesMax: 4096 * 5 } }).failures()).toEqual([]);
    expect(thrown).toEqual([5, 'E_BUDGET', 6, 'E_BUDGET', 0]);
    expect(spend()).toBe(0); // nobody counts outside of a program
  });

  it.each([
    ['calls that are carried out in place', () => sys.poll(portName(5))],
    ['plain values', () => 1],
    ['its own functions', handModule('b').define('idle', [], [(_l, _v, frame) => end(frame, 1)])],
  ])('is made to give way when it awaits only %s', (_, what) => {
    const { define } = handModule('a');
    const main = define('main', [], [(_l, _v, frame) => go(frame, 0, what())]);
    const program = programOf(main);
    const { lab } = play(define('rest', [], []));
    let turns = 0;
    const other = machine<MachineState>({
      name: 'other',
      start: () => ({ at: 'turn' }),
      handlers: {
        turn: (its) => {
          turns += 1;
          its.yield();
        },
      },
    });
    createThread(createTask(lab.kernel, 'loop'), program, program.start(null));
    createThread(createTask(lab.kernel, 'other'), other, other.start(null));
    runKernel(lab.kernel, 1_000);
    expect(turns).toBeGreaterThan(5);
  });

  it('gives way at its next await once it has used an eighth of its edges', () => {
    const log: string[] = [];
    const { define } = handModule('a');
    const main = define(
      'main',
      [],
      [() => spend() + spend() || sys.poll(portName(5)), (_l, _v, frame) => end(frame, log.push('later'))],
    );
    const program = programOf(main, { edgesMax: 4096 * 8 });
    const { lab } = play(define('rest', [], []));
    createThread(createTask(lab.kernel, 'task'), program, program.start(null));
    expect(runKernel(lab.kernel, 1)).toBe(1);
    expect(log).toEqual([]);
    lab.rest();
    expect(log).toEqual(['later']);
  });
});
