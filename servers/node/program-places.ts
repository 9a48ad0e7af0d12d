/**
 * Where in its sources a program failed. What runs is one text made of many files; whoever reads of a failure wants the
 * file that was written. The frames of a stack that lie in the text are put in terms of the sources, and those of the
 * kernel beneath are left out: they say nothing about the program.
 */
import { SourceMap, type SourceMapPayload } from 'node:module';
import { dirname, resolve } from 'node:path';

/** Puts an error that a program threw in terms of its sources. Anything else that was thrown passes as it is. */
export type Placed = (thrown: unknown) => unknown;

/**
 * A caller as the runtime of resumable programs tells it: in terms of the source already, by a path that is
 * relative.
 */
const LOGICAL = /^(\s+at async .*\()(?![/\\]|\w+:[/\\\D])([^()]+:\d+:\d+\))$/;

/** For the program of `file`, compiled from a text with the source map `map` (JSON, version 3). */
export const placesOf = (file: string, map: string): Placed => {
  const frame = new RegExp(`${file.replace(/[.*+?^$()|[\]{}\\]/g, '\\$&')}:(\\d+):(\\d+)`);
  let sources: SourceMap | null | undefined;
  const place = (text: string): string => {
    const [, line = '', column = ''] = frame.exec(text) ?? [];
    if (sources === undefined) sources = sourcesOf(map);
    if (line === '' || sources === null) return text;
    const entry = sources.findEntry(Number(line) - 1, Number(column) - 1);
    if (!('originalSource' in entry)) return text;
    const source = resolve(dirname(file), entry.originalSource.replace(/^file:\/\//, ''));
    return text.replace(frame, `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`);
  };
  return (thrown) => {
    if (!(thrown instanceof Error) || thrown.stack === undefined) return thrown;
    const lines = thrown.stack.split('\n');
    const first = lines.findIndex((line) => /^\s+at /.test(line));
    const head = first < 0 ? lines : lines.slice(0, first);
    const calls = lines.slice(head.length).flatMap((line) => {
      if (frame.test(line)) return [place(line)];
      return LOGICAL.test(line) ? [line.replace(LOGICAL, `$1${dirname(file)}/$2`)] : [];
    });
    // An error that cannot be written to keeps its stack.
    Reflect.set(thrown, 'stack', [...head, ...calls].join('\n'));
    return thrown;
  };
};

/** A map may have come from another node: what cannot be read is no reason not to tell of an error. */
const sourcesOf = (map: string): SourceMap | null => {
  try {
    return new SourceMap(JSON.parse(map) as SourceMapPayload);
  } catch {
    return null;
  }
};

/** The line of a stack that says where: `file:line:column`; null if it does not. */
export const placeIn = (stack: string): string | null => /\(?(\/\S+?:\d+:\d+)\)?$/m.exec(stack)?.[1] ?? null;
