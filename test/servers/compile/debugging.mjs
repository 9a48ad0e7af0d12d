/**
 * A debugger that does what the one of an editor does, for one run of one program in a user's project:
 *
 *   node --import portolan/register debugging.mjs MODULE SOURCE LINE,…
 *
 * Sets breakpoints on lines of a source through the map of the script that was made of it, runs the program (after two
 * of its calls it is frozen, and goes on as data in a fresh instance of its module), and prints each pause as JSON:
 * where it is, by the map, and what the locals are, by the names that the map knows for them.
 */
import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import {
  eachMapping,
  generatedPositionFor,
  LEAST_UPPER_BOUND,
  originalPositionFor,
  TraceMap,
} from '@jridgewell/trace-mapping';
import { bootKernel, createTask, createThread, runKernel } from 'portolan';
import { programOf } from 'portolan/resumable';

const [module = '', source = '', lines = ''] = process.argv.slice(2);
const sourceUrl = pathToFileURL(source).href;

const session = new Session();
session.connect();

/** A call of the protocol: with a session of the same thread, its answer is there when it returns. */
const ask = (method, params = {}) => {
  let answer = null;
  session.post(method, params, (error, result) => {
    if (error) throw new Error(`${method}: ${error.message}`);
    answer = result;
  });
  return answer;
};

const mapOf = ({ url, sourceMapURL }) => {
  const at = new URL(sourceMapURL, url);
  const [, data] = sourceMapURL.split('base64,');
  const text = at.protocol === 'data:' ? Buffer.from(data, 'base64').toString() : readFileSync(at, 'utf8');
  return new TraceMap(text, url);
};

/** Scripts that the source is part of, by their ids. */
const scripts = new Map();

session.on('Debugger.scriptParsed', ({ params }) => {
  if (!params.url.startsWith('file:') || params.sourceMapURL === '') return;
  const map = mapOf(params);
  if (!map.resolvedSources.includes(sourceUrl)) return;
  scripts.set(params.scriptId, { map, text: ask('Debugger.getScriptSource', params).scriptSource.split('\n') });
  for (const line of lines.split(',').map(Number)) {
    const place = generatedPositionFor(map, { source: sourceUrl, line, column: 0, bias: LEAST_UPPER_BOUND });
    const location = { scriptId: params.scriptId, lineNumber: place.line - 1, columnNumber: place.column };
    ask('Debugger.setBreakpoint', { location });
  }
});

const isBetween = (line, column, { startLocation: from, endLocation: to }) =>
  (line > from.lineNumber || (line === from.lineNumber && column >= from.columnNumber)) &&
  (line < to.lineNumber || (line === to.lineNumber && column <= to.columnNumber));

/** What the map calls the identifiers of a scope, where that is not what the script calls them. */
const namesIn = ({ map, text }, scope) => {
  const names = new Map();
  eachMapping(map, ({ name, generatedLine, generatedColumn }) => {
    if (name === null || !isBetween(generatedLine - 1, generatedColumn, scope)) return;
    const [written] = /^[\w$]+/.exec(text[generatedLine - 1].slice(generatedColumn)) ?? [];
    if (written !== undefined) names.set(written, name);
  });
  return names;
};

const propertiesOf = ({ objectId }) => ask('Runtime.getProperties', { objectId, ownProperties: true }).result;

/** The numbers among the locals; one that a closure captures is a field of its record, which the map calls after it. */
const localsOf = ({ scopeChain: [scope] }, script) => {
  const names = namesIn(script, scope);
  const locals = {};
  for (const { name, value } of propertiesOf(scope.object)) {
    if (value?.type === 'number') locals[names.get(name) ?? name] = value.value;
    if (value?.type !== 'object' || value.objectId === undefined) continue;
    const field = propertiesOf(value).find((each) => each.name === names.get(name));
    if (field?.value?.type === 'number') locals[field.name] = field.value.value;
  }
  return locals;
};

session.on('Debugger.paused', ({ params }) => {
  const [frame] = params.callFrames;
  const { scriptId, lineNumber, columnNumber } = frame.location;
  const script = scripts.get(scriptId);
  const place = originalPositionFor(script.map, { line: lineNumber + 1, column: columnNumber });
  const where = `${place.source === sourceUrl ? source : place.source}:${place.line}`;
  console.log(JSON.stringify({ step: frame.functionName, where, locals: localsOf(frame, script) }));
});

ask('Debugger.enable');
ask('Runtime.enable');

const instance = async (number) => programOf((await import(`${pathToFileURL(module).href}?${number}`)).main);

let now = 0;
const kernel = bootKernel({ node: 'here', clock: { now: () => now }, pump: { wanted() {}, deadline() {} } });
const run = (calls) => {
  for (let call = 0; call < calls; call += 1, now += 10) runKernel(kernel, 1000);
};

/** Takes the task apart, and goes on with it as data in another instance of its module. */
const move = async (task, program) => {
  const inside = (file) => import(new URL(`./node_modules/portolan/dist/kernel/${file}.js`, import.meta.url).href);
  const [freeze, states, detach, attach, rightsIn] = await Promise.all(
    ['move/freeze', 'move/states', 'move/detach', 'move/attach', 'move/rights'].map(inside),
  );
  const [{ terminateTask }, { objectServer }] = await Promise.all(['lives', 'serve/kernel-ports'].map(inside));
  freeze.freezeTask(kernel, task);
  const { image, rights } = detach.detachTask(kernel, task, states.freezeStates(task));
  terminateTask(task);
  kernel.programs.set(program.name, program);
  const thawed = states.thawStates(kernel, image);
  if (typeof thawed === 'string') throw new Error(thawed);
  const arriving = createTask(kernel, image.name, { identity: image.identity });
  const carried = new rightsIn.RightsIn(rights);
  attach.attachMemory(kernel, arriving, image.memory, carried);
  attach.attachTask(kernel, arriving, { image, states: thawed }, carried, objectServer);
  freeze.thawTask(kernel, arriving);
};

const program = await instance(1);
kernel.programs.set(program.name, program);
const task = createTask(kernel, 'walk');
createThread(task, program, program.start({ upTo: 3 }));
run(2);
console.log(JSON.stringify('moved'));
await move(task, await instance(2));
run(10);
console.log(
  JSON.stringify(
    kernel.life
      .read()
      .map(({ detail }) => String(detail.why ?? '').split('\n')[0])
      .join(''),
  ),
);
session.disconnect();
