/** What a program throws ends its thread and says why, whatever it is. */
import { describe, expect, it } from 'vitest';
import { bootKernel } from '../../kernel/boot.ts';
import { createTask, createThread } from '../../kernel/lives.ts';
import { machine } from '../../kernel/machine.ts';
import { runKernel } from '../../kernel/scheduler.ts';
import { tellThrown } from '../../kernel/tell-thrown.ts';

/** The last word of a task whose program throws what `make` makes. */
const wordsOf = (make: () => unknown): string => {
  const kernel = bootKernel({ node: 'here', clock: { now: () => 0 }, pump: { wanted: () => {}, deadline: () => {} } });
  const thrower = machine({
    name: 'thrower',
    start: () => ({ at: 'go' }),
    handlers: {
      go: () => {
        throw make();
      },
    },
  });
  const task = createTask(kernel, 'thrower');
  createThread(task, thrower, thrower.start(undefined));
  runKernel(kernel, 100);
  expect(task.isAlive).toBe(false);
  const failed = kernel.life.read().find(({ kind }) => kind === 'failed');
  return String(failed?.detail['why']);
};

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

const unreadable = (): Error =>
  Object.defineProperty(new Error('x'), 'stack', {
    get: () => {
      throw new Error('no');
    },
  });

describe('what a program throws', () => {
  it('is told with its causes', () => {
    const words = wordsOf(() => new Error('outer', { cause: new TypeError('inner', { cause: 'root' }) }));
    expect(words).toMatch(/^Error: outer\n {4}at .*\ncaused by TypeError: inner\n.*\ncaused by root$/s);
  });

  it.each([
    ['an error that cannot be read', unreadable, /^something that cannot be read/],
    ['a revoked proxy', revoked, /^something that cannot be read/],
    ['an object without a text', () => Object.create(null) as object, /^something that cannot be read/],
    ['a symbol', () => Symbol('s'), /^Symbol\(s\)$/],
    ['nothing', () => undefined, /^undefined$/],
    ['a frozen error', () => Object.freeze(new RangeError('ice')), /^RangeError: ice\n/],
  ])('is no matter for the kernel: %s', (_, make, words) => {
    expect(wordsOf(make)).toMatch(words);
  });

  it('is told to an end, and a recursion in one line', () => {
    const long = new Error('x'.repeat(100_000));
    expect(tellThrown(long).length).toBeLessThan(9000);
    const circle = new Error('one');
    circle.cause = new Error('two', { cause: circle });
    expect(tellThrown(circle).match(/caused by/g)).toHaveLength(1);
    const deep = new Error('deep');
    deep.stack = `Error: deep${'\n    at async down (a.ts:1:1)'.repeat(64)}\n    at async main (a.ts:2:2)`;
    expect(tellThrown(deep)).toBe('Error: deep\n    at async down (a.ts:1:1)  64 times\n    at async main (a.ts:2:2)');
  });
});
