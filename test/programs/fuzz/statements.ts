/** A program as a tree of statements, so that a part of it can be taken out. */

/** A statement: text, with blocks of statements in it. */
export interface Statement {
  readonly parts: readonly (string | Block)[];
}

/** Statements between braces, with what must stand before them. */
export interface Block {
  readonly before: string;
  readonly statements: readonly Statement[];
}

/** A program function: what it needs around its statements is the same for all. */
export interface Program {
  readonly name: string;
  readonly body: Block;
}

const renderBlock = ({ before, statements }: Block, indent: string): string => {
  const inner = `${indent}  `;
  const lines = [...(before === '' ? [] : [before]), ...statements.map((each) => renderStatement(each, inner))];
  return lines.length === 0 ? '{}' : `{\n${lines.map((line) => inner + line).join('\n')}\n${indent}}`;
};

const renderStatement = ({ parts }: Statement, indent: string): string =>
  parts.map((part) => (typeof part === 'string' ? part : renderBlock(part, indent))).join('');

/** What a program can use, and what becomes of it in the end. */
const AROUND = `
  let fuel = 40;
  let rest = 400;
  const log: any[] = [];
  const fs: any[] = [];
  const o: any = { x0: 1, x1: 2, x2: 3, n: null, f: (q: any) => q * 2 };
  const step = (value: any) => { if (--rest < 0) throw new Error('out of breath'); log.push(value); return value; };
  const h = async (x: any): Promise<any> => {
    try { const y = await sys.echo(x); if (y === 3) throw new Error('h3'); return y + 1; } finally { await sys.echo('hf'); }
  };
  const w = async (x: any, n: any): Promise<any> => {
    let sum = 0;
    for (let i = 0; i < n; i++) { sum += await sys.echo(x); x++; }
    return sum;
  };
  const dig = async (depth: any): Promise<any> => (depth <= 0 ? 0 : 1 + (await sys.echo(depth)) * 0 + (await dig(depth - 1)));
  function* g(end: any): Generator<any, any, any> {
    try { for (let i = 0; i < end; i++) { const got = yield i; if (got !== undefined) step(got); } } finally { step('gf'); }
    return 'ge';
  }
  async function* ag(end: any): AsyncGenerator<any, any, any> {
    try { for (let i = 0; i < end; i++) { const got = yield await sys.echo(i); if (got !== undefined) step(got); } } finally { step(await sys.echo('agf')); }
    return 'age';
  }
  const all = (...values: any[]) => values.length;
`;

/** A program as the text of an exported function. */
export const render = ({ name, body }: Program): string => `
export async function ${name}(sys: any): Promise<any> {${AROUND}
  let result: any;
  try {
    result = await (async () => ${renderBlock(body, '    ')})();
  } catch (error) {
    result = ['E', (error as Error).name, (error as Error).message];
  }
  await sys.echo('end');
  return [log, o, result, fs.map((f) => { try { return f(); } catch (error) { return (error as Error).name; } })];
}
`;

const withoutIn = (block: Block, path: readonly number[], by: readonly Statement[]): Block => {
  const [index, part, ...deeper] = path as [number, number | undefined, ...number[]];
  const statements = block.statements.flatMap((statement, at) => {
    if (at !== index) return [statement];
    if (part === undefined) return by;
    const parts = statement.parts.map((each, which) =>
      which === part && typeof each !== 'string' ? withoutIn(each, deeper, by) : each,
    );
    return [{ parts }];
  });
  return { ...block, statements };
};

/** One smaller program for each statement: without it, or with the statements of one of its blocks in its place. */
export function* smaller(program: Program): Generator<Program> {
  const visit = function* (block: Block, path: readonly number[]): Generator<Block> {
    for (const [index, { parts }] of block.statements.entries()) {
      yield withoutIn(program.body, [...path, index], []);
      for (const part of parts) {
        if (typeof part !== 'string' && part.before === '') {
          yield withoutIn(program.body, [...path, index], part.statements);
        }
      }
      for (const [which, part] of parts.entries()) {
        if (typeof part !== 'string') yield* visit(part, [...path, index, which]);
      }
    }
  };
  for (const body of visit(program.body, [])) yield { ...program, body };
}
