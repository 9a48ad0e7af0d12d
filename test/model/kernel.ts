/**
 * The model's kernel: what there is, how rights are counted (by looking), how they end, and who is told. Chapters
 * in brackets are those of Mach's semantics. Destruction never recurses, so messages to destroy and dead-name requests
 * to answer are put into a list that is emptied, first come first, when the call that caused them has had its effect.
 */
import {
  type Acceptance,
  type LooseRight,
  ModelCall,
  ModelEntry,
  type ModelItem,
  type ModelMessage,
  ModelPort,
  type ModelSet,
  ModelSpace,
  NULL,
  type ReceiveHalf,
  type RightType,
} from './records.ts';

export const PORT_DELETED = 65;
export const MSG_ACCEPTED = 66;
export const PORT_DESTROYED = 69;
export const NO_SENDERS = 70;
export const SEND_ONCE = 71;
export const DEAD_NAME = 72;

/** No right at all. */
export const NONE: LooseRight = { port: null, type: 0 };

type Work = { readonly message: ModelMessage } | { readonly died: ModelPort };

/** Everything there is. */
export class ModelKernel {
  readonly spaces: ModelSpace[] = [];
  readonly ports: ModelPort[] = [];
  readonly calls: ModelCall[] = [];
  /** Stands for every right that was dead before it was sent. */
  readonly dead: ModelPort;
  now = 0;
  /** Messages in the kernel's hands: on no queue, and still full of rights. */
  readonly inHand: ModelMessage[] = [];
  /** Rights that a call has taken and not yet put anywhere. */
  readonly loose: LooseRight[][] = [];
  readonly work: Work[] = [];
  /** Calls that can go on with their receive half, in the order in which they were woken. */
  readonly woken: ModelCall[] = [];
  /** Receives a message for a waiting call; set by the part of the model that receives. */
  receive: (call: ModelCall, message: ModelMessage) => void = () => undefined;
  #serial = 0;
  #waits = 0;

  constructor() {
    this.dead = this.newPort();
    this.dead.alive = false;
  }

  newPort(kernelOf: ModelSpace | null = null): ModelPort {
    const port = new ModelPort(this.ports.length, kernelOf);
    this.ports.push(port);
    return port;
  }

  newSpace(): ModelSpace {
    const space = new ModelSpace(this.spaces.length);
    this.spaces.push(space);
    space.kernelPort = this.newPort(space);
    space.self = { port: space.kernelPort, type: 17 };
    return space;
  }

