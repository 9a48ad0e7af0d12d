/** Processes of one BEAM with one scheduler (`erlang-base` of Debian): what a runtime made for messages does. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Contender, type Measured, share } from '../contender.ts';

/** Lines of a process, one for each that was written to it. */
class Beam {
  readonly #process: ChildProcess;
  #heard: (line: string) => void = () => undefined;
  #ended: (why: Error) => void = () => undefined;

  constructor(folder: string) {
    const flags = ['+S', '1:1', '+P', '1000000', '-noshell', '-pa', folder, '-s', 'bench', 'main'];
    const env = { ...process.env, HOME: folder };
    this.#process = spawn('erl', flags, { stdio: ['pipe', 'pipe', 'inherit'], env });
    this.#process.once('exit', () => this.#ended(new Error('the BEAM ended')));
    const lines = createInterface({ input: this.#process.stdout as NodeJS.ReadableStream });
    lines.on('line', (line) => this.#heard(line));
    process.once('exit', () => {
      this.#process.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    });
  }

  next(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#heard = resolve;
      this.#ended = reject;
    });
  }

  ask(line: string): Promise<string> {
    this.#process.stdin?.write(`${line}\n`);
    return this.next();
  }
}

export const erlang: Contender = {
  name: 'erlang',
  async setup(pairs, body) {
    const folder = mkdtempSync(join(tmpdir(), 'portolan-erl-'));
    const compiled = spawnSync('erlc', ['-o', folder, join(process.cwd(), 'test/bench/peers/bench.erl')]);
    if (compiled.status !== 0) throw new Error('there is no Erlang (Debian: apt-get install erlang-base)');
    const beam = new Beam(folder);
    await beam.next();
    const size = body === 'bytes' ? 1024 : body === 'text' ? 64 : 0;
    const run = async (what: string, n: number): Promise<Measured> => {
      const each = share(n, pairs);
      const [, ns] = (await beam.ask(`${what} ${size} ${each} ${pairs}`)).split(' ');
      if (!(Number(ns) > 0)) throw new Error('the BEAM could not measure it');
      return { done: each * pairs, ns: Number(ns) };
    };
    return { oneWay: (n) => run('oneWay', n), rpc: (n) => run('rpc', n) };
  },
};
