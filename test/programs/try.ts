import { families, familyTroupe, nativeTroupe } from './troupe.ts';
import { traceNative } from './native.ts';
let n = 0, calls = 0;
process.on('unhandledRejection', (e) => { console.log('unhandled', e); });
for (const family of families) {
  const native = nativeTroupe(familyTroupe(family));
  for (const [name, shape] of Object.entries(native.SHAPES)) {
    const trace = await traceNative(native.play, shape);
    const again = await traceNative(native.play, shape);
    if (trace.join() !== again.join()) console.log('NOT DETERMINISTIC', name);
    n++; calls += trace.length;
    const last = trace.at(-1)!;
    if (process.argv[2]) console.log(family, name, trace.length, trace.find((t) => t.startsWith('["done"')));
    if (!trace.some((t) => t.startsWith('["done"'))) console.log('NO END', name);
  }
}
console.log(n, 'shapes', calls, 'calls');
