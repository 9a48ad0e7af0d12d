/** The normal form means what was written: same result, same calls in the same order. */
import { describe, expect, it } from 'vitest';
import { normalForm, print, runAsWritten, runNormalForm, strayed } from './normal-form.ts';
import { writeProgram } from './normal-fuzz.ts';

/** Bodies of `main(sys)`. */
const bodies: Readonly<Record<string, string>> = {
  'a local is read before the wait': `let x = 1; const set = async () => { x = 5; return 2; };
    return x + await set();`,
  'a compound assignment': 'let x = 1; const set = async () => { x = 5; return 2; }; x += await set(); return x;',
  'a member assignment':
    "let o: any = { n: 1 }; const p = o; o[note('n')] = await (async () => { o = {}; return 2; })(); return [p, o];",
  'a compound member assignment': `const o = { n: 1 }; o.n += await (async () => { o.n = 9; return 2; })();
    return o;`,
  'logical assignment': `const o: any = { a: 0, b: null, c: 1 }; o.a ||= await sys.echo(1); o.b ??= await sys.echo(2);
    o.c &&= await sys.echo(3); o.c ??= await sys.echo(4); return o;`,
  'update of an awaited object': 'const o = { n: 1 }; (await sys.echo(o)).n++; return o;',
  'a method that is replaced meanwhile':
    'const o: any = { f: (x: number) => x }; return o.f(await (async () => { o.f = () => 9; return 1; })());',
  'a callee that is replaced meanwhile':
    'let f = (x: number) => x; return f(await (async () => { f = () => 9; return 1; })());',
  'a receiver': 'const o = { k: 2, f(x: number) { return this.k * x; } }; return o.f(await sys.echo(3));',
  'null has no method': "const o: any = null; return o.f(await sys.echo('not reached'));",
  'what is called is no function': 'const o: any = {}; return o.f(await sys.echo(1));',
  'spread before a wait': 'const a = [1]; return [...a, await (async () => { a.push(2); return 3; })(), ...a];',
  'spread of arguments': 'const a = [1]; return Math.max(...a, await sys.echo(3), ...a);',
  'object literal':
    "const a: any = { x: 1 }; return { ...a, [note('k')]: await (async () => { a.x = 2; return 3; })(), y: a.x };",
  template: `const a = [1]; return \`\${a}-\${await (async () => { a.push(2); return 3; })()}-\${a}\`;`,
  conditional: 'return [true, false].map((x) => x) && (await sys.echo(0) ? await sys.echo(1) : await sys.echo(2));',
  'short circuits': `
    return [await sys.echo(0) && await sys.echo(1), await sys.echo(0) || await sys.echo(2),
    null ?? await sys.echo(3)];`,
  sequence: 'return (note(1), await sys.echo(2), note(3));',
  'optional chain': `const o: any = { a: { f(x: number) { return [this.k, x]; }, k: 1 }, n: null };
    return [o?.a?.f(await sys.echo(1)), o.n?.[await sys.echo('no')].x.y,
    o.a[await sys.echo('f')]?.(await sys.echo(2)), o.z?.(await sys.echo('no'))];`,
  'chain on an awaited base': '(await sys.echo(null))?.x; return (await sys.echo({ x: { y: 1 } }))?.x.y;',
  new: 'class2: { } return new Map([[await sys.echo(1), await sys.echo(2)]]).get(1);'.replace('class2: { } ', ''),
  'typeof and delete': 'const o: any = { a: 1 }; delete (await sys.echo(o)).a; return [typeof await sys.echo(1), o];',
  'declarations in their order': 'const a = 1, b = await sys.echo(2), c = a + b; let d; return [a, b, c, d];',
  'patterns with waits': `const { a = await sys.echo(1), [await sys.echo('k')]: b, ...rest } = { k: 2, z: 3,
    y: 4 } as any;
    const [c, , d = await sys.echo(5), ...e] = [1, 2, undefined, 4, 5]; return [a, b, rest, c, d, e];`,
  'a pattern that assigns': `const o: any = {}; let x; [o.a, x = await sys.echo(1), ...o.r] = new Set([7,
    undefined, 8, 9]); ({
    p: o[await sys.echo("q")] } = { p: 3 }); return [o, x];`,
  'a pattern closes its iterator': `function* g() { try { yield; yield 2; } finally { note("closed"); } }
    const [a = await sys.echo(1)] = g(); return a;`,
  'a pattern of null': 'const { [await sys.echo("k")]: x } = null as any; return x;',
  while: 'let n = 0; while (await sys.echo(n) < 3) { n++; if (n === 1) continue; if (n === 2) break; } return n;',
  'do while': 'let n = 0; do { n++; if (n === 2) continue; note(n); } while (await sys.echo(n < 3)); return n;',
  'for with waits everywhere': `let s = 0; for (let i = await sys.echo(0); i < await sys.echo(4);
    i += await sys.echo(1)) {
    if (i === 1) continue; s += i; } return s;`,
  'for with closures': `const fs: any[] = []; for (let i = 0; i < 3; i++) { fs.push(() => i); if (i === 1) continue;
    i += await sys.echo(0); } return fs.map((f) => f());`,
  'for with closures in its head': `const fs: any[] = []; for (let i = 0, f = () => i; i < 3; i++, fs.push(() => i)) {
    await sys.echo(i); fs.push(f); } return fs.map((f) => f());`,
  'for of': `let s = ""; outer: for (const c of "abcd") { for (const [i, x] of [1, 2, 3].entries()) {
    if (x === 2) continue outer; if (c === "c") break outer; s += c + i + await sys.echo(x); } }
    return s;`,
  'for of closes its iterator': `function* g() { try { yield 1; yield 2; } finally { note("closed");
    } } for (const x of g()) {
    await sys.echo(x); break; } try { for (const x of g()) await sys.fail(x); } catch (e) { return e; }`,
  'for of assigns': `const o: any = {}; for (o.x of [1, 2]) await sys.echo(o.x); let y;
    for ([y] of [[3]]) await sys.echo(y); return [o, y];`,
  'for of shadows':
    'const r = []; for (const x of [1, 2]) { await sys.echo(x); { const x = 5; r.push(x); } r.push(x); } return r;',
  'for of without a wait in its body':
    'let s = 0; for (const x of await sys.echo([1, 2])) { if (x === 2) return s; s += x; }',
  'for in': `const o: any = { a: 1, b: 2, c: 3 }; const r = []; for (const k in o) { delete o.b;
    r.push(await sys.echo(k)); } return r;`,
  switch: `const r = []; for (const x of [1, 2, 3, 4, 5]) { switch (await sys.echo(x)) { case 1: r.push("one");
    case 2: let y = await sys.echo("y"); r.push(y); break; default: r.push("other");
    case 3: r.push("three"); if (x === 5) continue; } r.push("end"); } return r;`,
  'switch with waits in its tests': `const r = []; for (const x of [1, 2, 3]) { switch (x) {
    case await sys.echo(1): r.push(1); break;
    default: r.push("d"); case await sys.echo(2): r.push(2); } } return r;`,
  labels: `a: { b: { if (await sys.echo(1)) break a; note("no"); } note("no"); } c: if (await sys.echo(1)) {
    break c; } return 1;`,
  'a label on a loop that is taken apart': `let n = 0; l: do { for (;;) { n += await sys.echo(1);
    if (n < 3) continue l; break l; } }
    while (await sys.echo(true)); return n;`,
  try: `const r: any[] = []; try { try { await sys.fail(1); } finally { r.push(await sys.echo(2)); } }
    catch ({ x = await sys.echo(3) }: any) { r.push(x); } return r;`,
  'return through finally': 'try { return await sys.echo(1); } finally { await sys.echo(2); }',
  'finally overrides': `for (;;) { try { throw await sys.echo(1); } finally { await sys.echo(2); break;
    } } return 3;`,
  'return in try': `const f = async () => { throw 1; }; try { return f(); } catch { return "not caught"; } finally {
    note("finally"); }`,
  joins: `const f = async (x: number) => sys.echo(x);
    return [await Promise.all([f(1), f(2), f(await f(3))]), await Promise.allSettled([sys.fail(4)]),
    await Promise.race([f(5), f(6)])];`,
  'a call that is kept': `const f = async (x: number) => { note(x); return sys.echo(x); }; const p = f(1);
    note("then");
    const q = [f(2)]; return [await p, await q[0]];`,
  parameters: `const f = async (a: number, b = a + 1, { c, d = note(b) }: any = {
    c: 3 }, ...[e, g]: number[]) => [a, b, c, d, e, g, await sys.echo(1)];
    return [await f(1), await f(1, 2, { c: 4, d: 5 }, 6, 7)];`,
  'a parameter with a var of its name':
    'const f = async ({ a }: any) => { var a = a + 1; return await sys.echo(a); }; return await f({ a: 1 });',
  generators: `function* g(): any { const x = yield 1; const r = yield* h(x);
    return [r, ...(yield [...(yield r), 2])]; } function* h(x: any): any { try { return yield x; }
    finally { note("h"); } } const i = g();
    return [i.next(), i.next(2), i.next(3), i.next([4]), i.next([5]), i.next()];`,
  'async generators': `async function* g(): any { const x = yield sys.echo(1); try { yield* [x, sys.echo(3)];
    return sys.echo(4); } finally { note("closed"); } } const i = g();
    return [await i.next(), await i.next(2), await i.next(), await i.next(), await i.next()];`,
  'an async generator catches what it returns': `async function* g() { try { return sys.fail(1); } catch (e) {
    yield e; } } const i = g();
    return [await i.next(), await i.next()];`,
  'for await': `async function* g() { try { yield 1; yield 2; yield 3; } finally { await sys.echo("closed"); } }
    const r = []; l: for await (const x of g()) { if (x === 1) continue l; r.push(await sys.echo(x));
    if (x === 2) break; } for await (const y of [sys.echo(7), 8]) r.push(y); return r;`,
  arrows: 'const f = async (x: number) => x + await sys.echo(1); return await f(await f(1));',
  'methods and this': `const o = { n: 1, async add(x: number) { this.n += await sys.echo(x); return this; } };
    return (await (await o.add(2)).add(3)).n;`,
  'nested functions': `const f = async () => { const g = async () => await sys.echo(1) + await sys.echo(2);
    return await g() + await g(); }; return await f();`,
};

