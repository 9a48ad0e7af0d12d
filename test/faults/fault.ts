/** What a planted fault is: a change of the text of one file, made while the file is loaded and nowhere else. */

/** What a fault does harm to. */
export type Harm =
  | 'rights'
  | 'queues'
  | 'notifications'
  | 'copy-on-write'
  | 'forwarding'
  | 'commit'
  | 'page service'
  | 'sessions'
  | 'ports in transit'
  | 'programs';

/** One planted fault. */
export interface Fault {
  readonly name: string;
  readonly harm: Harm;
  /** The file, from the root of the project. */
  readonly file: string;
  /** Text that stands in the file exactly once, and what stands there with the fault in it. */
  readonly text: string;
  readonly planted: string;
  /** The test that must fail: its file, and its full name as the runner prints it, joined by spaces. */
  readonly caughtIn: string;
  readonly caughtBy: string;
}
