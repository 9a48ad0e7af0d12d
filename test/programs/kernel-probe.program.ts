/** The calls of a shape as messages to a server: each is one `rpc`, on a reply port that no other call waits at. */
import type { Sys } from 'portolan/resumable';
import type { Stage } from './stage.program.ts';
import { taken, write } from './values.program.ts';

const COPY_SEND = 19;
const MAKE_SEND_ONCE = 21;

/** The probe of a compiled shape. It moves with its task. */
export class KernelProbe implements Stage {
  readonly sys: Sys;
  readonly service: number;
  /** Reply ports that no call waits at now. */
  readonly free: number[] = [];

  constructor(sys: Sys, service: number) {
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
    const reply = this.free.pop() ?? (await this.port());
    const draft = {
      remote: this.service,
      remoteDisposition: COPY_SEND,
      local: reply,
      localDisposition: MAKE_SEND_ONCE,
      id: 1,
      body: text,
    };
    const { body } = await this.sys.rpc(draft, reply);
    this.free.push(reply);
    return taken(body as string);
  }

  async port(): Promise<number> {
    const { name } = await this.sys.call({ op: 'port_allocate', right: 'RECEIVE' });
    return name as number;
  }
}
