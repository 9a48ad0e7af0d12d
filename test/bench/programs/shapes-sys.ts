/** The kernel calls that the shapes make: those of a resumable program, or of a kernel that answers at once. */

/** A message as the shapes read it. */
export interface BenchMessage {
  readonly reply: number;
  readonly id: number;
  readonly body: { readonly i: number };
}

/** See the head of this file. */
export interface BenchSys {
  poll(port: number): Promise<BenchMessage | null>;
  yield(): Promise<void>;
  sleep(ms: number): Promise<void>;
  receive(port: number): Promise<BenchMessage>;
  msg(call: object): Promise<BenchMessage>;
}
