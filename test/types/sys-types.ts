/**
 * What programs must not be able to write, and what they must. Checked by `npm run types` alone: an error that does not
 * come is an error.
 */
import { Refusal, routine, subsystem } from '../../kernel/interface/subsystem.ts';
import type { Msg } from '../../kernel/resumable/sys/message.ts';
import type { DeadName } from '../../kernel/resumable/sys/ports.ts';
import {
  copySend,
  makeSend,
  makeSendOnce,
  moveReceive,
  moveSend,
  moveSendOnce,
  type PortSet,
  type ReceiveRight,
  type SendOnceRight,
  type SendRight,
} from '../../kernel/resumable/sys/rights.ts';
import { answer } from '../../kernel/resumable/sys/serve.ts';
import type { Sys } from '../../kernel/resumable/sys/sys.ts';

type Add = Msg<{ body: { readonly add: number }; answer: number }>;
type Stop = 'stop';
type Lend = Msg<{ id: 7; body: string; rights: [SendRight<Stop>, ReceiveRight<Add>] }>;

/** Rights stand in for each other as their messages allow. */
export const variance = (wide: SendRight<Add | Stop>, narrow: SendRight<Stop>, own: ReceiveRight<Add | Stop>): void => {
  const one: SendRight<Stop> = wide;
  // @ts-expect-error who takes `stop` alone does not understand `add`
  const both: SendRight<Add | Stop> = narrow;
  // @ts-expect-error who makes send rights of it would send what nobody understands
  const wider: ReceiveRight<Add | Stop | 'more'> = own;
  // @ts-expect-error and who receives would not be told of all that comes
  const narrower: ReceiveRight<Stop> = own;
  // @ts-expect-error a receive right is no send right: ask for one
  const sends: SendRight<Stop> = own;
  // @ts-expect-error a number is no right
  const made: SendRight<Stop> = 5;
  // @ts-expect-error a right that may be used once is no send right
  const many: SendRight<Stop> = null as unknown as SendOnceRight<Stop>;
  void [one, both, wider, narrower, sends, made, many];
};

/** A set gives what its members give. */
export const sets = async (sys: Sys, adds: ReceiveRight<Add>, stops: ReceiveRight<Stop>): Promise<void> => {
  const set = await sys.portSet<Add | Stop>();
  await sys.moveMember(adds, set);
  await sys.moveMember(stops, set);
  const wide: PortSet<Add | Stop | 'more'> = set;
  // @ts-expect-error its members say more
  const narrow: PortSet<Stop> = set;
  // @ts-expect-error nobody sends to a set
  await sys.sendRight(set);
  void narrow;
  const message = await sys.receive(wide);
  if (message.reply !== null) await sys.reply(message.reply, 3);
};

/** What is sent is what the port understands. */
export const sends = async (sys: Sys, to: SendRight<Add | Stop>): Promise<void> => {
  await sys.send(to, { add: 1 });
  await sys.send(to, 'stop', { timeoutMs: 5 });
  // @ts-expect-error a number is wanted
  await sys.send(to, { add: 'one' });
  // @ts-expect-error nobody understands that
  await sys.send(to, 'start');
  // @ts-expect-error something must be said
  await sys.send(to);
  const { body } = await sys.rpc(to, { add: 1 });
  const sum: number = body;
  // @ts-expect-error `stop` is not answered
  await sys.rpc(to, 'stop');
  // @ts-expect-error the answer is a number
  const text: string = body;
  // @ts-expect-error a call that was not awaited has no members
  const lost = sys.rpc(to, { add: 1 }).body;
  void [sum, text, lost];
};

/** Rights go in `rights`, in the order and of the types that the message has. */
export const lends = async (
  sys: Sys,
  to: SendRight<Lend>,
  own: ReceiveRight<Stop>,
  adds: ReceiveRight<Add>,
): Promise<void> => {
  const stops = await sys.sendRight(own);
  await sys.send(to, 'here', { id: 7, rights: [copySend(stops), moveReceive(adds)] });
  await sys.send(to, 'here', { id: 7, rights: [makeSend(own), moveReceive(adds)] });
  await sys.send(to, 'here', { id: 7, rights: [moveSend(stops), moveReceive(adds)] });
  // @ts-expect-error a right that may be used once is no send right, moved or not
  await sys.send(to, 'here', { id: 7, rights: [moveSendOnce(await sys.sendOnceRight(own)), moveReceive(adds)] });
  // @ts-expect-error the message carries two rights
  await sys.send(to, 'here', { id: 7 });
  // @ts-expect-error in this order
  await sys.send(to, 'here', { id: 7, rights: [moveReceive(adds), copySend(stops)] });
  // @ts-expect-error the message's number is part of its type
  await sys.send(to, 'here', { id: 8, rights: [copySend(stops), moveReceive(adds)] });
  // @ts-expect-error of a send right no send right is made, but copied
  makeSend(stops);
  // @ts-expect-error nor a send-once right
  makeSendOnce(stops);
};

