/** The calls of a shape as messages to a server: each is one `rpc`. */
import type { Msg, SendRight, Sys } from 'portolan/resumable';
import type { Stage } from './stage.program.ts';
import { taken, write } from './values.program.ts';

/** What is said to the server: a call as text, answered by its outcome as text. */
export type Ask = Msg<{ body: string; answer: string }>;

/** The probe of a compiled shape. It moves with its task. */
export class KernelProbe implements Stage {
  readonly sys: Sys;
  readonly service: SendRight<Ask>;

  constructor(sys: Sys, service: SendRight<Ask>) {
    this.sys = sys;
    this.service = service;
  }

  async echo<T>(value: T): Promise<T> {
    return (await this.ask(write(['echo', value]))) as T;
  }

  async add(a: number, b: number): Promise<number> {
    return (await this.ask(write(['add', a, b]))) as number;
  }

  async fail(message: string): Promise<number> {
    return (await this.ask(write(['fail', message]))) as number;
  }

  async count(): Promise<number> {
    return (await this.ask(write(['count']))) as number;
  }

  async done(outcome: string): Promise<void> {
    await this.ask(write(['done', outcome]));
  }

  async ask(text: string): Promise<unknown> {
    const { body } = await this.sys.rpc(this.service, text);
    return taken(body as string);
  }
}
