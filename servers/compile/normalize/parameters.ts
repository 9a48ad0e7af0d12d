/** Parameters with defaults or patterns become statements at the top: a frame has a slot for each plain parameter. */
import { types as t } from '@babel/core';
import { at, boundIdentifiers, forEachChild, nothing } from '../tree.ts';

/** Names that the body declares by `var` or as a function: a parameter may have the same. */
const redeclared = (body: t.BlockStatement): ReadonlySet<string> => {
  const names = new Set<string>();
  const look = (node: t.Node): void =>
    forEachChild(node, (child) => {
      if (child.type === 'VariableDeclaration' && child.kind === 'var') {
        for (const { id } of child.declarations) for (const { name } of boundIdentifiers(id)) names.add(name);
      }
      if (!t.isFunction(child)) look(child);
    });
  look(body);
  return names;
};

const declared = (pattern: t.Node, value: t.Expression, taken: ReadonlySet<string>): t.VariableDeclaration => {
  const kind = boundIdentifiers(pattern).some(({ name }) => taken.has(name)) ? 'var' : 'let';
  return at(t.variableDeclaration(kind, [t.variableDeclarator(pattern as t.LVal, value)]), pattern);
};

/** Makes every parameter of a resumable function a name; what else there was runs first in its body. */
export const lowerParameters = (node: t.Function, body: t.BlockStatement): void => {
  if (node.params.every((each) => each.type === 'Identifier')) return;
  const taken = redeclared(body);
  const statements: t.Statement[] = [];
  node.params = node.params.map((each, index) => {
    if (each.type === 'Identifier') return each;
    const plain = at(t.identifier(`$p${index + 1}`), each);
    if (each.type === 'RestElement') {
      if (each.argument.type === 'Identifier') return each;
      statements.push(declared(each.argument, plain, taken));
      return at(t.restElement(t.cloneNode(plain)), each);
    }
    if (each.type === 'AssignmentPattern') {
      const isMissing = t.binaryExpression('===', t.cloneNode(plain), nothing());
      const value = at(t.conditionalExpression(isMissing, each.right, t.cloneNode(plain)), each);
      statements.push(declared(each.left, value, taken));
    } else statements.push(declared(each, t.cloneNode(plain), taken));
    return plain;
  }) as t.Function['params'];
  body.body.unshift(...statements);
};
