import { describe, expect, it } from 'vitest';
import { budget, runCompiled, runNative } from './drive.ts';

/** Bodies of `async function main(sys, args)`, in normal form. */
const bodies: Readonly<Record<string, string>> = {
  'a loop, an await, a closure, try/finally': `
    let total = 0;
    const add = (n) => { total += n; return () => total; };
    for (let i = 0; i < 9; i++) {
      try {
        const v = await sys.call('a', i);
        if (v === 3) continue;
        if (v === 4) await sys.call('fail', 1);
        if (v === 7) return [total, add(1)()];
        add(v);
      } catch (e) {
        await sys.call('caught', e.message);
        total += 1000;
      } finally {
        await sys.call('fin', i);
      }
    }`,
  'completions through nested finally blocks': `
    const seen = [];
    outer: for (let i = 0; i < 5; i++) {
      try {
        try {
          await sys.call('x', i);
          if (i === 1) continue outer;
          if (i === 3) break outer;
          if (i === 2) throw new Error('two');
          seen.push('end' + i);
        } finally {
          await sys.call('inner', i);
          seen.push('inner' + i);
        }
      } catch (e) {
        seen.push(e.message);
      } finally {
        await sys.call('outer', i);
        seen.push('outer' + i);
      }
    }
    return seen;`,
  'a finally that overrides a return, and one that overrides a throw': `
    const f = async (how) => {
      L: try {
        if (how === 1) return 'lost';
        throw new Error('lost, too');
      } finally {
        await sys.call('f', how);
        if (how === 1) return 'kept';
        break L;
      }
      return 'after';
    };
    let a; a = await f(1);
    let b; b = await f(2);
    return [a, b];`,
  'closures of each turn of a loop, in whole and in taken-apart loops': `
    const fns = [];
    for (let i = 0; i < 3; i++) fns.push(() => i++);
    for (let i = 0; i < 3; i++) { await sys.call('t', i); fns.push(() => i * 10); }
    for (const [k, v] of [['a', 1], ['b', 2]]) fns.push(() => k + v);
    for (const k in { p: 1, q: 2 }) { const w = k + k; fns.push(() => w); }
    await sys.call('t', 9);
    for (const f of fns) f();
    return fns.map((f) => f());`,
  'shadowed names, vars, hoisted functions, named function expressions': `
    var x = 1;
    const out = [fact(5)];
    function fact(n) { return n < 2 ? 1 : n * fact(n - 1); }
    { let x = 2; await sys.call('s', x); { let x = 3; await sys.call('s', x); out.push(x); } out.push(x); }
    for (var q = 0; q < 3; q++) { var last = q; }
    await sys.call('s', x);
    const fib = function self(n) { return n < 2 ? n : self(n - 1) + self(n - 2); };
    { function inner() { return x + q + last; } out.push(inner()); }
    return [...out, x, q, last, fib(10)];`,
  'switch scopes, catch parameters and patterns that are captured': `
    const fns = [];
    for (let i = 0; i < 3; i++) {
      switch (i) { case 0: let z = 'z'; fns.push(() => z); break; case 1: { let z = 'y'; fns.push(() => z + 1);
      break; } default: fns.push(g); }
      function g() { return 'g'; }
    }
    const { a, b: [c, d = 4], ...rest } = { a: 1, b: [3], e: 5, f: 6 };
    fns.push(() => [a, d, rest]);
    try { throw { message: 'm', code: 7 }; } catch ({ message, code }) { fns.push(() => message + code); }
    try { await sys.call('fail', 1); } catch ({ message }) { fns.push(() => message); }
    await sys.call('x', c);
    return fns.map((f) => f());`,
  'methods, this, arrows in methods': `
    const o = {
      n: 1,
      plain() { return [1, 2].map((x) => x + this.n); },
      async slow(k) { const v = await sys.call('m', k); this.n += v; const f = () => this.n;
      await sys.call('n', 0); return f(); },
      'q-r': function () { return this.n * 2; },
    };
    let r; r = await o.slow(5);
    return [r, o.plain(), o['q-r'](), o.n];`,
  'generators with finally, left early': `
    const log = [];
    function* g(n) { try { for (let i = 0; i < n; i++) { const got = yield i; if (got) log.push(got);
      } } finally { log.push('closed'); yield 'late'; } return 'r'; }
    for (const v of g(10)) { log.push(v); if (v === 2) break; }
    const it = g(2);
    log.push(it.next(), it.next('in'), it.return('x'), it.next(), it.next());
    const other = g(1);
    other.next();
    try { other.throw(new Error('t')); } catch (e) { log.push(e.message); }
    await sys.call('x', 1);
    return log;`,
  'parameters that are captured, with defaults and rests in plain functions': `
    const f = (a, { b, c = () => a + b } = { b: 2 }, ...more) => { a++; return [c(), () => a + more.length]; };
    const [x, y] = f(1);
    await sys.call('x', x);
    const k = async (p, ...ps) => { await sys.call('k', p); return () => [p, ps]; };
    let m; m = await k(1, 2, 3);
    return [x, y(), m()];`,
  'do, while, labelled blocks': `
    let n = 0;
    do { n++; await sys.call('d', n); if (n === 2) continue; n++; } while (n < 6);
    while (n > 0) { n -= 2; block: { if (n === 4) break block; await sys.call('w', n); } }
    done: { if (n < 5) { await sys.call('l', n); break done; } n = 100; }
    return n;`,
  'a value that changes locals while it is computed': `
    let i = 0;
    await sys.call('a', i++);
    await sys.call('b', i = i + 5, i);
    return i;`,
};

