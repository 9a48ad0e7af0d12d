import { describe, expect, it } from 'vitest';
import type { Thread } from '../../../kernel/kernel.ts';
import { terminateThread } from '../../../kernel/lives.ts';
import type { Fiber, Future } from '../../../kernel/resumable/fiber.ts';
import type { Frame } from '../../../kernel/resumable/frame.ts';
import { start, THREADS_MAX } from '../../../kernel/resumable/future.ts';
import { Join } from '../../../kernel/resumable/join.ts';
import type { SysError } from '../../../kernel/resumable/sys-error.ts';
import { stackOf } from '../../../kernel/resumable/trace.ts';
import { sys } from './bare-sys.ts';
import { end, handModule, type Locals, type Step } from './hand.ts';
import { play, type Scene } from './hand-scene.ts';

const log: unknown[] = [];
const { define } = handModule('fibers.program.ts');

/** Sleeps, says so, and answers its name; throws it instead if it is in capitals. */
const nap = define(
  'nap',
  ['ms', 'name'],
  [
    (locals) => log.push(`${locals['name']} begins`) && sys.sleep(locals['ms'] as number),
    ({ name }: Locals, _, frame) => {
      log.push(name);
      if (name === String(name).toUpperCase()) throw new Error(String(name));
      return end(frame, name);
    },
  ],
);
const quick = define('quick', ['value'], [(locals, _, frame) => end(frame, locals['value'])]);
const broken = define(
  'broken',
  ['why'],
  [
    (locals) => {
      throw new Error(String(locals['why']));
    },
  ],
);

/** Runs steps as a program; what its last step gets is in the log. */
const script = (...steps: readonly Step[]): Scene => {
  log.length = 0;
  return play(define('main', [], steps));
};
const told: Step = (_l, value, frame) => end(frame, log.push(value));
/** Awaits, and tells what it got or what was thrown. */
const tell = (what: () => unknown): Scene =>
  script(
    (locals) => {
      locals['catch'] = 1;
      return what();
    },
    (_l, value: unknown, frame) =>
      end(frame, log.push(value instanceof Error ? `${value.name} ${value.message}` : value)),
  );

describe('several awaited as one', () => {
  it('all: values in their order, calls and functions side by side', () => {
    const future = (): unknown => start(nap(2, 'kept'));
    const { lab } = tell(() =>
      Join.all([nap(3, 'slow'), 'plain', sys.poll(5 as never), nap(1, 'fast'), future(), quick(6)]),
    );
    expect(log).toEqual(['kept begins', 'slow begins', 'fast begins']);
    lab.advance(1);
    lab.advance(1);
    lab.advance(1);
    expect(log.slice(3)).toEqual(['fast', 'kept', 'slow', ['slow', 'plain', null, 'fast', 'kept', 6]]);
    expect(lab.kernel.tasks.size).toBe(0);
  });

  it('all: throws what is thrown first; the others run on', () => {
    const { lab, failures } = tell(() => Join.all([nap(1, 'A'), nap(2, 'b'), nap(3, 'C')]));
    lab.advance(1);
    expect(log.slice(3)).toEqual(['A', 'Error A']);
    lab.advance(1);
    lab.advance(1);
    expect(log.slice(5)).toEqual(['b', 'C']);
    expect([failures(), lab.kernel.tasks.size]).toEqual([[], 0]);
  });

  it('race: the first to settle, in the order of items if they are settled already', () => {
    const { lab } = tell(() => Join.race([nap(2, 'slow'), nap(1, 'fast')]));
    lab.advance(1);
    expect(log.slice(2)).toEqual(['fast', 'fast']);
    lab.advance(1);
    expect(log.slice(4)).toEqual(['slow']);
    tell(() => Join.race([nap(1, 'slow'), 1, 2]));
    expect(log.slice(1)).toEqual([1]);
    tell(() => Join.race([broken('first'), 2]));
    expect(log).toEqual(['Error first']);
    expect(tell(() => Join.race([])).task.threads.size).toBe(1);
  });

  it('any: the first value; all errors if there is none', () => {
    const { lab } = tell(() => Join.any([broken('no'), nap(2, 'b'), nap(1, 'A')]));
    lab.advance(1);
    lab.advance(1);
    expect(log.slice(2)).toEqual(['A', 'b', 'b']);
    tell(() => Join.any([broken('one'), Join.reject('two')]));
    expect(log).toEqual(['AggregateError All promises were rejected']);
    tell(() => Join.any([]));
    expect(log).toEqual(['AggregateError All promises were rejected']);
  });

  it('allSettled: what became of each', () => {
    const { lab } = tell(() => Join.allSettled([nap(1, 'A'), nap(2, 'b'), 3, Join.reject(4)]));
    lab.advance(1);
    lab.advance(1);
    expect(log.at(-1)).toMatchObject([
      { status: 'rejected', reason: { message: 'A' } },
      { status: 'fulfilled', value: 'b' },
      { status: 'fulfilled', value: 3 },
      { status: 'rejected', reason: 4 },
    ]);
  });

  it('nothing, one inside the other, and what is settled already', () => {
    tell(() => Join.all([]));
    expect(log).toEqual([[]]);
    tell(() => Join.all([Join.all([quick(1), 2]), Join.resolve(quick(3)), Join.resolve(Join.resolve(4))]));
    expect(log).toEqual([[[1, 2], 3, 4]]);
    tell(() => Join.reject(new Error('no')));
    expect(log).toEqual(['Error no']);
    tell(() => Join.all(new Set([quick(5)])));
    expect(log).toEqual([[5]]);
  });

  it('hundreds at once; beyond the limit of threads it is refused', () => {
    const naps = (count: number): Frame[] => Array.from({ length: count }, (_, i) => nap(1, `n${i}`));
    const { lab, task } = tell(() => Join.all(naps(300)));
    expect(task.threads.size).toBe(301);
    lab.advance(1);
    expect((log.at(-1) as string[])[299]).toBe('n299');
    const crowd = script(() => Join.all(Array.from({ length: THREADS_MAX }, () => sys.pause())));
    expect(crowd.failures()).toEqual([expect.stringContaining('KERN_RESOURCE_SHORTAGE')]);
  });
});

