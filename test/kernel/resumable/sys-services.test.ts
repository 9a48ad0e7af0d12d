/** Interfaces between resumable programs: what they carry, how they refuse, how they end; moved in the middle of it. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { moved, stayed } from './sys-scene.ts';

const page = readFileSync(new URL('../../../kernel/interface/README.md', import.meta.url), 'utf8');
const [program = ''] = [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, source]) => source as string);

describe('the program of kernel/interface/README.md', () => {
  it('runs to its end', () => expect(stayed(program)).toEqual([]));
  it('runs to its end while it is moved in the middle of a request', () => {
    const { log, moves } = moved(program);
    expect(log).toEqual([]);
    expect(moves).toBeGreaterThan(0);
  });
});

const HEAD = `import * as v from 'valibot';
import * as p from 'portolan/resumable';
const { answer, makeSend, moveReceive, moveSend, of, Refusal, right, routine, simple, subsystem, timeLeft } = p;
const desk = subsystem('desk', 7400, {
  place: routine({ takes: v.object({ n: v.number() }), gives: v.object({ n: v.number() }), errors: ['E_FULL'] }),
  lend: routine({ takes: of(), gives: of(), carries: { port: right('RECEIVE') } }),
  wait: routine({ takes: of(), gives: of(), deadline: true }),
  ring: simple({ takes: v.object({ n: v.number() }) }),
});
const begin = async (sys, handlers) => {
  const port = await sys.port();
  const server = sys.spawn(run, sys, port, handlers);
  return { port, server, to: await sys.sendRight(port) };
};
async function run(sys, port, handlers) {
  try {
    await sys.serve(desk, port, handlers);
    return 'ended';
  } catch (error) {
    return [error.code, error.why];
  }
}
`;
const sourceOf = (body: string): string => `${HEAD}export async function main(sys, { log }) {${body}}`;
const staying = (body: string): readonly unknown[] => stayed(sourceOf(body));
const both = (body: string): readonly unknown[] => {
  const log = staying(body);
  const run = moved(sourceOf(body));
  expect(run.log).toEqual(log);
  expect(run.moves).toBeGreaterThan(0);
  return log;
};

describe('a refusal', () => {
  it('is a value or a throw, with the code that the routine declares', () =>
    expect(
      staying(`
      const place = async ({ n }) => (n > 1 ? new Refusal('E_FULL', 'no room') : { n });
      const { to, port, server } = await begin(sys, { place });
      await sys.send(log, await sys.attempt(desk, to, 'place', { n: 2 }));
      await sys.send(log, await sys.attempt(desk, to, 'place', { n: 1 }));
      try { await sys.client(desk, to).place({ n: 3 }); } catch (e) { await sys.send(log, [e.code, e.call, e.why]); }
      await sys.send(log, await sys.attempt(desk, to, 'wait', null));
      await sys.close(port);
      await sys.send(log, await server);`),
    ).toEqual([
      { retcode: 'E_FULL', why: 'no room' },
      { retcode: 'KERN_SUCCESS', value: { n: 1 }, carried: {} },
      ['E_FULL', 'desk.place', 'no room'],
      { retcode: 'MIG_BAD_ID', why: null },
      'ended',
    ]));

  it('of arguments has the path, at the caller and, for a caller without schema, at the server', () =>
    expect(
      staying(`
      const loose = subsystem('loose', 7400, { place: routine() });
      const { to, port } = await begin(sys, { place: ({ n }) => ({ n }) });
      const asked = await sys.attempt(desk, to, 'place', { n: 'x' });
      await sys.send(log, [asked.retcode, asked.why.split(':')[0]]);
      const raw = await sys.rpc(to, { n: 'x' }, { id: 7400 });
      await sys.send(log, [raw.body.retcode, raw.body.why.split(':')[0]]);
      await sys.close(port);`),
    ).toEqual([
      ['MIG_BAD_ARGUMENTS', 'request.n'],
      ['MIG_BAD_ARGUMENTS', 'request.n'],
    ]));

  it('of an answer is told to the client, and ends the loop', () =>
    expect(
      staying(`
      const { to, server } = await begin(sys, { place: () => ({ n: 'many' }) });
      const asked = await sys.attempt(desk, to, 'place', { n: 1 });
      await sys.send(log, [asked.retcode, asked.why.split(':')[0]]);
      const [code, why] = await server;
      await sys.send(log, [code, why.split(':')[0]]);`),
    ).toEqual([
      ['MIG_TYPE_ERROR', 'answer.n'],
      ['MIG_TYPE_ERROR', 'answer.n'],
    ]));

  it('by a code that is not declared is not believed', () =>
    expect(
      staying(`
      const port = await sys.port();
      const to = await sys.sendRight(port);
      const asking = sys.spawn(async () => await sys.attempt(desk, to, 'place', { n: 1 }));
      const request = await sys.receive(port);
      await sys.reply(request, { retcode: 'E_INVENTED' }, { id: 7500 });
      await sys.send(log, (await asking).retcode);`),
    ).toEqual(['MIG_TYPE_ERROR']));
});

describe('rights as arguments', () => {
  it('go to the handler by name; a receive right brings its queue', () =>
    expect(
      both(`
      const { to, port } = await begin(sys, {
        lend: async (_, message, { carried }) => {
          await sys.sleep(5);
          return (await sys.receive(carried.port)).body;
        },
      });
      const own = await sys.port();
      const right = await sys.sendRight(own);
      await sys.send(right, 'queued');
      await sys.send(log, await sys.client(desk, to).lend(null, { given: { port: moveReceive(own) } }));
      await sys.close(port);`),
    ).toEqual(['queued']));

  it('that are not as declared are refused before they are sent, and still the caller’s', () =>
    expect(
      staying(`
      const { to, port } = await begin(sys, {});
      const own = await sys.port();
      const none = await sys.attempt(desk, to, 'lend', null, { given: {} });
      const given = { port: moveReceive(own), other: moveReceive(own) };
      const more = await sys.attempt(desk, to, 'lend', null, { given });
      await sys.send(log, [none.retcode, none.why, more.retcode, more.why]);
      await sys.send(log, (await sys.call({ op: 'port_type', name: own })).type);
      await sys.close(port);`),
    ).toEqual([
      ['MIG_BAD_ARGUMENTS', 'request: port is no right', 'MIG_BAD_ARGUMENTS', 'request: other is not declared'],
      ['RECEIVE'],
    ]));

  it('of another kind than declared are given up by the server', () =>
    expect(
      staying(`
      const { to, port } = await begin(sys, { lend: () => 'never' });
      const own = await sys.port();
      const asked = await sys.attempt(desk, to, 'lend', null, { given: { port: makeSend(own) } });
      await sys.send(log, [asked.retcode, asked.why]);
      await sys.send(log, (await sys.call({ op: 'port_get_status', name: own })).srights);
      await sys.close(port);`),
    ).toEqual([['MIG_BAD_ARGUMENTS', 'request: port is no right of its kind'], false]));
});

describe('a deadline', () => {
  it('travels with the call, and runs out at both ends', () =>
    expect(
      both(`
      const { to, port } = await begin(sys, {
        wait: async (_, message, call) => {
          const left = timeLeft(call, sys.now());
          await sys.sleep(left === undefined ? 0 : left + 20);
          await sys.send(log, left > 0 && timeLeft(call, sys.now()) === 0);
          return 'late';
        },
      });
      await sys.send(log, (await sys.attempt(desk, to, 'wait', null, { timeoutMs: 40 })).retcode);
      await sys.sleep(100);
      const raw = await sys.rpc(to, { args: null, ms: 0 }, { id: 7402 });
      await sys.send(log, raw.body.retcode);
      await sys.close(port);`),
    ).toEqual(['MACH_RCV_TIMED_OUT', true, 'KERN_OPERATION_TIMED_OUT']));

  it('that has run out while the request waited keeps the handler from running', () =>
    expect(
      both(`
      let runs = 0;
      const { to, port } = await begin(sys, {
        place: async ({ n }) => { await sys.sleep(n); return { n }; },
        wait: () => { runs += 1; return null; },
      });
      const busy = sys.spawn(async () => await sys.client(desk, to).place({ n: 60 }));
      await sys.sleep(5);
      await sys.send(log, (await sys.attempt(desk, to, 'wait', null, { timeoutMs: 10 })).retcode);
      await busy;
      await sys.client(desk, to).place({ n: 1 });
      await sys.send(log, runs);
      await sys.send(log, await sys.client(desk, to).wait(null, { timeoutMs: 1000 }));
      await sys.send(log, runs);
      await sys.close(port);`),
    ).toEqual(['MACH_RCV_TIMED_OUT', 0, null, 1]));
});

describe('a caller that is told to stop', () => {
  it('leaves a dead name, of which the server is told', () =>
    expect(
      both(`
      const deaths = await sys.port();
      const { to, port } = await begin(sys, {
        wait: async (_, message) => {
          await sys.onDeadName(message.reply, deaths);
          await sys.send(log, (await sys.receive(deaths)).id);
          return new Refusal('MIG_NO_REPLY');
        },
      });
      const asking = sys.spawn(async () => await sys.client(desk, to).wait(null));
      await sys.sleep(10);
      sys.cancel(asking, 'enough');
      try { await asking; } catch (reason) { await sys.send(log, reason); }
      await sys.sleep(10);
      await sys.close(port);`).toSorted(),
    ).toEqual([72, 'enough']));

  it('of a server that drops its reply right hears MIG_SERVER_DIED', () =>
    expect(
      staying(`
      const { to, port } = await begin(sys, {
        wait: async (_, message) => { await sys.release(message.reply); return new Refusal('MIG_NO_REPLY'); },
      });
      await sys.send(log, (await sys.attempt(desk, to, 'wait', null)).retcode);
      await sys.close(port);`),
    ).toEqual(['MIG_SERVER_DIED']));
});

describe('a simple routine', () => {
  it('is not answered; its arguments are checked where it is called', () =>
    expect(
      both(`
      const heard = [];
      const { to, port, server } = await begin(sys, { ring: ({ n }) => { heard.push(n); } });
      const client = sys.client(desk, to);
      await sys.send(log, await client.ring({ n: 1 }) === undefined);
      try { await client.ring({ n: '2' }); } catch (e) { await sys.send(log, e.code); }
      await client.ring({ n: 3 });
      await sys.sleep(5);
      await sys.close(port);
      await server;
      await sys.send(log, heard);`),
    ).toEqual([true, 'MIG_BAD_ARGUMENTS', [1, 3]]));
});
