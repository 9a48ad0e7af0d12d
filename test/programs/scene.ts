/**
 * A kernel with one task that plays a shape, and a host that serves its calls. Whenever the task waits it can be taken
 * apart: into bytes, and out of them again in this kernel or in another process.
 */
import type { HostTask } from '../../kernel/host-task.ts';
import type { TaskImage } from '../../kernel/interface/image.ts';
import type { Task } from '../../kernel/kernel.ts';
import { createTask, createThread, forgetDescribed, terminateTask } from '../../kernel/lives.ts';
import { attachMemory, attachTask, discardRights } from '../../kernel/move/attach.ts';
import { readTaskImage } from '../../kernel/move/check.ts';
import { detachTask } from '../../kernel/move/detach.ts';
import { blockersOf, freezeTask, thawTask } from '../../kernel/move/freeze.ts';
import { RightsIn } from '../../kernel/move/rights.ts';
import { freezeStates, thawStates } from '../../kernel/move/states.ts';
import type { Program } from '../../kernel/program.ts';
import { objectServer } from '../../kernel/serve/kernel-ports.ts';
import type { Body } from '../../ports/body.ts';
import { type PortName, portName } from '../../ports/name.ts';
import { type Carried, carry, insertRight } from '../../ports/name-calls.ts';
import type { Port } from '../../ports/port.ts';
import { MAKE_SEND, MAKE_SEND_ONCE, MOVE_RECEIVE, PORT_RECEIVE, PORT_SEND, PORT_SEND_ONCE } from '../../ports/right.ts';
import { decodeBody, encodeBody } from '../../ports/wire/codec.ts';
import { Lab } from '../support/one-kernel.ts';
import { Answers } from './answers.ts';

/** A call that has not been answered: what is asked, and the host's send-once right to its reply port. */
interface Asked {
  readonly text: string;
  readonly reply: PortName;
}

/** A task that waits, as data: its image, its rights by number of port, what it has asked, and what came before. */
export interface Frozen {
  readonly image: Uint8Array;
  readonly rights: readonly (readonly [port: number, type: number])[];
  readonly asked: readonly (readonly [text: string, port: number])[];
  readonly trace: readonly string[];
}

const SERVICE_PORT = 0;
const SERVICE_NAME: PortName = portName(0x1000);

/** Plays one shape. */
export class Scene {
  readonly answers: Answers;
  readonly #lab: Lab;
  readonly #host: HostTask;
  readonly #service: PortName;
  #task: Task;
  #asked: Asked[] = [];

  private constructor(program: Program, trace: readonly string[]) {
    this.#lab = new Lab(program);
    this.#lab.isStill = true;
    this.#host = this.#lab.host();
    this.#service = this.#host.allocate();
    this.answers = new Answers(trace);
    this.#task = createTask(this.#lab.kernel, 'shape');
  }

