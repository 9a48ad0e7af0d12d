/** Random programs: every construct, nested in every other, in the frame that `statements.ts` puts around them. */
import type { Chance } from './chance.ts';
import { beside, call, expression, readable, type Scope } from './expressions.ts';
import type { Block, Program, Statement } from './statements.ts';

/** Statements nested in statements. */
const DEPTH = 3;

/** Makes one program: names are handed out in order, so that no two variables share one unless they are meant to. */
class Author {
  readonly #chance: Chance;
  #named = 0;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  /** A block of statements. What it declares is seen in it alone. */
  block(scope: Scope, depth: number, before = ''): Block {
    let inner = scope;
    const statements: Statement[] = [];
    for (let left = 1 + this.#chance.below(3); left > 0; left -= 1) {
      const { statement, declares } = this.#statement(inner, depth);
      statements.push(statement);
      inner = { ...inner, ...declares };
    }
    return { before, statements };
  }

  program(name: string): Program {
    let scope: Scope = {
      mutable: [],
      constant: [],
      mayAwait: true,
      loops: [],
      inSwitch: false,
      inLoop: false,
      isBeside: false,
      mayYield: false,
    };
    const statements: Statement[] = [];
    for (let left = 4 + this.#chance.below(3); left > 0; left -= 1) {
      const { statement, declares } = this.#statement(scope, DEPTH);
      statements.push(statement);
      scope = { ...scope, ...declares };
    }
    return { name, body: { before: '', statements } };
  }

