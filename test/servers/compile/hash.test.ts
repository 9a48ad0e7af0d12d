/** The hash names what a module means. */
import { describe, expect, it } from 'vitest';
import { hashProgram } from '../../../servers/compile/hash.ts';
import { parse } from '../../../servers/compile/parse.ts';

const hashOf = (source: string, resolveHash: (specifier: string) => string | null = () => null): string =>
  hashProgram(parse(source, 'a.program.ts'), resolveHash);

const source = "import { b } from './b.ts';\nexport const f = (x: number) => { return x + b * 1000; };";

describe('the hash of a program', () => {
  it('is SHA-256 in hex', () => {
    expect(hashOf(source)).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    ['spaces', source.replaceAll(' ', '\n  ')],
    ['comments', `/* first */ ${source} // last`],
    ['types', source.replace(': number', '')],
    ['a type that nobody sees', `interface A { a: 1 }\n${source}`],
    ['an optional parameter', source.replace('x:', 'x?:')],
    ['an import of a type', source.replace('{ b }', '{ b, type C }')],
    ['quotes', source.replaceAll("'", '"')],
    ['how a number is written', source.replace('1000', '1e3')],
    ['parentheses', source.replace('b * 1000', '(b * 1000)')],
    ['semicolons', `${source};;`],
  ])('does not change with %s', (_, same) => {
    expect(hashOf(same)).toBe(hashOf(source));
  });

  it.each([
    ['a number', source.replace('1000', '1001')],
    ['an operator', source.replace('+', '-')],
    ['a name', source.replaceAll('x', 'y')],
    ['a specifier', source.replace('./b.ts', './c.ts')],
    ['an export', source.replace('export ', '')],
    ['the kind of a function', source.replace('(x', 'async (x')],
    ['the order of statements', `${source.split('\n').reverse().join('\n')}`],
    ['a string for a number', source.replace('1000', "'1000'")],
    ['parentheses that matter', source.replace('x + b', '(x + b)')],
  ])('changes with %s', (_, other) => {
    expect(hashOf(other)).not.toBe(hashOf(source));
  });

  it('changes with the hash of a program module that is imported', () => {
    const [first, second] = ['1', '2'].map((digit) => hashOf(source, () => digit.repeat(64)));
    expect(first).not.toBe(second);
    expect(first).not.toBe(hashOf(source));
  });

  it('tells what is no program from what is', () => {
    expect(hashOf(source, (specifier) => (specifier === './c.ts' ? 'x' : null))).toBe(hashOf(source));
  });
});