const moduleOf = (body: string): string =>
  `export async function main(sys: any, note: any): Promise<any> {\n${body}\n}\n`;

describe('the normal form', () => {
  it.each(Object.entries(bodies))('means what was written: %s', async (_, body) => {
    const source = moduleOf(body);
    expect(await runNormalForm(source)).toEqual(await runAsWritten(source));
  });

  it.each(Object.entries(bodies))('has suspensions only as whole statements: %s', (_, body) => {
    expect(strayed(normalForm(moduleOf(body)))).toEqual([]);
  });

  it('leaves statements without suspension as they are', () => {
    const source = moduleOf(
      'let s = 0; for (const x of [1, 2]) { if (x > 1) continue; s += x ?? 1; } await sys.echo(s); return s;',
    );
    expect(print(normalForm(source))).toContain('for (const x of [1, 2]) {');
  });

  it('uses temporaries again', () => {
    const source = moduleOf('note(await sys.echo(1)); note(await sys.echo(2));');
    expect(print(normalForm(source))).toContain('let $t1;');
  });

  it.each(Array.from({ length: 150 }, (_, seed) => seed))('means what was written: random program %i', async (seed) => {
    const source = moduleOf(writeProgram(seed));
    const tree = normalForm(source);
    expect(strayed(tree)).toEqual([]);
    expect(await runNormalForm(source), source).toEqual(await runAsWritten(source));
  });
});

/** How many calls are started. What `near` returns is left to its callers, as long as it is only called. */
const startsIn = (body: string): number => {
  const head = "import { far } from './far.ts';\nconst near = () => far();\n";
  return print(normalForm(head + moduleOf(body))).split('$rt.start(').length - 1;
};

describe('a call that nobody awaits at once is started', () => {
  const async = 'const f = async () => 1;';
  it.each([
    [`${async} const p = f(); await p;`, 1],
    [`${async} await f(); return f();`, 0],
    [`${async} try { return f(); } finally { }`, 1],
    [`${async} void f();`, 1],
    ['far();', 1],
    ['await (far() ? far() : null);', 1],
    ['await Promise.all([sys.echo(1), sys.echo(2)]);', 0],
    ['Math.max(1); [1].map(String); sys.now(); far() + 1;', 0],
    ['return async () => far();', 0],
    ['return () => far();', 1],
    ['await near(); return near();', 0],
    ['void near();', 1],
    ['return [1].map(near);', 1],
  ])('%s', (body, starts) => {
    expect(startsIn(body)).toBe(starts);
  });
});
