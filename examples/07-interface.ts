/**
 * An interface: one declaration, from which come a client and a server that check each other. Arguments by a schema,
 * errors as codes, rights by name, a deadline that the server hears of, and a caller who gives up.
 */
import * as v from 'valibot';
import { hostAttempt, hostClient, hostServe } from '../kernel/host-service.ts';
import { HostTask } from '../kernel/host-task.ts';
import { of, Refusal, right, routine } from '../kernel/interface/routine.ts';
import { subsystem, watchCaller } from '../kernel/interface/subsystem.ts';
import { NOTIFY_DEAD_NAME } from '../ports/fate.ts';
import { COPY_SEND, MAKE_SEND } from '../ports/right.ts';
import { introduce, isMain, openKernel } from './support/local.ts';

const kitchen = subsystem('kitchen', 8000, {
  order: routine({
    takes: v.object({ dish: v.string(), table: v.pipe(v.number(), v.minValue(1)) }),
    gives: v.object({ minutes: v.number() }),
    errors: ['E_SOLD_OUT'],
    carries: { waiter: right('SEND') },
  }),
  bake: routine({ takes: of<{ cake: string }>(), gives: of<string>(), deadline: true }),
});

/** A kitchen and a guest. */
export const dine = async (): Promise<readonly unknown[]> => {
  const seen: unknown[] = [];
  const { kernel, close } = openKernel('restaurant');
  await using cook = new HostTask(kernel, 'cook');
  await using guest = new HostTask(kernel, 'guest');
  const door = cook.allocate();
  const to = introduce(cook.task, door, guest.task);
  const deaths = cook.allocate();
  const serving = hostServe(cook, kitchen, door, {
    order: async ({ dish }, _, { carried }) => {
      if (dish === 'lobster') return new Refusal('E_SOLD_OUT', 'since noon');
      await cook.send({ remote: carried.waiter, remoteDisposition: COPY_SEND, id: 1, body: `${dish} is ready` });
      return { minutes: dish.length };
    },
    bake: async (_, request, { deadline }) => {
      watchCaller(cook.sys, request, deaths); // the guest does not wait for ever
      const { id } = await cook.receive(deaths);
      seen.push([deadline !== null, id === NOTIFY_DEAD_NAME]);
      cook.call({ op: 'port_deallocate', name: request.remote }); // the notification's reference to the dead name
      return 'a cake for nobody';
    },
  });
  const waiter = guest.allocate();
  const given = { waiter: { kind: 'port', name: waiter, disposition: MAKE_SEND } } as const;
  const client = hostClient(guest, kitchen, to);
  seen.push(await client.order({ dish: 'soup', table: 3 }, { given }), (await guest.receive(waiter)).body);
  seen.push(await hostAttempt(guest, kitchen, to, 'order', { dish: 'lobster', table: 3 }, { given }));
  const { retcode, ...wrong } = await hostAttempt(guest, kitchen, to, 'order', { dish: 'soup', table: 0 }, { given });
  seen.push([retcode, 'why' in wrong && wrong.why?.split(':')[0]]);
  seen.push((await hostAttempt(guest, kitchen, to, 'bake', { cake: 'Sacher' }, { timeoutMs: 5 })).retcode);
  cook.call({ op: 'port_mod_refs', name: door, right: 'RECEIVE', delta: -1 });
  await serving; // the cake comes first
  close();
  return seen;
};

if (isMain(import.meta.url)) console.log(await dine());
