/** The calls of a shape as messages to a server: each is one `rpc`. */
import type { Msg, SendRight, Sys } from 'portolan/resumable';
import type { Stage } from './stage.program.ts';
import { taken, write } from './values.program.ts';

/** The server of the calls. */
export type Questions = SendRight<Msg<{ id: 1; body: string; answer: string }>>;

/** The probe of a compiled shape. It moves with its task. */
export class KernelProbe implements Stage {
  readonly sys: Sys;
  readonly service: Questions;

  constructor(sys: Sys, service: Questions) {
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
    const { body } = await this.sys.rpc(this.service, text, { id: 1 });
    return taken(body);
  }
}