/** What arrives is of the port's type. */
export const receives = async (sys: Sys, from: ReceiveRight<Lend>): Promise<void> => {
  const { body, rights, reply, id } = await sys.receive(from, { timeoutMs: 10 });
  const text: string = body;
  const [stops, adds] = rights;
  await sys.send(stops, 'stop');
  const next = await sys.receive(adds);
  await sys.reply(next, next.body.add);
  // @ts-expect-error a number answers
  await sys.reply(next, 'three');
  const nothing: null = reply;
  const seven: 7 = id;
  // @ts-expect-error there are two
  const third = rights[2];
  // @ts-expect-error `poll` may find nothing
  const polled = (await sys.poll(from)).body;
  void [text, nothing, seven, third, polled];
};

class Account {
  balance = 0;
  deposit(amount: number): void {
    this.balance += amount;
  }
}

/** What no message can say. */
export const refused = async (sys: Sys, other: SendRight<Stop>): Promise<void> => {
  await sys.port<{ readonly list: readonly Map<string, Date>[]; readonly bytes: Uint8Array }>();
  await sys.port<Add>({ qlimit: 3 });
  // @ts-expect-error a function
  await sys.port<{ readonly call: () => void }>();
  // @ts-expect-error an instance of a class with methods
  await sys.port<Account>();
  // @ts-expect-error a symbol
  await sys.port<{ readonly key: symbol }>();
  // @ts-expect-error a promise
  await sys.port<readonly Promise<number>[]>();
  // @ts-expect-error a right in a body is a number at the other end
  await sys.port<{ readonly to: SendRight<Stop> }>();
  const loose = null as unknown as SendRight<Account | { readonly to: SendRight<Stop> }>;
  // @ts-expect-error however the right came about
  await sys.send(loose, new Account());
  // @ts-expect-error and a right is none of its own type there
  await sys.send(loose, { to: other });
};

/** Notifications go to ports that understand them. */
export const notified = async (sys: Sys, of: SendRight<Stop>, to: ReceiveRight<DeadName | Stop>): Promise<void> => {
  await sys.onDeadName(of, to);
  await sys.onDeadName(of, null);
  // @ts-expect-error this port is told of other things
  await sys.onDeadName(of, null as unknown as ReceiveRight<Stop>);
  const message = await sys.receive(to);
  if (message.id === 72 && typeof message.body === 'object') void message.body.name;
};

const counter = subsystem('counter', 4000, {
  add: routine<{ readonly by: number }, number>(),
  read: routine<null, number>(),
});

/** Stubs are typed by their routines. */
export const stubs = async (sys: Sys, to: SendRight<never>, from: ReceiveRight): Promise<void> => {
  const client = sys.client(counter, to);
  const sum: number = await client.add({ by: 1 }, { timeoutMs: 100 });
  const now: number = await client.read();
  // @ts-expect-error a number is wanted
  await client.add({ by: 'one' });
  // @ts-expect-error something is wanted
  await client.add();
  // @ts-expect-error there is no such routine
  await client.subtract({ by: 1 });
  const { rights } = await sys.invoke(counter, to, 'add', { by: 1 });
  // @ts-expect-error here neither
  await sys.invoke(counter, to, 'subtract', { by: 1 });
  await sys.serve(counter, from, { add: async ({ by }) => by + 1, read: () => 1 });
  await sys.serve(counter, from, { add: () => new Refusal('KERN_FAILURE'), read: () => answer(1, []) });
  // @ts-expect-error a routine has no handler
  await sys.serve(counter, from, { add: ({ by }) => by });
  // @ts-expect-error a handler answers something else
  await sys.serve(counter, from, { add: () => 'one', read: () => 1 });
  void [sum, now, rights];
};

const work = async (sys: Sys, from: number, name: string): Promise<string> => {
  await sys.sleep(from);
  return name;
};

/** Threads get the arguments that they take, and are joined by `await`. */
export const threads = async (sys: Sys): Promise<void> => {
  const thread = sys.spawn(work, sys, 1, 'a');
  const name: string = await thread;
  thread.cancel(new Error('enough'));
  // @ts-expect-error a number is wanted
  void sys.spawn(work, sys, 'a', 'b');
  // @ts-expect-error an argument is missing
  void sys.spawn(work, sys, 1);
  // @ts-expect-error a plain function has nothing to wait in
  void sys.spawn((a: number) => a, 1);
  // @ts-expect-error its end is a string
  const end: number = await thread;
  const lock = await sys.mutex();
  const size: number = await lock.run(() => 1);
  // @ts-expect-error `run` wants something to run
  await lock.run(1);
  // @ts-expect-error a condition is of a mutex
  sys.condition();
  void [name, end, size];
};

/** Memory is read and written by calls. */
export const memory = async (sys: Sys): Promise<void> => {
  const at: number = await sys.vm.allocate(8192);
  const sum: number = await sys.vm.window({ address: at, size: 8 }, 'read', (window) => window.getU32(0));
  const bytes: Uint8Array = await sys.vm.window({ address: at, size: 8 }, 'read');
  // @ts-expect-error what is to be written is written in a callback
  await sys.vm.window({ address: at, size: 8 }, 'write');
  // @ts-expect-error a call that was not awaited is no number
  const lost: number = sys.vm.getU32(at);
  // @ts-expect-error `sys` is fixed
  sys.now = () => 0;
  void [sum, bytes, lost];
};
