import { parse } from '../../../servers/compile/parse.ts';
import { check } from '../../../servers/compile/check.ts';
import { normalize } from '../../../servers/compile/normalize/normalize.ts';
import { compile } from '../../../servers/compile/compile.ts';
import { transformFromAstSync } from '@babel/core';
import { readFileSync } from 'node:fs';
const [,, mode, file] = process.argv;
const src = readFileSync(file!, 'utf8');
if (mode === 'n') { const tree = parse(src, file!); check(tree, file!); normalize(tree);
console.log(transformFromAstSync(tree, src, {configFile:false, babelrc:false})!.code); }
else console.log(compile(src, { file: file!}).code);