describe('a compiled program', () => {
  it.each(Object.entries(bodies))('does what it does natively: %s', async (_title, body) => {
    const source = `export async function main(sys, args) {${body}\n}`;
    const native = await runNative(source);
    expect(native.error).toBeUndefined();
    expect(runCompiled(source, {}, false)).toEqual(native);
    expect(runCompiled(source)).toEqual(native);
  });

  it('asks the runtime in every loop, and ends where the runtime throws', () => {
    budget.spent = 0;
    budget.max = 3;
    const source = `const spin = () => { while (true) {} };
      export async function main(sys) { await sys.call('x', 1); while (true) { try { spin(); } catch {} } }`;
    expect(runCompiled(source).error).toBe('Error: E_BUDGET');
    budget.max = Number.POSITIVE_INFINITY;
  });

  it('leaves and goes on with loops as they are written, across the questions to the runtime', async () => {
    const source = `const count = (n) => { let sum = 0; for (let i = 0, odd = false; i < n; odd = !odd, i += 1) {
        if (odd) continue; if (sum > 12000) break; sum += 1; } return sum; };
      export async function main(sys) {
        let [turns, at, found] = [0, 0, -1];
        outer: for (let i = 0; i < 5; i += 1) {
          for (let j = 0; ; j += 1) { turns += 1; if (j === 5000) continue outer; if (turns === 20011) break outer; }
        }
        inner: while (at < 10000) {
          at += 1;
          switch (at % 3) { case 0: continue inner; default: if (at === 9001) break inner; }
        }
        while (true) { try { found += 1; if (found === 9000) break; } finally { turns += 1; } }
        await sys.call('x', turns);
        for (let i = 0; i < 9000; i += 1) if (i === 8999) return [count(30000), count(9), turns, at, found, i];
      }`;
    const native = await runNative(source);
    expect(native.error).toBeUndefined();
    expect(runCompiled(source)).toEqual(native);
  });

  it('counts the turns of loops that are left early', () => {
    budget.spent = 0;
    const source = `export async function main(sys) {
      for (let n = 0; n < 1000; n += 1) for (let i = 0; i < 1000; i += 1) if (i === 500) break; return 0; }`;
    expect(runCompiled(source).error).toBeUndefined();
    expect(budget.spent).toBeGreaterThan(100);
  });
});
