/**
 * What a program finds in the air. It must mean the same on every node and give no power: what a program can do,
 * it can do through the ports that it was given.
 */

/** Names from outside the module that a program may use. */
export const allowedGlobals: ReadonlySet<string> = new Set([
  ...['Infinity', 'NaN', 'undefined'],
  ...['Array', 'BigInt', 'Boolean', 'Date', 'JSON', 'Map', 'Math', 'Number', 'Object', 'Reflect', 'RegExp', 'Set'],
  ...['String', 'Symbol', 'structuredClone'],
  ...['AggregateError', 'Error', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError'],
  ...['ArrayBuffer', 'DataView', 'TextDecoder', 'TextEncoder'],
  ...['Int8Array', 'Int16Array', 'Int32Array', 'Uint8Array', 'Uint8ClampedArray', 'Uint16Array', 'Uint32Array'],
  ...['BigInt64Array', 'BigUint64Array', 'Float32Array', 'Float64Array'],
  ...['decodeURI', 'decodeURIComponent', 'encodeURI', 'encodeURIComponent'],
  ...['isFinite', 'isNaN', 'parseFloat', 'parseInt'],
]);

const clock = 'use `sys.now()`';
const timer = 'use `await sys.sleep(ms)`';
const messages = 'send a message to a server that does it';
const collections = 'use a Map or a Set';
const argument = 'hand in what is needed as an argument';

/** What to write instead of some names that are not allowed. */
const instead: ReadonlyMap<string, string> = new Map([
  ...['performance', 'Temporal'].map((name) => [name, clock] as const),
  ...['clearImmediate', 'clearInterval', 'clearTimeout', 'queueMicrotask', 'requestAnimationFrame'].map(
    (name) => [name, timer] as const,
  ),
  ...['setImmediate', 'setInterval', 'setTimeout'].map((name) => [name, timer] as const),
  ...['EventSource', 'WebSocket', 'Worker', 'XMLHttpRequest', 'console', 'fetch', 'localStorage'].map(
    (name) => [name, messages] as const,
  ),
  ...['FinalizationRegistry', 'Proxy', 'WeakMap', 'WeakRef', 'WeakSet'].map((name) => [name, collections] as const),
  ...['Buffer', '__dirname', '__filename', 'document', 'process', 'window'].map((name) => [name, argument] as const),
  ['crypto', 'use `sys.random()`, or ask a server for secrets'],
  ['globalThis', 'import what is needed, or hand it in as an argument'],
  ['require', 'import at the head of the module'],
  ['module', 'export by name'],
  ['exports', 'export by name'],
  ['SharedArrayBuffer', 'use `sys.vm`'],
  ['Atomics', 'use `sys.vm`, or a mutex'],
  ['Intl', 'format where the text is shown: locales differ from node to node'],
]);

/** What to write instead of a global name. */
export const hintFor = (name: string): string =>
  instead.get(name) ?? 'declare or import it, or hand it in as an argument';

/** Harmless objects with one member that is not. */
export const forbiddenMembers: ReadonlyMap<string, string> = new Map([
  ['Date.now', clock],
  ['Math.random', 'use `sys.random()`'],
  ['Array.fromAsync', 'write a `for await` loop'],
]);
