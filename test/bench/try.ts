import { Children } from './children.ts';
import { SCALES } from './scales.ts';
import { freeze } from './freeze.ts';
const children = await Children.prepare();
const run = { scale: SCALES[(process.argv[2] ?? 'smoke') as 'smoke'], children, signal: new AbortController().signal, say: (l: string) => console.error(performance.now().toFixed(0), l), skip: console.error, fail: console.error } as never;
try { const r = await freeze.run(run); console.log(freeze.tell(r).join('\n')); } finally { await children.close(); }
