/** Kernel calls as data: `sys.receive(port)` makes one, and awaiting it carries it out. */
import { Awaitable } from './frame.ts';

/** Calls that a thread may park in. */
export type ParkedOp = 'receive' | 'send' | 'rpc' | 'msg' | 'kernelCall' | 'sleep' | 'pause' | 'yield' | 'exit';

/** A kernel call that has not been carried out. Plain data but for a callback of `vm.window`. */
export class KCall extends Awaitable {
  /** A name of the table in `ops.ts`. */
  readonly op: string;
  readonly a: unknown;
  readonly b: unknown;
  readonly c: unknown;

  constructor(op: string, a: unknown, b: unknown, c: unknown) {
    super();
    this.op = op;
    this.a = a;
    this.b = b;
    this.c = c;
  }
}
