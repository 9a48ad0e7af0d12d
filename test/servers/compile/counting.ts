/** A small project: two program modules, one of which imports the other, two plain modules, and a host that runs them. */

/**
 * Where the program throws, in its own file: what every tool has to show. It is at `new`; the minifier of Vite only
 * knows of the `Error` behind it.
 */
export const THROWN_AT: RegExp = /count\.program\.ts:12:(9|13)\)/;

export const files: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "counting", "private": true, "type": "module" }',
  'count.program.ts': `import type { Sys } from 'portolan/resumable';
import { twice } from './twice.program.ts';
import { label } from './label.ts';

interface Args {
  readonly upTo: number;
}

export async function main(sys: Sys, args: Args): Promise<void> {
  let sum: number = 0;
  for (let n = 1; n <= args.upTo; n += 1) sum += await twice(sys, n);
  throw new Error(label(sum));
}
`,
  'twice.program.ts': `import type { Sys } from 'portolan/resumable';

export async function twice(sys: Sys, n: number): Promise<number> {
  await sys.sleep(1);
  return 2 * n;
}
`,
  'label.ts': `import { words } from './words.ts';
export const label = (sum: number): string => \`\${words} \${sum}\`;
`,
  'words.ts': `export const words = 'the sum is';
`,
  'app.ts': `import { bootKernel, createTask, createThread, runKernel } from 'portolan';
import { programOf } from 'portolan/resumable';
import { main } from './count.program.ts';

let now = 0;
const program = programOf(main);
const kernel = bootKernel({ node: 'here', clock: { now: () => now }, pump: { wanted() {}, deadline() {} } });
createThread(createTask(kernel, 'count'), program, program.start({ upTo: 3 }));
for (; now < 10; now += 1) runKernel(kernel, 1000);
const why: string[] = kernel.life.read().map(({ detail }) => String(detail['why'] ?? ''));
console.log(program.hash);
console.log(why.join(''));
`,
};
