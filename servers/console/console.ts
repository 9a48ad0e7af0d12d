/** The console server: a machine that hands each line to a sink, and keeps the last. */

import { Refusal } from '../../kernel/interface/subsystem.ts';
import { machine } from '../../kernel/machine.ts';
import type { Program, Sys } from '../../kernel/program.ts';
import type { PortName } from '../../ports/name.ts';
import {
  type ConsoleLine,
  type ConsoleLines,
  consoleService,
  LINE_MAX,
  LINES_MAX,
  READ_LINES_MAX,
} from './protocol.ts';

/** Where lines go besides. */
export type Sink = (line: ConsoleLine) => void;

/** What the console is given. */
export interface ConsoleArguments {
  /** Receive right of the service. */
  readonly service: PortName;
  readonly sink: Sink;
}

interface State {
  at: string;
  readonly own: ConsoleArguments;
  readonly lines: ConsoleLine[];
  count: number;
}

/** The program of the console. It holds a sink, so it stays where it is. */
export const consoleServer: Program = machine<State, ConsoleArguments>({
  name: 'console',
  hash: 'console',
  start: (own) => ({ at: 'begin', own, lines: [], count: 0 }),
  handlers: {
    begin(sys, s) {
      sys.call({ op: 'port_set_qlimit', name: s.own.service, qlimit: 256 });
      s.at = 'serve';
      sys.receive(s.own.service);
    },
    serve(sys, s, { message }) {
      if (message !== null) {
        const task = message.sender?.token ?? '';
        consoleService.serve(sys, message, {
          print: (request) => print(sys, s, task, request?.text),
          read: (request) => read(s, request?.since, request?.task),
        });
      }
      sys.receive(s.own.service);
    },
  },
});

/** Control characters could move the cursor of whoever reads the log: they are shown, not obeyed. */
const printable = (text: string): string =>
  text.replace(/(?!\t)\p{Cc}/gu, (each) => `\\x${each.charCodeAt(0).toString(16).padStart(2, '0')}`);

const print = (sys: Sys, s: State, task: string, text: unknown): null | Refusal => {
  if (typeof text !== 'string') return new Refusal('KERN_INVALID_ARGUMENT');
  for (const part of text.replace(/\n$/, '').split('\n')) {
    s.count += 1;
    const line = { n: s.count, at: sys.now(), task, text: printable(part.slice(0, LINE_MAX)) };
    s.lines.push(line);
    if (s.lines.length > LINES_MAX) s.lines.shift();
    s.own.sink(line);
  }
  return null;
};

const read = (s: State, since: unknown, task: unknown): ConsoleLines | Refusal => {
  if (typeof since !== 'number' || typeof task !== 'string') return new Refusal('KERN_INVALID_ARGUMENT');
  const found = s.lines.filter((line) => line.n > since && (task === '' || line.task === task));
  const lines = found.slice(0, READ_LINES_MAX);
  return { lines, more: found.length > lines.length, lost: s.count - s.lines.length };
};
