import { describe, expect, it } from 'vitest';
import { fits, scopeWith } from './draft.ts';
import { match } from './match.ts';

describe('an expectation', () => {
  it('binds a variable that is not bound and compares one that is', () => {
    const scope = scopeWith();
    expect(fits({ name: '$A.p' }, { name: 12 }, scope)).toBe(true);
    expect(fits({ name: '$A.p' }, { name: 16 }, scope)).toBe(false);
    expect(fits(['$_', '$A.p'], [null, 12], scope)).toBe(true);
    expect(fits('$A.list', [{ name: 1 }], scope)).toBe(true);
    expect(fits('$A.list', [{ name: 1, type: [] }], scope)).toBe(false);
    expect(fits('$A.absent', undefined, scope)).toBe(false);
  });

  it('binds nothing if it does not fit', () => {
    const scope = scopeWith();
    expect(fits({ name: '$A.p', refs: 2 }, { name: 12, refs: 1 }, scope)).toBe(false);
    expect(fits({ name: '$A.p' }, { name: 16 }, scope)).toBe(true);
    const other = scopeWith();
    expect(
      fits(
        {
          oneOf: [
            ['$A.x', 1],
            [2, '$A.x'],
          ],
        },
        [2, 3],
        other,
      ),
    ).toBe(true);
    expect(other.bindings.get({ task: 'A', name: 'x' })).toBe(3);
  });

  it('takes a fresh name only if it is ordinary and no other variable of the task holds it', () => {
    const scope = scopeWith({ p: 12 });
    scope.bindings.bind({ task: 'B', name: 'q' }, 16);
    for (const value of [0, 0xffffffff, 'NULL', 'DEAD', 12]) expect(fits({ fresh: '$A.x' }, value, scope)).toBe(false);
    expect(fits({ fresh: '$A.x' }, 16, scope)).toBe(true);
    expect(fits({ fresh: '$A.x' }, 16, scope)).toBe(true);
    expect(fits({ fresh: '$A.y' }, 16, scope)).toBe(false);
  });

  it('looks only at the keys it lists; null also fits an absent one', () => {
    expect(fits({ a: 1, b: null, c: null }, { a: 1, b: null, d: 4 })).toBe(true);
    expect(fits({ a: null }, { a: 'NULL' })).toBe(false);
    expect(fits({ toString: '$_', a: '$A.x' }, { toString: 1 })).toBe(false);
    expect(fits({ constructor: null }, {})).toBe(true);
    expect(fits({ a: 1 }, [1])).toBe(false);
  });

  it('compares numbers with bounds, products and sums', () => {
    const scope = scopeWith({ n: 10 });
    expect(fits({ atLeast: 3 }, 3)).toBe(true);
    expect(fits({ atMost: 3 }, 4)).toBe(false);
    expect(fits({ atLeast: 0 }, undefined)).toBe(false);
    expect(fits({ between: ['$A.n', { add: ['$A.n', 5] }] }, 15, scope)).toBe(true);
    expect(fits({ between: ['$A.n', { add: ['$A.n', 5] }] }, 16, scope)).toBe(false);
    expect(fits({ mul: [1024, 1024] }, 1_048_576)).toBe(true);
    expect(fits({ at: '$A.n', pages: 1 }, 4106, scope)).toBe(true);
    expect(fits({ pages: 1 }, 4096n)).toBe(true);
  });

  it('refuses what a `not` names, and never binds by it', () => {
    const scope = scopeWith({ p: 12 });
    expect(fits({ not: '$A.p' }, 16, scope)).toBe(true);
    expect(fits({ not: '$A.p' }, 12, scope)).toBe(false);
    expect(fits({ not: false }, undefined, scope)).toBe(true);
    expect(() => fits({ not: '$A.q' }, 12, scope)).toThrow('$A.q is not bound');
  });

  it('compares lists in order, in any order, or in part', () => {
    expect(fits(['a', 'b'], ['b', 'a'])).toBe(false);
    expect(fits(['a'], ['a', 'b'])).toBe(false);
    expect(fits({ unordered: ['a', 'b'] }, ['b', 'a'])).toBe(true);
    expect(fits({ unordered: ['a'] }, ['a', 'b'])).toBe(false);
    expect(fits({ unordered: ['a', 'a'] }, ['a', 'b'])).toBe(false);
    expect(fits({ contains: [{ name: 2 }] }, [{ name: 1 }, { name: 2, type: [] }])).toBe(true);
    expect(fits({ includes: ['a', 'a'] }, ['a', 'b'])).toBe(false);
  });

  it('tries every assignment of an unordered list', () => {
    const scope = scopeWith();
    expect(
      fits(
        {
          unordered: [
            ['$A.x', '$_'],
            ['$A.x', 2],
          ],
        },
        [
          [1, 2],
          [1, 3],
        ],
        scope,
      ),
    ).toBe(true);
    expect(scope.bindings.get({ task: 'A', name: 'x' })).toBe(1);
  });

  it('compares memory by its contents, however it is shown', () => {
    const bytes = Uint8Array.of(10, 170, 170, 170);
    expect(fits('0aaaaaaa', bytes)).toBe(true);
    expect(fits('07', { fill: [7, 1] })).toBe(true);
    expect(fits({ fill: [170, 3] }, bytes.slice(1))).toBe(true);
    expect(fits({ fill: [170, 4] }, bytes)).toBe(false);
    expect(fits({ fill: [0, { pages: 1 }] }, { fill: [0, 4096] })).toBe(true);
    expect(fits({ fill: [0, 2] }, '0000')).toBe(true);
    expect(fits({ size: 4, bytesAt: { 0: 10, 1: 170 } }, bytes)).toBe(true);
    expect(fits({ size: { pages: 1 }, bytesAt: { 0: 10 } }, bytes)).toBe(false);
    expect(fits({ size: 4, bytesAt: { 9: 0 } }, bytes)).toBe(false);
  });

  it('says where the first difference is', () => {
    const message = (type: string | null): { message: { descriptors: { type: string | null }[] } } => ({
      message: { descriptors: [{ type }] },
    });
    expect(match(message('PORT_SEND'), message(null), scopeWith())).toEqual({
      path: 'message.descriptors[0].type',
      expected: 'PORT_SEND',
      got: null,
    });
  });
});