  newEntry(space: ModelSpace, name: number | null): ModelEntry {
    this.#serial += 1;
    const entry = new ModelEntry(space, this.#serial);
    entry.name = name;
    space.entries.push(entry);
    return entry;
  }

  newCall(space: ModelSpace, receive: ReceiveHalf | null): ModelCall {
    const call = new ModelCall(this.calls.length, space, receive);
    this.calls.push(call);
    return call;
  }

  nextWait(): number {
    this.#waits += 1;
    return this.#waits;
  }

  /** The entry under a name. */
  find(space: ModelSpace, name: number): ModelEntry | undefined {
    return space.entries.find((entry) => entry.name === name);
  }

  /** Every message there is. */
  messages(): ModelMessage[] {
    const found = [...this.inHand];
    for (const port of this.ports) {
      found.push(...port.queue);
      for (const { sending } of port.blocked) if (sending !== null) found.push(sending);
    }
    for (const set of this.sets()) found.push(...set.queue);
    for (const work of this.work) if ('message' in work) found.push(work.message);
    return found;
  }

  sets(): ModelSet[] {
    const found: ModelSet[] = [];
    for (const { entries } of this.spaces) for (const { set } of entries) if (set !== null) found.push(set);
    return found;
  }

  /** Send rights to a port: names, rights in messages, rights the kernel holds [2.1]. */
  sendRights(port: ModelPort): number {
    let count = this.rightsInMessages(port, 17);
    for (const { entries, self, bootstrap, exception, registered } of this.spaces) {
      count += entries.filter((entry) => entry.port === port && entry.send > 0).length;
      count += [self, bootstrap, exception, ...registered].filter((right) => right.port === port).length;
    }
    return count;
  }

  /** Send-once rights to a port: the same, and those that requests hold. */
  sendOnceRights(port: ModelPort): number {
    let count = this.rightsInMessages(port, 18);
    for (const { entries } of this.spaces) {
      count += entries.filter((entry) => entry.port === port && entry.once).length;
      count += entries.filter((entry) => entry.request === port).length;
    }
    count += this.ports.filter(({ noSenders }) => noSenders === port).length;
    count += this.ports.filter(({ portDestroyed }) => portDestroyed === port).length;
    return count + this.messages().filter(({ accepted }) => accepted?.notify === port).length;
  }

  private rightsInMessages(port: ModelPort, type: RightType): number {
    let count = this.loose.flat().filter((right) => right.port === port && right.type === type).length;
    for (const { dest, reply, items } of this.messages()) {
      const rights = [dest, reply];
      for (const item of items) {
        if (item.kind === 'port') rights.push(item.right);
        if (item.kind === 'ool_ports') rights.push(...item.rights);
      }
      count += rights.filter((right) => right.port === port && right.type === type).length;
    }
    return count;
  }

  /** What a port has queued, wherever that stands. */
  queued(port: ModelPort): ModelMessage[] {
    return port.set === null ? port.queue : port.set.queue.filter(({ dest }) => dest.port === port);
  }

  /** A message of the kernel's own to a send-once right that it holds; the right is used up [2.13]. */
  notify(port: ModelPort, id: number, body: unknown, items: ModelItem[] = []): void {
    if (!port.alive) {
      for (const item of items) this.destroyItem(item);
      return;
    }
    const dest: LooseRight = { port, type: 18 };
    this.deliver({ id, body, dest, reply: NONE, items, circular: false, accepted: null });
  }

  /** The caller has taken a send right to the port out of the world. */
  sendRightGone(port: ModelPort): void {
    if (!port.alive || port.noSenders === null || this.sendRights(port) > 0) return;
    const told = port.noSenders;
    port.noSenders = null;
    this.notify(told, NO_SENDERS, { count: port.mscount });
  }

  /** The caller has taken a send-once right out of the world, and nobody used it. */
  sendOnceUnused(port: ModelPort): void {
    if (port.alive) this.notify(port, SEND_ONCE, undefined);
  }

  /** Ends a right that was in no space. The caller does not hold it any more. */
  destroyRight({ port, type }: LooseRight): void {
    if (port === null || !port.alive) return;
    if (type === 17) this.sendRightGone(port);
    else if (type === 18) this.sendOnceUnused(port);
    else if (type === 16) this.destroyReceive(port);
  }

  destroyItem(item: ModelItem): void {
    if (item.kind === 'port') this.destroyRight(takeOut(item.right));
    if (item.kind === 'ool_ports') for (const right of item.rights) this.destroyRight(takeOut(right));
  }

  /** Destroys what a message in hand carries beside its header. */
  destroyItems(message: ModelMessage): void {
    for (const item of message.items) this.destroyItem(item);
    message.items = [];
  }

  destroyLater(message: ModelMessage): void {
    this.work.push({ message });
  }

  /** Empties the list of what is to be destroyed and answered. */
  settle(): void {
    for (let next = this.work[0]; next !== undefined; next = this.work[0]) {
      if ('message' in next) {
        const { message } = next;
        this.inHand.push(message);
        this.work.shift();
        this.acceptedNow(message);
        const { dest, reply } = message;
        message.dest = NONE;
        this.destroyRight(dest);
        message.reply = NONE;
        this.destroyRight(reply);
        this.destroyItems(message);
        this.inHand.splice(this.inHand.indexOf(message), 1);
      } else {
        this.work.shift();
        this.answerWatchers(next.died);
      }
    }
  }

  /** Every request on the dead port is answered with its holder's name: a dead name with one more reference. */
  private answerWatchers({ watchers }: ModelPort): void {
    for (const entry of watchers.splice(0)) {
      const told = entry.request;
      entry.request = null;
      if (told !== null) this.notify(told, DEAD_NAME, { name: entry.name ?? entry });
    }
  }

  /** The message leaves its queue, or the world: whoever forced it in is told. */
  acceptedNow(message: ModelMessage): void {
    const record: Acceptance | null = message.accepted;
    if (record === null) return;
    message.accepted = null;
    if (record.entry !== null) record.entry.accepted = null;
    this.notify(record.notify, MSG_ACCEPTED, {
      name: record.entry === null ? NULL : (record.entry.name ?? record.entry),
    });
  }

  /** A receive right that is in no space ends: its backup gets it, or the port dies [2.12]. */
  destroyReceive(port: ModelPort): void {
    if (!port.alive) return;
    port.holder = null;
    port.carrier = null;
    const backup = port.portDestroyed;
    port.portDestroyed = null;
    if (backup !== null && !this.wouldCircle(port, backup)) {
      port.carrier = backup;
      this.notify(backup, PORT_DESTROYED, undefined, [{ kind: 'port', right: { port, type: 16 } }]);
      return;
    }
    this.kill(port);
  }

  /** Death [2.12, steps 2 to 6]. Names of other spaces turn dead at once: nobody can tell that from later. */
  kill(port: ModelPort): void {
    if (!port.alive) return;
    this.leaveSet(port);
    port.alive = false;
    port.holder = null;
    for (const call of port.blocked.splice(0)) {
      if (call.sending !== null) this.destroyLater(call.sending);
      this.sent(call);
    }
    const told = port.noSenders;
    port.noSenders = null;
    if (told !== null) this.sendOnceUnused(told);
    for (const message of port.queue.splice(0)) this.destroyLater(message);
    for (const { entries } of this.spaces) {
      for (const entry of entries) if (entry.port === port) this.turnDead(entry);
    }
    if (port.watchers.length > 0) this.work.push({ died: port });
  }

  private turnDead(entry: ModelEntry): void {
    entry.dead = (entry.once ? 1 : entry.send) + (entry.request === null ? 0 : 1);
    entry.send = 0;
    entry.once = false;
    entry.port = null;
    if (entry.accepted !== null) entry.accepted.entry = null;
    entry.accepted = null;
  }

  /** True if the receive right of `port`, in a message to `dest`, could never be received again [2.11]. */
  wouldCircle(port: ModelPort, dest: ModelPort): boolean {
    for (let at: ModelPort | null = dest; at !== null; at = at.carrier) if (at === port) return true;
    return false;
  }

  /** The port leaves its set, with its messages in their order. */
  leaveSet(port: ModelPort): void {
    const { set } = port;
    if (set === null) return;
    port.queue = this.queued(port);
    set.queue = set.queue.filter(({ dest }) => dest.port !== port);
    set.members = set.members.filter((member) => member !== port);
    port.set = null;
  }

  /** Puts a message where it belongs: to a waiting receiver, a queue, the kernel; a dead port makes it vanish. */
  deliver(message: ModelMessage): void {
    const { port } = message.dest;
    if (port === null || !port.alive || message.circular) return this.destroyLater(message);
    if (port.kernelOf !== null) return this.serve(message);
    const waiting = (port.set ?? port).waiting;
    while (waiting.length > 0) {
      const call = waiting.shift() as ModelCall;
      call.at = null;
      if (call.receive?.tiny === true && call.receive.large) {
        this.end(call, 'MACH_RCV_TOO_LARGE');
        continue;
      }
      return this.receive(call, message);
    }
    (port.set ?? port).queue.push(message);
  }

  /** A message to a kernel port that is no request the kernel knows: an answer that says so [2.20]. */
  private serve(message: ModelMessage): void {
    this.inHand.push(message);
    const { dest, reply } = message;
    this.destroyItems(message);
    message.reply = NONE;
    const body = { retcode: 'MIG_BAD_ID' };
    if (reply.port !== null) {
      const dest: LooseRight = { port: reply.port, type: reply.type };
      this.deliver({ id: message.id + 100, body, dest, reply: NONE, items: [], circular: false, accepted: null });
    }
    message.dest = NONE;
    if (dest.port !== null && dest.type === 17) this.sendRightGone(dest.port);
    this.inHand.splice(this.inHand.indexOf(message), 1);
  }

  /** A blocked send is over: its receive half comes when its thread has its turn. */
  sent(call: ModelCall): void {
    call.sending = null;
    call.deadline = Number.POSITIVE_INFINITY;
    if (call.receive === null) this.end(call, 'MACH_MSG_SUCCESS');
    else this.woken.push(call);
  }

  end(call: ModelCall, kr: string): void {
    call.outcome = { kr, message: null, returned: false };
    call.deadline = Number.POSITIVE_INFINITY;
  }

  /** There is room again: those who wait for it go in, first come first [2.7]. */
  admit(port: ModelPort): void {
    while (port.blocked.length > 0 && this.queued(port).length < port.qlimit) {
      const call = port.blocked.shift() as ModelCall;
      const message = call.sending as ModelMessage;
      this.sent(call);
      this.deliver(message);
    }
  }

  /** Takes the receive right of an entry out of its space: what a move does to the port [2.10]. */
  releaseReceive(entry: ModelEntry, port: ModelPort): void {
    this.leaveSet(port);
    for (const call of port.waiting.splice(0)) {
      call.at = null;
      this.end(call, 'MACH_RCV_PORT_DIED');
    }
    port.mscount = 0;
    port.seqno = 0;
    port.payload = null;
    port.holder = null;
    entry.receive = false;
    if (entry.send === 0) this.free(entry);
  }

  /** A name is gone while its port lives; a request on it is answered by port-deleted [2.13]. */
  free(entry: ModelEntry): void {
    const { port, request, space } = entry;
    if (entry.accepted !== null) entry.accepted.entry = null;
    entry.accepted = null;
    if (port !== null) entry.request = null; // of a dead port the answer is on its way already
    entry.port = null;
    entry.gone = true;
    space.entries = space.entries.filter((each) => each !== entry);
    if (port !== null) port.watchers = port.watchers.filter((each) => each !== entry);
    if (request !== null && port !== null) this.notify(request, PORT_DELETED, { name: entry.name ?? entry });
  }
}

/** What a slot held: the slot is empty from now on, so that the right is counted nowhere. */
export const takeOut = (right: LooseRight): LooseRight => {
  const { port, type } = right;
  right.port = null;
  return { port, type };
};
