import { describe, expect, it } from 'vitest';
import type { KernelRequest } from '../../../kernel/interface/calls.ts';
import type { Task } from '../../../kernel/kernel.ts';
import { createTask, createThread } from '../../../kernel/lives.ts';
import { type MachineState, machine } from '../../../kernel/machine.ts';
import { programOf } from '../../../kernel/resumable/program.ts';
import { type PortName, portName } from '../../../ports/name.ts';
import { carry, insertRight } from '../../../ports/name-calls.ts';
import { COPY_SEND, MAKE_SEND, MAKE_SEND_ONCE, MOVE_RECEIVE, MOVE_SEND_ONCE } from '../../../ports/right.ts';
import { sys } from './bare-sys.ts';
import { end, go, handModule } from './hand.ts';
import { play } from './hand-scene.ts';

const allocate: KernelRequest = { op: 'port_allocate', right: 'RECEIVE' };

describe('messages', () => {
  it('go between resumable programs and a machine between them', () => {
    const log: unknown[] = [];
    const relay = machine<MachineState & { readonly to: number; readonly from: number }, [number, number]>({
      name: 'relay',
      start: ([from, to]) => ({ at: 'receive', to, from }),
      handlers: {
        receive: (its, s) => {
          s.at = 'pass';
          its.receive(portName(s.from));
        },
        pass: (its, s, { message }) => {
          if (message === null) return its.exit();
          const { id, body, remote } = message;
          const local = { local: remote, localDisposition: MOVE_SEND_ONCE };
          its.msg({
            send: { remote: portName(s.to), remoteDisposition: COPY_SEND, ...local, id, body },
            receive: portName(s.from),
          });
        },
      },
    });
    const { define } = handModule('server.program.ts');
    const server = define(
      'main',
      ['sys', 'port'],
      [
        (locals) => sys.receive(locals['port'] as never),
        (_, message: { reply: never; body: number; sender: string }, frame) => {
          log.push(typeof message.sender);
          const draft = { remote: message.reply, remoteDisposition: MOVE_SEND_ONCE, id: 2, body: message.body + 1 };
          return go(frame, 0, sys.send(draft));
        },
      ],
    );
    const client = handModule('client.program.ts').define(
      'main',
      ['sys', 'to'],
      [
        () => sys.call(allocate),
        (locals, { name }: { name: never }) => {
          locals['reply'] = name;
          locals['n'] = 0;
          return undefined;
        },
        (locals, answer: { body: number } | undefined, frame) => {
          if (answer !== undefined) log.push(answer.body);
          locals['n'] = answer?.body ?? 0;
          if ((locals['n'] as number) >= 3) return end(frame);
          const local = { local: locals['reply'] as never, localDisposition: MAKE_SEND_ONCE };
          const draft = {
            remote: locals['to'] as never,
            remoteDisposition: COPY_SEND,
            id: 1,
            body: locals['n'] as number,
          };
          return go(frame, 2, sys.rpc({ ...draft, ...local }, locals['reply'] as never));
        },
      ],
    );
    const programs = [programOf(server), programOf(client)] as const;
    const { lab, failures } = play(handModule('x').define('main', [], []));
    const host = lab.host();
    const give = (task: Task, name: number, from: PortName, disposition: number): void => {
      const right = carry(host.task.space, from, disposition);
      if (typeof right === 'string') throw new Error(right);
      expect(insertRight(task.space, portName(name), right)).toBe('KERN_SUCCESS');
    };
    const front = host.allocate();
    const back = host.allocate();
    const task = (name: string): Task => createTask(lab.kernel, name);
    const [a, b, c] = [task('client'), task('relay'), task('server')];
    give(a, 0x500, front, MAKE_SEND);
    give(b, 0x502, back, MAKE_SEND);
    give(b, 0x501, front, MOVE_RECEIVE);
    give(c, 0x503, back, MOVE_RECEIVE);
    createThread(c, programs[0], programs[0].start(0x503));
    createThread(b, relay, relay.start([0x501, 0x502]));
    createThread(a, programs[1], programs[1].start(0x500));
    lab.rest();
    expect(failures()).toEqual([]);
    expect(log).toEqual(['string', 1, 'string', 2, 'string', 3]);
  });
});
