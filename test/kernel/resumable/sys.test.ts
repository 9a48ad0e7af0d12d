/** Every call of `sys` in a program that stays, and in one that is moved at every wait: both say the same. */
import { describe, expect, it } from 'vitest';
import { moved, stayed } from './sys-scene.ts';

const HEAD = `import { type Sys, answer, copySend, makeSend, makeSendOnce, moveReceive, routine, subsystem,
  Refusal, SysError } from 'portolan/resumable';
const code = (error) => error instanceof SysError ? error.code : String(error);
`;

const cases: Readonly<Record<string, readonly [source: string, log: readonly unknown[]]>> = {
  'sends, waits for it, answers': [
    `export async function main(sys: Sys, { log }) {
      const port = await sys.port({ qlimit: 8 });
      const to = await sys.sendRight(port);
      const asker = sys.spawn(async () => {
        await sys.sleep(5);
        const { body, reply } = await sys.rpc(to, { n: 20 }, { id: 9 });
        await sys.send(log, ['answered', body, reply]);
      });
      const message = await sys.receive(port);
      await sys.sleep(5);
      await sys.send(log, ['asked', message.id, message.body, message.rights.length]);
      await sys.reply(message, message.body.n + 1);
      await asker;
      await sys.send(log, await sys.poll(port));
    }`,
    [['asked', 9, { n: 20 }, 0], ['answered', 21, null], null],
  ],
  'receives with a deadline': [
    `export async function main(sys: Sys, { log }) {
      const port = await sys.port();
      const begun = sys.now();
      try { await sys.receive(port, { timeoutMs: 20 }); } catch (error) { await sys.send(log, code(error)); }
      await sys.send(log, sys.now() - begun >= 20);
      const none = await sys.sendRight(await sys.port({ qlimit: 1 }));
      await sys.send(none, 1);
      try { await sys.send(none, 2, { timeoutMs: 10 }); } catch (error) { await sys.send(log, code(error)); }
      try { await sys.rpc(none, 3, { timeoutMs: 10 }); } catch (error) { await sys.send(log, code(error)); }
    }`,
    ['MACH_RCV_TIMED_OUT', true, 'MACH_SEND_TIMED_OUT', 'MACH_SEND_TIMED_OUT'],
  ],
  'keeps reply ports, and lets an answer die that comes too late': [
    `export async function main(sys: Sys, { log }) {
      const port = await sys.port({ qlimit: 8 });
      const to = await sys.sendRight(port);
      const names = async () => (await sys.call({ op: 'port_names' })).names.length;
      const server = sys.spawn(async () => {
        const late = [await sys.receive(port), await sys.receive(port)];
        const open = await sys.receive(port);
        for (const each of late)
          try { await sys.reply(each, 'late'); }
          catch (error) { await sys.send(log, code(error)); }
        await sys.reply(open, 'in time');
        for (let i = 0; i < 12; i++) { const next = await sys.receive(port); await sys.reply(next, next.body); }
      });
      const ask = async (body, timeoutMs) => {
        try { return (await sys.rpc(to, body, { timeoutMs })).body; } catch (error) { return code(error); }
      };
      await sys.send(log, await ask('first', 5));
      const second = sys.spawn(ask, 'second', 60_000);
      await sys.sleep(1);
      second.cancel();
      await sys.send(log, await second);
      await sys.send(log, await ask('third', 60_000));
      await sys.send(log, await ask(0, 60_000));
      const before = await names();
      for (let i = 1; i < 6; i++) if (await ask(i, 60_000) !== i) await sys.send(log, 'another answer');
      await sys.send(log, await names() - before);
      await sys.send(log, await Promise.all([ask(6, 60_000), ask(7, 60_000), ask(8, 60_000)]));
      const some = await names();
      await sys.send(log, await Promise.all([ask(9, 60_000), ask(10, 60_000), ask(11, 60_000)]));
      await sys.send(log, [some - before, await names() - some]);
      await server;
    }`,
    [
      'MACH_RCV_TIMED_OUT',
      'E_CANCELLED',
      'MACH_SEND_INVALID_DEST',
      'MACH_SEND_INVALID_DEST',
      'in time',
      0,
      0,
      [6, 7, 8],
      [9, 10, 11],
      [2, 0],
    ],
  ],
  'hands rights on': [
    `export async function main(sys: Sys, { log }) {
      const port = await sys.port();
      const lent = await sys.port();
      const to = await sys.sendRight(port);
      await sys.send(to, 'rights', { rights: [copySend(log), makeSend(lent), makeSendOnce(lent)] });
      await sys.sleep(1);
      const { rights: [first, second, third] } = await sys.receive(port);
      await sys.send(first, 'through a copy');
      await sys.send(second, 'through one that was made');
      await sys.reply(third, 'once');
      await sys.send(log, (await sys.receive(lent)).body);
      await sys.send(log, (await sys.receive(lent)).body);
      await sys.send(to, 'port', { rights: [moveReceive(lent)] });
      await sys.send(second, 'kept while it was on its way');
      await sys.sleep(1);
      const { rights: [again] } = await sys.receive(port);
      await sys.sleep(1);
      await sys.send(log, (await sys.receive(again)).body);
    }`,
    ['through a copy', 'through one that was made', 'once', 'kept while it was on its way'],
  ],
  'waits for several ports': [
    `export async function main(sys: Sys, { log }) {
      const [one, two] = [await sys.port(), await sys.port()];
      const set = await sys.portSet(one, two);
      const [a, b] = [await sys.sendRight(one), await sys.sendRight(two)];
      sys.spawn(async () => {
        await sys.sleep(2); await sys.send(b, 'b'); await sys.sleep(2); await sys.send(a, 'a');
      });
      for (let i = 0; i < 2; i++) {
        const { body, local } = await sys.receive(set);
        await sys.send(log, [body, local === one, local === two]);
      }
      await sys.moveMember(two, null);
      await sys.send(b, 'alone');
      await sys.send(log, [await sys.poll(set), (await sys.receive(two)).body]);
      await sys.closeSet(set);
    }`,
    [
      ['b', false, true],
      ['a', true, false],
      [null, 'alone'],
    ],
  ],
  'hears of the end of rights': [
    `export async function main(sys: Sys, { log }) {
      const told = await sys.port();
      const port = await sys.port();
      const right = await sys.sendRight(port);
      await sys.onNoSenders(port, told);
      await sys.onDeadName(right, told);
      await sys.onDeadName(right, told);
      await sys.sleep(1);
      await sys.send(log, (await sys.receive(told)).id);
      await sys.retain(right);
      await sys.release(right);
      await sys.onDeadName(right, null);
      await sys.receive(told);
      await sys.release(right);
      await sys.send(log, (await sys.receive(told)).id);
      const other = await sys.port();
      const dying = await sys.sendRight(other);
      await sys.onDeadName(dying, told);
      await sys.close(other);
      const { id, body } = await sys.receive(told);
      await sys.send(log, [id, body.name === dying]);
      await sys.onPortDestroyed(port, told);
      await sys.close(port);
      const { rights: [back] } = await sys.receive(told);
      await sys.send(log, back !== 0);
    }`,
    [71, 70, [72, true], true],
  ],
  'serves a subsystem': [
    `const counter = subsystem('counter', 4000, {
      add: routine(), read: routine(), lend: routine(), stop: routine(), fail: routine(),
    });
    const run = async (sys, port, log) => {
      let value = 1;
      try {
        await sys.serve(counter, port, {
          add: async ({ by }) => { await sys.sleep(3); value += by; return value; },
          read: () => value > 5 ? new Refusal('KERN_NO_ACCESS') : value,
          lend: () => answer('here', [copySend(log)]),
          stop: async () => { await sys.close(port); return null; },
          fail: () => { throw new Error('unforeseen'); },
        });
      } catch (error) { return 'ended by ' + error.message; }
      return 'ended';
    };
    export async function main(sys: Sys, { log }) {
      const port = await sys.port();
      const server = sys.spawn(run, sys, port, log);
      const to = await sys.sendRight(port);
      const { add, read, lend, stop } = sys.client(counter, to);
      await sys.send(log, [await read(), await add({ by: 2 }), await add({ by: 3 })]);
      try { await read(); } catch (error) { await sys.send(log, [error.code, error.call]); }
      const { value, rights: [mine] } = await sys.invoke(counter, to, 'lend');
      await sys.send(mine, value);
      await lend();
      try { await sys.rpc(to, null, { id: 3999 }); } catch (error) { await sys.send(log, code(error)); }
      await sys.send(log, (await sys.rpc(to, null, { id: 4100 })).body.retcode);
      await stop();
      await sys.send(log, await server);
      try { await read(); } catch (error) { await sys.send(log, code(error)); }
      const next = await sys.port();
      const failing = sys.spawn(run, sys, next, log);
      const client = sys.client(counter, await sys.sendRight(next));
      try { await client.fail(); } catch (error) { await sys.send(log, code(error)); }
      await sys.send(log, await failing);
    }`,
    [
      [1, 3, 6],
      ['KERN_NO_ACCESS', 'counter.read'],
      'here',
      'MIG_BAD_ID',
      'ended',
      'MACH_SEND_INVALID_DEST',
      'MIG_EXCEPTION',
      'ended by unforeseen',
    ],
  ],
  'excludes others': [
    `export async function main(sys: Sys, { log }) {
      const mutex = await sys.mutex();
      const shared = { inside: 0, most: 0, order: [] };
      const worker = async (name) => {
        for (let i = 0; i < 2; i++) {
          await mutex.lock();
          try {
            shared.inside += 1;
            shared.most = Math.max(shared.most, shared.inside);
            shared.order.push(name);
            await sys.sleep(2);
          } finally { shared.inside -= 1; await mutex.unlock(); }
        }
      };
      const all = [sys.spawn(worker, 'a'), sys.spawn(worker, 'b'), sys.spawn(worker, 'c')];
      for (const each of all) await each;
      await sys.send(log, [shared.most, shared.order.length, [...shared.order].sort().join('')]);
      try { await mutex.run(async () => { await sys.sleep(1); throw new Error('inside'); }); }
      catch (error) { await sys.send(log, error.message); }
      await sys.send(log, await mutex.run(() => 7));
      await mutex.lock();
      try { await mutex.lock({ timeoutMs: 5 }); } catch (error) { await sys.send(log, code(error)); }
      await mutex.unlock();
      try { await mutex.unlock(); } catch (error) { await sys.send(log, code(error)); }
    }`,
    [[1, 6, 'aabbcc'], 'inside', 7, 'MACH_RCV_TIMED_OUT', 'E_NOT_LOCKED'],
  ],
  'gives a mutex back whose holder is told to stop': [
    `export async function main(sys: Sys, { log }) {
      const mutex = await sys.mutex();
      const holder = sys.spawn(async () => {
        await mutex.lock();
        try { await sys.sleep(1000); } finally { await mutex.unlock(); }
      });
      await sys.sleep(2);
      const next = sys.spawn(async () => { await mutex.lock(); await mutex.unlock(); return 'mine'; });
      await sys.sleep(2);
      holder.cancel();
      try { await holder; } catch (error) { await sys.send(log, code(error)); }
      await sys.send(log, await next);
    }`,
    ['E_CANCELLED', 'mine'],
  ],
  'waits for a condition': [
    `export async function main(sys: Sys, { log }) {
      const mutex = await sys.mutex();
      const filled = sys.condition(mutex);
      const queue = [];
      const consumer = async (name) => {
        await mutex.lock();
        try {
          while (queue.length === 0) await filled.wait();
          return [name, queue.shift()];
        } finally { await mutex.unlock(); }
      };
      const [a, b, c] = [sys.spawn(consumer, 'a'), sys.spawn(consumer, 'b'), sys.spawn(consumer, 'c')];
      await sys.sleep(2);
      await mutex.run(async () => { queue.push(1); await filled.signal(); });
      await sys.send(log, await a);
      b.cancel(new Error('no more'));
      try { await b; } catch (error) { await sys.send(log, error.message); }
      await mutex.run(async () => { queue.push(2); await filled.broadcast(); });
      await sys.send(log, await c);
      await mutex.lock();
      await sys.send(log, await filled.wait({ timeoutMs: 5 }));
      await mutex.unlock();
      await sys.send(log, [mutex.isLocked, filled.waiting.length]);
    }`,
    [['a', 1], 'no more', ['c', 2], false, [false, 0]],
  ],
  'starts threads that share its objects': [
    `export async function main(sys: Sys, { log }) {
      const shared = { list: [] };
      const worker = async (name, ms) => { await sys.sleep(ms); shared.list.push(name); return shared.list.length; };
      const [slow, fast] = [sys.spawn(worker, 'slow', 20), sys.spawn(worker, 'fast', 2)];
      await sys.yield();
      await sys.send(log, [await slow, await fast, shared.list]);
      const failing = sys.spawn(async () => { await sys.sleep(1); throw new Error('no'); });
      try { await failing; } catch (error) { await sys.send(log, error.message); }
      const endless = sys.spawn(async () => { for (;;) await sys.sleep(1000); });
      await sys.sleep(1);
      await sys.send(log, sys.cancel(endless, 'enough'));
      try { await endless; } catch (error) { await sys.send(log, error); }
      const random = [sys.random(), sys.random()];
      await sys.sleep(1);
      await sys.send(log, random.every((each) => each >= 0 && each < 1) && sys.random() !== random[0]);
      await sys.exit();
      await sys.send(log, 'never');
    }`,
    [[2, 1, ['fast', 'slow']], 'no', true, 'enough', true],
  ],
  'has memory': [
    `export async function main(sys: Sys, { log }) {
      const at = await sys.vm.allocate(3 * 4096);
      await sys.vm.setU32(at, 7);
      await sys.vm.setF64(at + 4096, 1.5);
      await sys.sleep(1);
      await sys.vm.write(at + 8190, new Uint8Array([1, 2, 3, 4]));
      await sys.sleep(1);
      const sum = await sys.vm.window({ address: at, size: 4 }, 'write', (window) => {
        window.setU32(0, window.getU32(0) + 1);
        return window.getU32(0);
      });
      await sys.sleep(1);
      const bytes = await sys.vm.read(at + 8190, 4);
      await sys.send(log, [await sys.vm.getU32(at), await sys.vm.getF64(at + 4096), [...bytes], sum]);
      await sys.vm.copy(at, 4096, at + 8192);
      await sys.send(log, await sys.vm.getI32(at + 8192));
      await sys.vm.protect(at, 4096, 1);
      await sys.send(log, (await sys.vm.region(at)).protection);
      await sys.vm.deallocate(at, 3 * 4096);
    }`,
    [[8, 1.5, [1, 2, 3, 4], 8], 8, 1],
  ],
};

describe.each(Object.entries(cases))('a program that %s', (_, [source, log]) => {
  it('does so where it is', () => {
    expect(stayed(HEAD + source)).toEqual(log);
  });

  it('does so while it is moved at every wait', () => {
    const { log: other, moves } = moved(HEAD + source);
    expect(other).toEqual(log);
    expect(moves).toBeGreaterThan(0);
  });
});