  #name(letter: string): string {
    this.#named += 1;
    return `${letter}${this.#named}`;
  }

  #value(scope: Scope, depth = 2): string {
    return expression(this.#chance, scope, depth);
  }

  #statement(scope: Scope, depth: number): Made {
    const simple = SIMPLE.length;
    const kind = this.#chance.below(depth <= 0 ? simple : simple + 2 * NESTED.length);
    const make = kind < simple ? SIMPLE[kind] : NESTED[(kind - simple) % NESTED.length];
    return (this as unknown as Record<string, (scope: Scope, depth: number) => Made>)[make as string]!(scope, depth);
  }

  declares(scope: Scope): Made {
    const name = this.#name('v');
    const isConstant = this.#chance.once(4);
    const statement = text(`${isConstant ? 'const' : 'let'} ${name}: any = ${this.#value(scope)};`);
    return isConstant
      ? { statement, declares: { constant: [...scope.constant, name] } }
      : { statement, declares: { mutable: [...scope.mutable, name] } };
  }

  assigns(scope: Scope): Made {
    const target = scope.mutable.length === 0 ? 'o.x0' : this.#chance.pick(scope.mutable);
    return just(`${target} ${this.#chance.pick(['=', '+=', '-=', '??=', '&&='])} ${this.#value(scope)};`);
  }

  logs(scope: Scope): Made {
    return just(`step(${this.#value(scope, 3)});`);
  }

  setsMember(scope: Scope): Made {
    return just(`o['x' + (${this.#value(scope, 1)} & 1)] ${this.#chance.pick(['=', '+='])} ${this.#value(scope)};`);
  }

  captures(scope: Scope): Made {
    const name = readable(this.#chance, scope);
    const changes = scope.mutable.includes(name) && this.#chance.once(2);
    const kept = changes ? `() => ${name}++` : this.#chance.once(3) ? `() => (() => ${name})()` : `() => ${name}`;
    return just(`fs.push(${kept});`);
  }

  destructures(scope: Scope): Made {
    const [a, b] = [this.#name('d'), this.#name('d')];
    const patterns = [
      `const { a: ${a} = ${this.#value(scope, 1)}, ...${b} }: any = ` +
        `{ a: ${this.#chance.pick(['undefined', '4'])}, b: ${this.#value(scope)} };`,
      `const [${a} = ${this.#value(scope, 1)}, , ...${b}]: any = ` +
        `[${this.#value(scope, 1)}, 1, ${this.#value(scope, 1)}];`,
      `const { [${this.#value(scope, 1)} > 1 ? 'a' : 'b']: ${a} = 7, ` +
        `b: { c: ${b} = ${this.#value(scope, 1)} } = {} }: any = ` +
        `${scope.mayAwait ? 'await sys.echo({ a: 1 })' : '{}'};`,
      `const [${a}, ${b} = ${this.#value(scope, 1)}]: any = g(2);`,
    ];
    const statement = text(`${this.#chance.pick(patterns)} step(${a});`);
    return { statement, declares: { constant: [...scope.constant, a, b] } };
  }

  yields(scope: Scope): Made {
    return just(scope.mayYield ? `step(yield ${this.#value(scope)});` : `step(${this.#value(scope)});`);
  }

  assignsPattern(scope: Scope): Made {
    const { mutable } = scope;
    if (mutable.length < 2) return this.logs(scope);
    const [a, b] = [this.#chance.pick(mutable), this.#chance.pick(mutable)];
    return just(`[${a}, o.x1 = ${this.#value(scope, 1)}, ${b} = 3] = [${this.#value(scope, 1)}, undefined] as any;`);
  }

  leaves(scope: Scope): Made {
    const { loops, inLoop, inSwitch } = scope;
    const ways = ["throw new Error('t');", `return ['r', ${this.#value(scope, 1)}];`, 'break;'];
    if (inLoop) ways.push('continue;', 'continue;');
    if (!inLoop && !inSwitch) ways.splice(2, 1);
    for (const label of loops) ways.push(`break ${label};`, `continue ${label};`);
    if (scope.mayAwait) ways.push("await sys.fail('k');", `return sys.echo(${this.#value(scope, 1)});`);
    return just(`if (${this.#value(scope)} > ${1 + this.#chance.below(4)}) ${this.#chance.pick(ways)}`);
  }

  chooses(scope: Scope, depth: number): Made {
    const head = `if (${this.#value(scope)} > 2) `;
    if (this.#chance.once(2)) return parts(head, this.block(scope, depth - 1));
    return parts(head, this.block(scope, depth - 1), ' else ', this.block(scope, depth - 1));
  }

  counts(scope: Scope, depth: number): Made {
    const name = this.#name('i');
    const { label, inner } = this.#loop(scope);
    const body = { ...inner, mutable: this.#chance.once(3) ? [...inner.mutable, name] : inner.mutable };
    const update = this.#chance.once(3) && scope.mayAwait ? `${name} += await sys.echo(1)` : `${name}++`;
    const test = this.#chance.once(4)
      ? `(${this.#value(scope, 1)}, ${name} < 3)`
      : `${name} < ${1 + this.#chance.below(3)}`;
    const captures = this.#chance.once(2) ? ` fs.push(() => ${name});` : '';
    const block = this.block({ ...body, constant: [...body.constant, name] }, depth - 1, `${FUEL}${captures}`);
    return parts(`${label}for (let ${name} = 0; ${test}; ${update}) `, block);
  }

  walks(scope: Scope, depth: number): Made {
    const name = this.#name('x');
    const { label, inner } = this.#loop(scope);
    const items = this.#chance.pick([
      `[1, ${this.#value(scope, 1)}, 3]`,
      'new Set([4, 5, 6])',
      "new Map([[7, 'm'], [8, 'n']]).keys()",
      'g(3)',
      `[3, 4].entries()`,
      "'ab'",
      ...(scope.mayAwait ? [`await sys.echo([1, 2])`] : []),
    ]);
    const captures = this.#chance.once(2) ? ` fs.push(() => ${name});` : '';
    const block = this.block({ ...inner, constant: [...inner.constant, name] }, depth - 1, `${FUEL}${captures}`);
    return parts(`${label}for (const ${name} of ${items} as any) `, block);
  }

  walksKeys(scope: Scope, depth: number): Made {
    const name = this.#name('k');
    const { label, inner } = this.#loop(scope);
    const block = this.block({ ...inner, constant: [...inner.constant, name] }, depth - 1, FUEL);
    return parts(`${label}for (const ${name} in { a: 1, b: 2 }) `, block);
  }

  walksChanging(scope: Scope, depth: number): Made {
    const [list, name] = [this.#name('c'), this.#name('x')];
    const { label, inner } = this.#loop(scope);
    const [made, change] = this.#chance.pick([
      ['[1, 2, 3]', `if (${list}.length < 6) ${list}.push(${name} + 2);`],
      ['[1, 2, 3, 4]', `${list}.shift();`],
      ['new Set([1, 2, 3])', `${list}.delete(${name}); ${list}.delete(2); ${list}.add(9);`],
      ['new Map([[1, 1], [2, 2]])', `${list}.delete(1); ${list}.set(5, 5);`],
    ] as const);
    const block = this.block({ ...inner, constant: [...inner.constant, name] }, depth - 1, `${FUEL} ${change}`);
    return parts(`const ${list}: any = ${made}; ${label}for (const ${name} of ${list}) `, block);
  }

  repeats(scope: Scope, depth: number): Made {
    const { label, inner } = this.#loop(scope);
    const block = this.block(inner, depth - 1, FUEL);
    return this.#chance.once(2)
      ? parts(`${label}while (${this.#value(scope)} < 3) `, block)
      : parts(`${label}do `, block, ` while (${this.#value(scope)} > 4);`);
  }

  tries(scope: Scope, depth: number): Made {
    const body = (): Block => this.block(scope, depth - 1);
    const caught = this.#name('e');
    const shape = this.#chance.below(4);
    const say = `step(${caught}?.message ?? 'odd');`;
    if (shape === 0) return parts('try ', body(), ` catch (${caught}: any) `, { ...body(), before: say });
    if (shape === 1) return parts('try ', body(), ' catch ', body(), ' finally ', body());
    if (shape === 2) return parts('try ', body(), ' finally ', body());
    return parts('try ', body(), ` catch (${caught}: any) `, { ...body(), before: say }, ' finally ', body());
  }

  switches(scope: Scope, depth: number): Made {
    const inner = { ...scope, inSwitch: true };
    const way = (): string => this.#chance.pick([' break;', ' break;', '', ' step(5);']);
    const cases = [
      ['case 0: ', this.block(inner, depth - 1), `${way()} `],
      [`case ${this.#value(scope, 1)}: `, this.block(inner, depth - 1), `${way()} `],
      ['default: ', this.block(inner, depth - 1), `${way()} `],
    ];
    if (this.#chance.once(3)) cases.reverse();
    return parts(`switch (${this.#value(scope)} as any) { `, ...cases.flat(), '}');
  }

  labels(scope: Scope, depth: number): Made {
    const label = this.#name('L');
    const leave = `if (${this.#value(scope, 1)} > 1) break ${label};`;
    return parts(`${label}: `, this.block(scope, depth - 1, leave));
  }

  nests(scope: Scope, depth: number): Made {
    return parts('', this.block(scope, depth - 1));
  }

  definesFunction(scope: Scope, depth: number): Made {
    const name = this.#name('f');
    const own = this.#name('p');
    const isAsync = scope.mayAwait;
    const inner = { ...alone(scope), mutable: [...scope.mutable, own], mayAwait: isAsync };
    // Beside others a call without a kernel call in it would end in the same turn; JavaScript lets others run first.
    const block = this.block(inner, depth - 1, scope.isBeside && isAsync ? 'await sys.echo(0);' : '');
    const head = this.#chance.pick([
      `const ${name} = ${isAsync ? 'async ' : ''}(${own}: any = ${isAsync ? 'o.x2' : '2'}): Promise<any> | any => `,
      `${isAsync ? 'async ' : ''}function ${name}(${own}: any = 1): Promise<any> | any `,
    ]);
    const ask = isAsync ? `await ${name}` : name;
    return parts(head, block, `; if (fuel-- > 0) step(${ask}(${this.#value(scope, 1)})); else step(0);`);
  }

  generates(scope: Scope, depth: number): Made {
    const [name, walk] = [this.#name('y'), this.#name('it')];
    const inner = { ...alone(scope), mayAwait: false, mayYield: true };
    const head = `function* ${name}(): Generator<any, any, any> `;
    const between = `step(yield 1); yield* g(2); `;
    const body = this.block(
      inner,
      depth - 1,
      this.#chance.once(2) ? between : `try { step(yield 0); } finally { step(8); }`,
    );
    const step = (): string => `step(${walk}.${this.#chance.pick(['next(3)', 'next(4)', 'return(2)'])}.value);`;
    const pause = scope.mayAwait ? 'await sys.echo(0);' : '';
    return parts(head, body, ` const ${walk} = ${name}(); ${step()} ${pause} ${step()} ${pause} ${step()}`);
  }

  ticks(scope: Scope, depth: number): Made {
    if (!scope.mayAwait || scope.isBeside) return this.walks(scope, depth);
    const name = this.#name('a');
    const { label, inner } = this.#loop(scope);
    const block = this.block({ ...inner, constant: [...inner.constant, name] }, depth - 1, FUEL);
    return parts(`${label}for await (const ${name} of ${this.#chance.pick(['ag(2)', 'ag(3)'])}) `, block);
  }

  joins(scope: Scope, depth: number): Made {
    if (!scope.mayAwait || scope.isBeside) return this.logs(scope);
    const inner = { ...alone(beside(scope)), loops: [] };
    const fiber = (): readonly (string | Block)[] => ['(async () => ', this.block(inner, depth - 1), ')()'];
    return parts('step((await Promise.allSettled([', ...fiber(), ', ', ...fiber(), '])).map((r) => r.status).join());');
  }

  stores(scope: Scope): Made {
    if (!scope.mayAwait || scope.isBeside) return this.logs(scope);
    const name = this.#name('s');
    const wait = this.#chance.pick([`await ${name}`, `(await Promise.all([${name}, sys.echo(1)]))[0]`]);
    const stored = this.#chance.pick([`w(${this.#value(scope, 1)}, 2)`, call(this.#chance, beside(scope), 1)]);
    return just(`const ${name}: any = ${stored}; step(${this.#value(scope)}); step(${wait});`);
  }

  #loop(scope: Scope): { readonly label: string; readonly inner: Scope } {
    const inner = { ...scope, inLoop: true, inSwitch: false };
    if (!this.#chance.once(3)) return { label: '', inner };
    const label = this.#name('L');
    return { label: `${label}: `, inner: { ...inner, loops: [...scope.loops, label] } };
  }
}

interface Made {
  readonly statement: Statement;
  readonly declares?: Partial<Scope>;
}

const FUEL = 'if (fuel-- <= 0) break;';

const text = (words: string): Statement => ({ parts: [words] });
const just = (words: string): Made => ({ statement: text(words) });
const parts = (...all: readonly (string | Block)[]): Made => ({ statement: { parts: all } });

/** The scope of a function's body: what is around it is seen, and cannot be left. */
const alone = (scope: Scope): Scope => ({ ...scope, loops: [], inLoop: false, inSwitch: false, mayYield: false });

const SIMPLE: readonly (keyof Author)[] = [
  'declares',
  'declares',
  'assigns',
  'assigns',
  'logs',
  'setsMember',
  'captures',
  'destructures',
  'assignsPattern',
  'leaves',
  'leaves',
  'yields',
  'stores',
];

const NESTED: readonly (keyof Author)[] = [
  'chooses',
  'counts',
  'walks',
  'walksKeys',
  'walksChanging',
  'repeats',
  'tries',
  'tries',
  'switches',
  'labels',
  'nests',
  'definesFunction',
  'generates',
  'ticks',
  'joins',
];

/** The program of a seed. */
export const generate = (chance: Chance, name: string): Program => new Author(chance).program(name);
