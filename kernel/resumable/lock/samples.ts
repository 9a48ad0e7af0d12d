/**
 * One of each kind of object whose prototype has no name of its own. Nothing here runs: samples are made to be looked
 * at. The one file of the core that says `async`, and the law that forbids it names this file.
 */

/** Iterators of the engine: what stands above each of them is hidden. */
const iterators = (): object[] => [
  [][Symbol.iterator](),
  new Map()[Symbol.iterator](),
  new Set()[Symbol.iterator](),
  ''[Symbol.iterator](),
  ''.matchAll(/(?:)/g),
];

/** Functions whose constructors are hidden, and whose instances have a prototype that is hidden, too. */
const functions = (): object[] => [
  function* sample() {},
  async () => undefined,
  // An async generator that yields nothing.
  async function* sample() {},
];

/** A sample of each kind. Made anew at each call. */
export const samples = (): object[] => [...iterators(), ...functions(), new Uint8Array(0)];
