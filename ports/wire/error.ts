/** What a peer sent cannot be read. The text says where and which rule, never what was there. */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly code = 'E_WIRE';
  /** The offset of the offence. */
  readonly at: number;
  readonly why: string;

  constructor(at: number, why: string) {
    super(`E_WIRE at byte ${at}: ${why}`);
    this.at = at;
    this.why = why;
  }
}
