/** The laboratory for outsiders (`portolan/lab`). Inside the repository import the file, never this. */
export { type ActorCall, actor, type Outcome } from './actor.ts';
export { type CallRecord, CallRecorder, type SeenLook, type TrapCall } from './calls.ts';
export {
  type Census,
  type Counts,
  type Growth,
  growth,
  type NameCount,
  type SiteCount,
  type TaskCount,
  takeCensus,
} from './census.ts';
export { changeLines, changeOf, type StateChange } from './diff.ts';
export { censusTable, dotOf, growthTable, mermaidOf, spaceTable, whyLines } from './draw.ts';
export { type Exploration, type Explored, explore } from './explore.ts';
export { KNOBS, type Knob, knobRows, knobsMarkdown } from './knobs.ts';
export { Labels } from './labels.ts';
export { type Boot, Laboratory, type Step } from './laboratory.ts';
export type { Look, LookKind, Observer, TrapName } from './look.ts';
export { type MakeLaboratory, play, type Report } from './play.ts';
export { readScript, ScriptError, type Statement } from './script.ts';
export { type Held, type HeldKind, type Site, SiteBook } from './sites.ts';
export { type KernelState, stateOf } from './snapshot.ts';
export { Watch } from './watch.ts';
export { type Check, type Why, why } from './why.ts';
