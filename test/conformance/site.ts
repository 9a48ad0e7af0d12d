/**
 * One kernel of a setting, with the runner in it. Where a setting has several, each is equipped to talk to the others.
 */
import { bootKernel } from '../../kernel/boot.ts';
import { HostTask } from '../../kernel/host-task.ts';
import type { Kernel, Task } from '../../kernel/kernel.ts';
import { createTask, createThread } from '../../kernel/lives.ts';
import { runKernel } from '../../kernel/scheduler.ts';
import { MACH_PORT_NULL, type PortName } from '../../ports/name.ts';
import { allocate } from '../../ports/name-calls.ts';
import type { Profile } from '../../ports/profile.ts';
import { COPY_SEND, MAKE_SEND } from '../../ports/right.ts';
import { nameServer } from '../../servers/names/names.ts';
import { type Census as NetCensus, netService } from '../../servers/net/protocol.ts';
import { pass } from '../support/migration-scene.ts';
import { Equipment, type Surroundings } from './equipment.ts';
import { puppet } from './puppet.ts';
import { Stage } from './stage.ts';

/** Steps of one turn of the kernel. */
const TURN = 10_000;

/** See the head of this file. */
export class Site {
  readonly name: string;
  readonly kernel: Kernel;
  readonly stage: Stage;
  readonly #equipment: Equipment | null;
  /** Where rights for the runner come from the runners of other kernels. */
  readonly mailbox: PortName;
  isUp = true;
  #names: { readonly task: Task; readonly service: PortName } | null = null;

  constructor(name: string, now: () => number, profile: Profile, surroundings: Surroundings | null) {
    this.name = name;
    this.kernel = bootKernel({
      node: name,
      clock: { now },
      pump: { wanted: () => undefined, deadline: () => undefined },
      profile,
      eventsMax: 256,
    });
    this.kernel.programs.set(puppet.name, puppet);
    const runner = new HostTask(this.kernel, 'runner');
    this.stage = new Stage(this.kernel, runner, () => this.#rest());
    this.#equipment = surroundings === null ? null : new Equipment(this.stage, surroundings);
    this.mailbox = surroundings === null ? MACH_PORT_NULL : runner.allocate();
  }

  /** The servers of a kernel among others. */
  get equipment(): Equipment {
    if (this.#equipment === null) throw new Error(`${this.name} stands alone`);
    return this.#equipment;
  }

  get isAlone(): boolean {
    return this.#equipment === null;
  }

  /** Lets the kernel run for one turn. True if it did anything. */
  turn(): boolean {
    const ran = runKernel(this.kernel, TURN) > 0;
    if (this.#equipment?.isSound === false) throw new Error(`netmsg of ${this.name} has ended`);
    return ran;
  }

  #rest(): void {
    while (this.turn());
  }

  /** Registers what other kernels look up. */
  publish(nodeOf: (host: string) => string | 'here' | null): void {
    const { runner } = this.stage;
    const mail = runner.call({ op: 'port_insert_right', name: this.mailbox, right: rightTo(this.mailbox) });
    if (mail.kr !== 'KERN_SUCCESS') throw new Error(mail.kr);
    this.#checkIn(this.mailbox, 'runner');
    this.#checkIn(this.equipment.migrate, 'migration');
    this.startNames(nodeOf);
    const service = this.nameService();
    this.#checkIn(service, 'names');
    runner.call({ op: 'port_deallocate', name: service });
  }

  #checkIn(name: PortName, as: string): void {
    const { sys } = this.stage.runner;
    const draft = netService.request(this.equipment.net, this.stage.reply, 'check_in', { name: as });
    sys.send({ ...draft, descriptors: [{ kind: 'port', name, disposition: COPY_SEND }] });
    this.#rest();
    sys.poll(this.stage.reply);
  }

  /** A send right of the runner's to the name server, which has been started. */
  nameService(): PortName {
    if (this.#names === null) throw new Error(`${this.name} has no name server`);
    const { task, service } = this.#names;
    return pass(task.space, service, MAKE_SEND, this.stage.runner.task.space);
  }

  /** Starts the name server, unless it has been. */
  startNames(nodeOf: (host: string) => string | 'here' | null): void {
    if (this.#names !== null) return;
    const task = createTask(this.kernel, 'names');
    task.pinned = 'it is a server of its node';
    const service = allocate(task.space, 'RECEIVE') as PortName;
    const net = this.#equipment?.grantNet(task) ?? MACH_PORT_NULL;
    createThread(task, nameServer, nameServer.start({ service, net, nodeOf }));
    this.#rest();
    this.#names = { task, service };
  }

  /** How many references the name server holds to what is checked in under a name; 0 if nothing is. */
  nameRefs(name: string): number {
    const task = this.#names?.task;
    for (const thread of task?.threads ?? []) {
      const { names } = thread.state as {
        readonly names: readonly { readonly name: string; readonly port: PortName }[];
      };
      const entry = names.find((each) => each.name === name);
      if (entry !== undefined) return task?.space.lookup(entry.port)?.urefs ?? 0;
    }
    return 0;
  }

  /** What netmsg says about itself. */
  netCensus(): NetCensus {
    const { sys } = this.stage.runner;
    sys.send(netService.request(this.equipment.net, this.stage.reply, 'census', null));
    this.#rest();
    const answer = netService.reply('census', sys.poll(this.stage.reply));
    if (!('value' in answer)) throw new Error(`no census of ${this.name}`);
    return answer.value;
  }
}

const rightTo = (name: PortName) => ({ name, disposition: MAKE_SEND });
