/**
 * A process that goes on with tasks that were frozen in another: `node --import tsx reviver.ts FILE`. The file holds
 * compiled modules and frozen tasks (`v8.serialize`); each task goes on in a fresh instance of its modules, to its end.
 * Writes the runs to the standard output, in order, in the same form.
 */
import { readFileSync, writeSync } from 'node:fs';
import process from 'node:process';
import { deserialize, serialize } from 'node:v8';
import { goOn } from './compare.ts';
import { type Compiled, programFrom } from './compiled.ts';
import type { Frozen } from './scene.ts';

const main = (file: string): void => {
  const jobs = deserialize(readFileSync(file)) as readonly (readonly [Compiled, readonly Frozen[]])[];
  const runs = jobs.map(([compiled, tasks]) => tasks.map((frozen) => goOn(programFrom(compiled), frozen)));
  const octets = serialize(runs);
  for (let at = 0; at < octets.length; ) at += writeSync(1, octets, at);
};

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('reviver.ts FILE: the file with the tasks is missing');
main(file);
