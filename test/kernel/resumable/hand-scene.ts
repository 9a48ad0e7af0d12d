/** One kernel, one task, one hand-written program; time stands until the test moves it. */
import type { Task, Thread } from '../../../kernel/kernel.ts';
import { createTask, createThread } from '../../../kernel/lives.ts';
import { type ProgramOptions, programOf, type ResumableMain } from '../../../kernel/resumable/program.ts';
import { Lab } from '../../support/one-kernel.ts';

/** A program that has been started and has run as far as it could. */
export interface Scene {
  readonly lab: Lab;
  readonly task: Task;
  readonly root: Thread;
  /** What programs that failed have thrown: stacks. */
  readonly failures: () => string[];
}

/** Starts `main` in a task of its own; `prepare` may do something to it before its first step. */
export const play = (
  main: ResumableMain,
  {
    args = null,
    options = {},
    prepare,
  }: { args?: unknown; options?: ProgramOptions; prepare?: (task: Task) => void } = {},
): Scene => {
  const program = programOf(main, options);
  const lab = new Lab(program);
  lab.isStill = true;
  const task = createTask(lab.kernel, 'task');
  prepare?.(task);
  const root = createThread(task, program, program.start(args));
  lab.rest();
  const failures = (): string[] =>
    lab.kernel.life
      .read()
      .filter(({ kind }) => kind === 'failed')
      .map(({ detail }) => String(detail['why']));
  return { lab, task, root, failures };
};