describe('a call that is not awaited at once', () => {
  it('runs to its first kernel call at once, and makes it before its caller goes on', () => {
    const { lab } = script(
      (locals) => {
        locals['future'] = start(nap(1, 'one'));
        log.push('caller');
        return locals['future'];
      },
      (locals, value) => log.push(value) && locals['future'],
      told,
    );
    expect(log).toEqual(['one begins', 'caller']);
    lab.advance(1);
    expect(log.slice(2)).toEqual(['one', 'one', 'one']);
  });

  it('needs no thread if it does not wait, and throws only where it is awaited', () => {
    const { failures } = script(
      (locals) => {
        locals['catch'] = 1;
        const future = start(broken('later'));
        log.push('goes on');
        return future;
      },
      (_l, error: Error, frame) => end(frame, log.push(error.message)),
    );
    expect([log, failures()]).toEqual([['goes on', 'later'], []]);
  });

  it('passes through what is no call', () => {
    script((_l, _v, frame) => end(frame, log.push(start(1), start(null), start('a'))));
    expect(log).toEqual([1, null, 'a']);
  });

  it('outlives its caller, whose task goes on until its last thread ends', () => {
    const { lab } = script((_l, _v, frame) => {
      start(nap(5, 'child'));
      return end(frame);
    });
    expect(lab.kernel.tasks.size).toBe(1);
    lab.advance(5);
    expect([log, lab.kernel.tasks.size]).toEqual([['child begins', 'child'], 0]);
  });

  it('takes turns with others at every await', () => {
    const steps = (name: string): Step[] => [1, 2, 3].map((i) => () => log.push(name + i) && sys.poll(1 as never));
    const a = define('a', [], steps('a'));
    const b = define('b', [], steps('b'));
    script(() => Join.all([a(), b()]), told);
    expect(log).toEqual(['a1', 'b1', 'a2', 'b2', 'a3', 'b3', [undefined, undefined]]);
  });

  it('that fails unheard ends its thread with a word in the ring of lives, and its caller goes on', () => {
    const { lab, failures } = script(
      () => {
        start(nap(1, 'A'));
        return sys.sleep(2);
      },
      (_l, _v, frame) => end(frame, log.push('caller')),
    );
    lab.advance(1);
    expect(failures()).toEqual([expect.stringMatching(/^Error: A/)]);
    lab.advance(1);
    expect(log).toEqual(['A begins', 'A', 'caller']);
  });

  it('is known in stacks by those that wait for it', () => {
    const { task, failures, lab } = script(() => Join.all([nap(1, 'A')]));
    const child = [...task.threads][1]?.state as Fiber;
    expect(stackOf(child).map(({ name }) => name)).toEqual(['nap', 'main']);
    lab.advance(1);
    expect(failures()[0]).toMatch(/^Error: A\n[\s\S]*\n {4}at async main \(fibers\.program\.ts:\d+:3\)$/);
  });
});

describe('a thread of the program', () => {
  it('begins when it has its turn, and is awaited like any call', () => {
    const { lab } = script((locals) => {
      locals['worker'] = sys.spawn(nap, 1, 'worker');
      log.push('spawned');
      return locals['worker'];
    }, told);
    expect(log).toEqual(['spawned', 'worker begins']);
    lab.advance(1);
    expect(log.slice(2)).toEqual(['worker', 'worker']);
  });

  it('is made of a resumable function only', () => {
    const { failures } = script(() => sys.spawn(() => 1));
    expect(failures()).toEqual([expect.stringContaining('TypeError: spawn')]);
  });

  it('that exits leaves an error to those who wait', () => {
    const leaver = define('leaver', [], [() => sys.exit(), () => log.push('never')]);
    tell(() => sys.spawn(leaver));
    expect(log).toEqual([expect.stringContaining('E_EXITED')]);
  });

  it('ends the task when the last one exits', () => {
    const { lab } = script(() => sys.exit());
    expect(lab.kernel.tasks.size).toBe(0);
  });
});

