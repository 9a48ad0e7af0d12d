/** Walking Babel's trees without Babel's scopes: the passes keep their own. */
import { types as t } from '@babel/core';

/** Where a node hangs: `parent[key]`, or `parent[key][index]` in a list. */
export interface Place {
  readonly parent: t.Node;
  readonly key: string;
  readonly index: number | null;
}

type Fields = Record<string, unknown>;

const isNode = (value: unknown): value is t.Node =>
  typeof value === 'object' && value !== null && typeof (value as Fields)['type'] === 'string';

/** Babel gives its tables out through getters, and this is asked for every node of every pass. */
const childKeys: Readonly<Record<string, readonly string[]>> = t.VISITOR_KEYS;
const noKeys: readonly string[] = [];

/** Calls `visit` for each child of `node`, in the order of the source, with the place it hangs at. */
export const forEachChild = (node: t.Node, visit: (child: t.Node, place: Place) => void): void => {
  for (const key of childKeys[node.type] ?? noKeys) {
    const value = (node as unknown as Fields)[key];
    if (value === null || value === undefined) continue;
    if (Array.isArray(value)) {
      // What a visit adds to the list is not visited.
      const end = value.length;
      for (let index = 0; index < end; index += 1) {
        const child: unknown = value[index];
        if (isNode(child)) visit(child, { parent: node, key, index });
      }
    } else if (isNode(value)) visit(value, { parent: node, key, index: null });
  }
};

/** Puts `node` where `place` says, in place of what is there. */
export const putAt = (place: Place, node: t.Node): void => {
  const fields = place.parent as unknown as Fields;
  if (place.index === null) fields[place.key] = node;
  else (fields[place.key] as t.Node[])[place.index] = node;
};

/** Whether an identifier at this place names a variable, rather than a property, a label or a foreign name. */
export const namesVariable = ({ parent, key }: Place): boolean => {
  switch (parent.type) {
    case 'MemberExpression':
    case 'OptionalMemberExpression':
      return key === 'object' || parent.computed;
    case 'ObjectProperty':
    case 'ObjectMethod':
    case 'ClassMethod':
    case 'ClassProperty':
    case 'ClassAccessorProperty':
      return key !== 'key' || parent.computed === true;
    case 'LabeledStatement':
      return key !== 'label';
    case 'BreakStatement':
    case 'ContinueStatement':
    case 'MetaProperty':
    case 'ImportAttribute':
      return false;
    case 'ImportSpecifier':
    case 'ExportSpecifier':
      return key === 'local';
    case 'ExportNamespaceSpecifier':
    case 'ExportDefaultSpecifier':
      return false;
    default:
      return true;
  }
};

/** The identifiers that a pattern binds or assigns to, in order; targets that are members are not among them. */
export const boundIdentifiers = (pattern: t.Node): t.Identifier[] => {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern];
    case 'ObjectPattern':
      return pattern.properties.flatMap((each) =>
        boundIdentifiers(each.type === 'RestElement' ? each.argument : each.value),
      );
    case 'ArrayPattern':
      return pattern.elements.flatMap((each) => (each === null ? [] : boundIdentifiers(each)));
    case 'AssignmentPattern':
      return boundIdentifiers(pattern.left);
    case 'RestElement':
      return boundIdentifiers(pattern.argument);
    default:
      return [];
  }
};

/** Whether a test holds for `node` or something below it; functions inside are not entered. */
export const contains = (node: t.Node, test: (node: t.Node) => boolean): boolean => {
  if (test(node)) return true;
  if (t.isFunction(node)) return false;
  let found = false;
  forEachChild(node, (child) => {
    found = found || (!t.isFunction(child) && contains(child, test));
  });
  return found;
};

/** Every node at or below `root` that may suspend the function that `root` stands in. */
export const suspendingNodes = (root: t.Node): ReadonlySet<t.Node> => {
  const found = new Set<t.Node>();
  const look = (node: t.Node): boolean => {
    let isOne = node.type === 'AwaitExpression' || node.type === 'YieldExpression';
    forEachChild(node, (child) => {
      if (!t.isFunction(child) && look(child)) isOne = true;
    });
    if (isOne) found.add(node);
    return isOne;
  };
  look(root);
  return found;
};

/** Whether running `node` may suspend the function it stands in. */
export const suspends = (node: t.Node): boolean =>
  contains(node, (each) => each.type === 'AwaitExpression' || each.type === 'YieldExpression');

/** `target = value;` */
export const assign = (target: t.LVal | t.MemberExpression, value: t.Expression): t.ExpressionStatement =>
  t.expressionStatement(t.assignmentExpression('=', target as t.Identifier, value));

/** `object.name` */
export const member = (object: t.Expression | string, name: string): t.MemberExpression =>
  t.memberExpression(typeof object === 'string' ? t.identifier(object) : object, t.identifier(name));

/** `undefined`, in a way that no binding of that name can change. */
export const nothing = (): t.Expression => t.unaryExpression('void', t.numericLiteral(0));

/** `let name = value;` for each entry; without a value, `let name;`. */
export const declareLet = (...entries: readonly (readonly [string, t.Expression?])[]): t.VariableDeclaration =>
  t.variableDeclaration(
    'let',
    entries.map(([name, value]) => t.variableDeclarator(t.identifier(name), value ?? null)),
  );

/** Gives `made` the place in the source of `origin`, so that maps and breakpoints find it. */
export const at = <N extends t.Node>(made: N, origin: t.Node | null | undefined): N => {
  made.loc = origin?.loc ?? null;
  return made;
};
