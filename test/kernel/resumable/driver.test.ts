import { describe, expect, it } from 'vitest';
import { createTask, createThread } from '../../../kernel/lives.ts';
import { programOf } from '../../../kernel/resumable/program.ts';
import { sys } from '../../../kernel/resumable/sys.ts';
import { Lab } from '../../support/one-kernel.ts';
import { end, handModule } from './hand.ts';

const run = (main: (...args: unknown[]) => unknown, args: unknown = null): { lab: Lab; failures: () => string[] } => {
  const program = programOf(main);
  const lab = new Lab(program);
  lab.isStill = true;
  createThread(createTask(lab.kernel, 'task'), program, program.start(args));
  lab.rest();
  const failures = (): string[] =>
    lab.kernel.life
      .read()
      .filter(({ kind }) => kind === 'failed')
      .map(({ detail }) => String(detail['why']));
  return { lab, failures };
};

describe('a resumable program', () => {
  it('calls, sleeps and ends', () => {
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
        () => sys.call({ op: 'port_allocate', right: 'RECEIVE' }),
        (_locals, value) => {
          log.push(value);
          return double(21);
        },
        (_locals, value, frame) => {
          log.push(value, sys.now());
          return end(frame);
        },
      ],
    );
    const { lab, failures } = run(main);
    expect(log).toMatchObject([{ kr: 'KERN_SUCCESS' }]);
    lab.advance(10);
    expect(failures()).toEqual([]);
    expect(log.slice(1)).toEqual([42, 10]);
    expect(lab.kernel.tasks.size).toBe(0);
  });
});
