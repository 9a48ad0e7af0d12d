import { describe, expect, it } from 'vitest';
import { consoleServer } from '../../servers/console/console.ts';
import { type ConsoleLine, consoleService, LINE_MAX, LINES_MAX } from '../../servers/console/protocol.ts';
import { World } from '../support/two-kernels.ts';
import { addServer, ask, grant } from './server-scene.ts';

const scene = () => {
  const printed: ConsoleLine[] = [];
  const node = new World().node('a');
  const served = addServer(node, consoleServer, (service) => ({
    service,
    sink: (line: ConsoleLine) => printed.push(line),
  }));
  const user = node.actor('user');
  const console = grant(served, user);
  const print = (text: unknown) => ask(user, console, [consoleService, 'print', { text: text as string }]).code;
  const read = (since: number, task = '') => ask(user, console, [consoleService, 'read', { since, task }]).value;
  return { node, served, printed, user, print, read };
};

describe('a console', () => {
  it('hands on what is printed, line by line, with the name of the task', () => {
    const { printed, print, user } = scene();
    expect(print('one\ntwo\n')).toBe('KERN_SUCCESS');
    const { token } = user.host.task.space.identity;
    expect(printed.map(({ text, task }) => [text, task])).toEqual([
      ['one', token],
      ['two', token],
    ]);
  });

  it('tells one task from another', () => {
    const { node, served, print, read } = scene();
    const other = node.actor('other');
    print('mine');
    ask(other, grant(served, other), [consoleService, 'print', { text: 'yours' }]);
    expect(read(0)?.lines.map(({ text }) => text)).toEqual(['mine', 'yours']);
    expect(read(0, other.host.task.space.identity.token)?.lines.map(({ text }) => text)).toEqual(['yours']);
    expect(read(1)?.lines.map(({ text }) => text)).toEqual(['yours']);
  });

  it('shows control characters instead of obeying them', () => {
    const { printed, print } = scene();
    print('\x1b[2Jclear\ta tab\r');
    expect(printed[0]?.text).toBe('\\x1b[2Jclear\ta tab\\x0d');
  });

  it('keeps the last lines, and says how many it lost', () => {
    const { print, read } = scene();
    const lines = Array.from({ length: 500 }, (_, at) => `line ${at}`).join('\n');
    for (let i = 0; i < 9; i += 1) print(lines);
    const part = read(0);
    expect([part?.lines[0]?.n, part?.more, part?.lost]).toEqual([9 * 500 - LINES_MAX + 1, true, 9 * 500 - LINES_MAX]);
  });

  it('cuts a line that is too long, and refuses what is no text', () => {
    const { printed, print } = scene();
    print('x'.repeat(LINE_MAX + 1));
    expect(printed[0]?.text).toHaveLength(LINE_MAX);
    expect(print(7)).toBe('KERN_INVALID_ARGUMENT');
  });
});
