/** What a kernel call throws inside a resumable program. */

/** A loop went on for too long between two kernel calls. */
export const E_BUDGET = 'E_BUDGET';
/** The code was compiled for another version of the runtime. */
export const E_ABI = 'E_ABI';
/** The fiber was told to stop (`future.cancel`). */
export const E_CANCELLED = 'E_CANCELLED';
/** What was awaited cannot be: a promise of the host, or a call that has been awaited before. */
export const E_NOT_AWAITABLE = 'E_NOT_AWAITABLE';
/** `programOf` was given something that the compiler has not made. */
export const E_NOT_COMPILED = 'E_NOT_COMPILED';
/** Something was asked for that only a running program may ask for. */
export const E_NOT_RUNNING = 'E_NOT_RUNNING';
/** The thread ended by `sys.exit` while others waited for it. */
export const E_EXITED = 'E_EXITED';
/** The thread was terminated (`thread_terminate`) while others waited for it. */
export const E_TERMINATED = 'E_TERMINATED';
/** Memory was touched outside a kernel call. */
export const E_STALE_WINDOW = 'E_STALE_WINDOW';

/** A kernel call failed. `code` is Mach's code, or one of the `E_*` above; `call` is the call; `why` says more. */
export class SysError extends Error {
  override readonly name = 'SysError';
  readonly code: string | number;
  readonly call: string;
  readonly why: string | null;
  /** What came with the failure: `returned`, the message that was not sent; `size` and `local` of one too large. */
  readonly detail: Readonly<Record<string, unknown>> | null;

  constructor(
    code: string | number,
    call: string,
    why: string | null = null,
    detail: Readonly<Record<string, unknown>> | null = null,
  ) {
    super(`${call}: ${code}${why === null ? '' : ` (${why})`}`);
    this.code = code;
    this.call = call;
    this.why = why;
    this.detail = detail;
  }
}
