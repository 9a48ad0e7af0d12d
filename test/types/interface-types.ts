/**
 * What interfaces must not let anybody write. Checked by `npm run types` alone: an error that does not come is an
 * error.
 */
import * as v from 'valibot';
import { hostAttempt, hostClient, hostServe } from '../../kernel/host-service.ts';
import type { HostTask } from '../../kernel/host-task.ts';
import { memory, of, Refusal, right, rights, routine, simple, skip } from '../../kernel/interface/routine.ts';
import { subsystem } from '../../kernel/interface/subsystem.ts';
import type { Sys as MachineSys } from '../../kernel/program.ts';
import {
  copySend,
  copySends,
  makeSend,
  makeSends,
  moveReceive,
  moveReceives,
  moveSends,
  type ReceiveRight,
  type SendRight,
} from '../../kernel/resumable/sys/rights.ts';
import { answer } from '../../kernel/resumable/sys/serve.ts';
import type { Sys } from '../../kernel/resumable/sys/sys.ts';
import type { PortName } from '../../ports/name.ts';
import type { Received } from '../../ports/port.ts';

interface Lap {
  readonly lap: number;
}

const race = subsystem('race', 7300, {
  enter: routine({
    takes: v.object({ name: v.string(), sail: v.optional(v.number(), 1) }),
    gives: v.pipe(v.string(), v.transform(Number)),
    errors: ['E_LATE', 'E_FULL'],
    carries: { laps: right<SendRight<Lap>>('SEND'), crew: rights<SendRight<string>>('SEND'), chart: memory() },
    returns: { buoy: right<SendRight<string>>('SEND') },
  }),
  protest: skip,
  wind: routine({ takes: of<null>(), gives: of<number>(), deadline: true }),
  horn: simple({ takes: of<{ readonly times: number }>() }),
  old: routine<{ readonly a: 1 }, 2>(),
});

/** Clients. */
export const clients = async (
  sys: Sys,
  to: SendRight<never>,
  laps: ReceiveRight<Lap>,
  friend: SendRight<string>,
): Promise<void> => {
  const chart = { address: 0, size: 1 };
  const given = { laps: makeSend(laps), crew: copySends([friend]), chart };
  const client = sys.client(race, to);
  const start: number = await client.enter({ name: 'Aurora' }, { given });
  await client.enter({ name: 'Aurora' }, { given: { ...given, crew: moveSends([friend]) } });
  // @ts-expect-error a port that hears of laps is none for texts
  await client.enter({ name: 'Aurora' }, { given: { ...given, crew: makeSends([laps]) } });
  // @ts-expect-error receive rights are no send rights
  await client.enter({ name: 'Aurora' }, { given: { ...given, crew: moveReceives([laps]) } });
  // @ts-expect-error what it carries has to be given
  await client.enter({ name: 'Aurora' });
  // @ts-expect-error all of it
  await client.enter({ name: 'Aurora' }, { given: { laps: makeSend(laps), chart } });
  // @ts-expect-error a right to a port that hears of something else
  await client.enter({ name: 'Aurora' }, { given: { ...given, laps: copySend(friend) } });
  // @ts-expect-error a receive right is no send right
  await client.enter({ name: 'Aurora' }, { given: { ...given, laps: moveReceive(laps) } });
  // @ts-expect-error one right is no array of rights
  await client.enter({ name: 'Aurora' }, { given: { ...given, crew: copySend(friend) } });
  // @ts-expect-error a name is wanted
  await client.enter({ sail: 1 }, { given });
  // @ts-expect-error there is no such routine any more
  await client.protest(null);
  const nothing: undefined = await client.horn({ times: 1 });
  const two: 2 = await client.old({ a: 1 }, { rights: [] });

  const { carried } = await sys.invoke(race, to, 'enter', { name: 'Aurora' }, { given });
  await sys.send(carried.buoy, 'rounded');
  // @ts-expect-error the buoy hears texts
  await sys.send(carried.buoy, 5);
  // @ts-expect-error nothing is called so
  void carried.anchor;

  const reply = await sys.attempt(race, to, 'enter', { name: 'Aurora' }, { given });
  if (reply.retcode === 'KERN_SUCCESS') void reply.value.toFixed();
  else if (reply.retcode === 'E_LATE') void reply.why;
  // @ts-expect-error no such code is declared
  else if (reply.retcode === 'E_WET') void reply;
  // @ts-expect-error a refusal has no value
  else void reply.value;
  const wind = await sys.attempt(race, to, 'wind', null, { timeoutMs: 5 });
  // @ts-expect-error this routine refuses with Mach's codes alone
  if (wind.retcode === 'E_LATE') void wind;
  void [start, nothing, two];
};

/** Servers. */
export const servers = async (sys: Sys, from: ReceiveRight, buoy: SendRight<string>): Promise<void> => {
  const others = { wind: () => 1, horn: () => null, old: (): 2 => 2 };
  await sys.serve(race, from, {
    ...others,
    enter: async ({ name, sail }, _, { carried, deadline }) => {
      const sure: number = sail; // the schema has filled it in
      await sys.send(carried.laps, { lap: sure + (deadline ?? 0) });
      for (const friend of carried.crew) await sys.send(friend, name);
      void carried.chart.size;
      if (sure > 9) return new Refusal('E_FULL');
      return answer('5', { buoy: copySend(buoy) });
    },
  });
  // @ts-expect-error the schema reads a text, and makes it a number
  await sys.serve(race, from, { ...others, enter: () => answer(5, { buoy: copySend(buoy) }) });
  // @ts-expect-error no such code is declared
  await sys.serve(race, from, { ...others, enter: () => new Refusal('E_WET') });
  // @ts-expect-error a routine has no handler
  await sys.serve(race, from, others);
  await sys.serve(race, from, {
    ...others,
    enter: (_, __, { carried }) => {
      // @ts-expect-error a right is not called so
      void carried.anchor;
      return new Refusal('E_FULL');
    },
  });
};

/** Host code and machines, by the same declaration. */
export const hosts = async (host: HostTask, to: PortName, sys: MachineSys, message: Received): Promise<void> => {
  const client = hostClient(host, race, to);
  const wind: number = await client.wind(null, { timeoutMs: 5, signal: AbortSignal.timeout(5) });
  // @ts-expect-error a number of times is wanted
  await client.horn({ times: 'two' });
  // @ts-expect-error what it carries has to be given
  await hostAttempt(host, race, to, 'enter', { name: 'Aurora' });
  // @ts-expect-error handlers are missing
  await hostServe(host, race, to, { wind: () => 1 });
  // @ts-expect-error what it carries has to be given
  race.draft(to, to, 'enter', { name: 'Aurora' });
  const reply = race.reply('enter', message);
  if (reply.retcode === 'KERN_SUCCESS') void reply.carried.buoy;
  // @ts-expect-error handlers are missing
  race.serve(sys, message, { wind: () => 1 });
  void wind;
};

/** Declarations. */
export const declarations = (): void => {
  // @ts-expect-error what a simple routine gives, nobody gets
  simple({ takes: of<null>(), gives: of<null>() });
  // @ts-expect-error it cannot refuse either
  simple({ takes: of<null>(), errors: ['E_WET'] });
};