describe('cancelling', () => {
  const patient = define(
    'patient',
    ['what'],
    [
      (locals) => {
        locals['catch'] = 1;
        return (locals['what'] as () => unknown)();
      },
      (_l, value: SysError | string, frame) =>
        end(frame, log.push(value instanceof Error ? `caught ${value.message}` : `got ${String(value)}`)),
    ],
  );
  const cancelAfter = (ms: number, what: () => unknown, reason?: unknown): Scene =>
    script(
      (locals) => {
        locals['future'] = start(patient(what));
        return sys.sleep(ms);
      },
      (locals) => {
        const { future } = locals as { future: Future };
        log.push(reason === undefined ? future.cancel() : future.cancel(reason));
        return future;
      },
      (locals, _v, frame) => end(frame, log.push((locals as { future: Future }).future.cancel())),
    );

  it.each<readonly [string, () => unknown]>([
    ['a sleep', () => sys.sleep(100)],
    ['a pause', () => sys.pause()],
    ['a future', () => start(nap(100, 'other'))],
    ['a join', () => Join.all([nap(100, 'other')])],
  ])('throws into %s', (_, what) => {
    const { lab } = cancelAfter(1, what);
    lab.advance(1);
    expect(log.filter((each) => each !== 'other begins')).toEqual([true, 'caught cancel: E_CANCELLED', false]);
  });

  it('throws into a receive, with any reason', () => {
    const waiter = define(
      'waiter',
      [],
      [() => sys.call({ op: 'port_allocate', right: 'RECEIVE' }), (_, { name }: { name: never }) => sys.receive(name)],
    );
    const { lab } = cancelAfter(1, () => waiter(), new Error('enough'));
    lab.advance(1);
    expect(log).toEqual([true, 'caught enough', false]);
  });

  it('of one that has its outcome already comes at its next wait', () => {
    const { lab } = script(
      (locals) => {
        const twice = define('twice', [], [() => sys.sleep(1), () => log.push('first is over') && sys.sleep(1)]);
        locals['future'] = start(twice());
        return sys.sleep(1);
      },
      (locals) => {
        const { future } = locals as { future: Future };
        locals['catch'] = 2;
        log.push(future.cancel());
        return future;
      },
      (_l, error: SysError, frame) => end(frame, log.push(error.code)),
    );
    lab.advance(1);
    lab.advance(1);
    expect(log).toContain(true);
    expect(log.at(-1)).toBe('E_CANCELLED');
  });

  it('of the loser of a race ends it', () => {
    const { lab } = script(
      (locals) => {
        locals['slow'] = start(nap(100, 'slow'));
        return Join.race([locals['slow'], nap(1, 'fast')]);
      },
      (locals, _v, frame) => {
        (locals['slow'] as Future).cancel();
        return end(frame);
      },
    );
    lab.advance(1);
    expect([log, lab.kernel.tasks.size]).toEqual([['slow begins', 'fast begins', 'fast'], 0]);
  });
});

describe('a failure that nobody awaits', () => {
  it('is none if somebody awaits it while others have their turn', () => {
    const { failures } = script(
      (locals) => {
        locals['future'] = start(broken('early'));
        locals['catch'] = 1;
        return locals['future'];
      },
      (_l, value: Error, frame) => end(frame, log.push(value.message)),
    );
    expect([log, failures()]).toEqual([['early'], []]);
  });

  it.each([
    ['at once', () => start(broken('lost'))],
    ['after a wait', () => start(nap(1, 'LOST'))],
  ])('is reported, and the task goes on (%s)', (_when, begin) => {
    const { failures, lab } = script(
      () => {
        begin();
        return sys.sleep(5);
      },
      (_l, _value, frame) => end(frame, log.push('goes on')),
    );
    lab.advance(1);
    expect(failures()).toEqual([expect.stringMatching(/^Error: lost/i)]);
    lab.advance(5);
    expect(log.at(-1)).toBe('goes on');
    expect(failures()).toHaveLength(1);
  });
});

describe('a thread that is terminated', () => {
  it.each([
    ['awaited', (future: unknown) => future],
    ['one of several', (future: unknown) => Join.all([future, nap(9, 'other')])],
  ])('is told to who waits for it (%s)', (_how, awaiting) => {
    const { lab, task, failures } = tell(() => awaiting(start(nap(50, 'never'))));
    const [, victim] = [...task.threads].filter(({ state }) => (state as Fiber).stack.length > 0);
    terminateThread(victim as Thread);
    lab.rest();
    expect(log.at(-1)).toMatch(/^SysError await: E_TERMINATED/);
    lab.advance(9);
    expect([failures(), lab.kernel.tasks.size]).toEqual([[], 0]);
  });
});
