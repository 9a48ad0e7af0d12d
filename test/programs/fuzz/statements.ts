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

/** What a module of programs begins with. */
export const HEADER = "import { around } from './around.program.ts';\n";

/** A program as the text of an exported function. */
export const render = ({ name, body }: Program): string => `
export async function ${name}(sys: any): Promise<any> {
  const { log, step, h, w, dig, g, ag, all, o }: any = around(sys);
  let fuel = 40;
  const fs: any[] = [];
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