  /** A task that has run to its first call. */
  static begin(program: Program, shape: string): Scene {
    const scene = new Scene(program, []);
    insertRight(scene.#task.space, SERVICE_NAME, scene.#carried(scene.#service, MAKE_SEND));
    createThread(scene.#task, program, program.start({ shape, service: SERVICE_NAME }));
    scene.#rest();
    return scene;
  }

  /** A task that was frozen elsewhere, in a kernel of its own. */
  static revive(program: Program, frozen: Frozen): Scene {
    const scene = new Scene(program, frozen.trace);
    const names: PortName[] = [scene.#service];
    const nameOf = (port: number): PortName => (names[port] ??= scene.#host.allocate());
    scene.#asked = frozen.asked.map(([text, port]) => ({ text, reply: scene.#replyRight(nameOf(port)) }));
    const sends = frozen.rights.map(([port, type]) =>
      type === PORT_RECEIVE ? null : scene.#carried(nameOf(port), type === PORT_SEND ? MAKE_SEND : MAKE_SEND_ONCE),
    );
    const rights = frozen.rights.map(([port], at) => sends[at] ?? scene.#carried(nameOf(port), MOVE_RECEIVE));
    terminateTask(scene.#task);
    scene.#attach(program, frozen.image, rights);
    return scene;
  }

  /** True once nothing is asked any more. */
  get isOver(): boolean {
    return this.#asked.length === 0;
  }

  /** Why the task was ended by its kernel, if it was. */
  get trouble(): string {
    const events = this.#lab.kernel.life.read().slice(-4);
    return JSON.stringify(events);
  }

  /** Answers the oldest call, and lets the task go on to its next ones. */
  answer(): void {
    const next = this.#asked.shift();
    if (next === undefined) throw new Error('nothing is asked');
    const { text, reply } = next;
    const body = this.answers.answer(text);
    const code = this.#host.sys.send({ remote: reply, remoteDisposition: PORT_SEND_ONCE, id: 2, body });
    if (code !== 'MACH_MSG_SUCCESS') throw new Error(`the answer could not be sent: ${code}`);
    this.#rest();
  }

  /** Takes the task apart, into bytes and out of them, and lets it go on as a task of `program`. */
  hop(program: Program): void {
    const { bytes, rights } = this.#detach();
    this.#lab.kernel.programs.set(program.name, program);
    this.#attach(program, bytes, rights);
  }

  /** Takes the task apart, for good. */
  freeze(): Frozen {
    const service = this.#portOf(this.#service);
    const ports: Port[] = [service];
    const asked = this.#asked.map(({ text, reply }) => [text, numberOf(ports, this.#portOf(reply))] as const);
    const { bytes, rights } = this.#detach();
    return {
      image: bytes,
      rights: rights.map(({ port, type }) => [port === null ? SERVICE_PORT : numberOf(ports, port), type] as const),
      asked,
      trace: this.answers.trace,
    };
  }

  #detach(): { readonly bytes: Uint8Array; readonly rights: readonly Carried[] } {
    const { kernel } = this.#lab;
    const blockers = blockersOf(this.#task);
    if (blockers.length > 0) throw new Error(`the task cannot be frozen: ${blockers.join(', ')}`);
    freezeTask(kernel, this.#task);
    const states = freezeStates(this.#task);
    if (!('heaps' in states)) throw new Error(`the task cannot be data: ${states.join(', ')}`);
    const { image, rights } = detachTask(kernel, this.#task, states);
    const bytes = encodeBody(image as unknown as Body);
    terminateTask(this.#task);
    return { bytes, rights };
  }

  #attach(program: Program, bytes: Uint8Array, carried: readonly Carried[]): void {
    const { kernel } = this.#lab;
    kernel.programs.set(program.name, program);
    const image: TaskImage | string = readTaskImage(decodeBody(bytes));
    if (typeof image === 'string') throw new Error(`the image is none: ${image}`);
    const states = thawStates(kernel, image);
    if (typeof states === 'string') throw new Error(`the image is refused: ${states}`);
    const rights = new RightsIn(carried);
    this.#task = createTask(kernel, image.name, { identity: image.identity });
    attachMemory(kernel, this.#task, image.memory, rights);
    attachTask(kernel, this.#task, { image, states }, rights, objectServer);
    discardRights(kernel, rights);
    forgetDescribed(this.#task);
    thawTask(kernel, this.#task);
    this.#rest();
  }

  /** Runs the kernel until nothing is left to run, and hears what has been asked. */
  #rest(): void {
    this.#lab.rest();
    for (let next = this.#host.sys.poll(this.#service); next !== null; next = this.#host.sys.poll(this.#service)) {
      this.#asked.push({ text: next.body as string, reply: next.remote });
    }
  }

  #portOf(name: PortName): Port {
    const port = this.#host.task.space.lookup(name)?.port ?? null;
    if (port === null) throw new Error(`the host has no right ${name}`);
    return port;
  }

  #carried(name: PortName, disposition: number): Carried {
    const right = carry(this.#host.task.space, name, disposition);
    if (typeof right === 'string') throw new Error(`right ${name} cannot be carried: ${right}`);
    return right;
  }

  #replyRight(name: PortName): PortName {
    const { space } = this.#host.task;
    const right = this.#carried(name, MAKE_SEND_ONCE);
    for (let at = 0x4000; ; at += 1) {
      if (space.lookup(portName(at)) !== undefined) continue;
      if (insertRight(space, portName(at), right) === 'KERN_SUCCESS') return portName(at);
    }
  }
}

const numberOf = (ports: Port[], port: Port): number => {
  const at = ports.indexOf(port);
  return at < 0 ? ports.push(port) - 1 : at;
};
