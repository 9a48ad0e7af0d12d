/** What Node gives to servers, for outsiders. Inside the repository import the file, never this. */
export { type Clock, clockOrigin, monotonicClock } from './clock.ts';
export { openFileStore } from './file-store.ts';
export { type Journal, noJournal, openJournal, type Store } from './journal.ts';
export { type OperatorCode, OperatorError, type OperatorTrouble, type Outcome } from './operator-error.ts';
export { type LoadedProgram, loadProgram } from './program-loader.ts';
export { type NodeFacts, nodeService, type ProgramFacts, type RunFacts, type RunRequest } from './protocol.ts';
export { NodePump, type Pumped, type PumpSettings } from './pump.ts';
export { defaultStateDir, isNodeName, type NodeRecord, StateDir } from './state-dir.ts';
export { connectUnix, listenUnix, UnixLinkError, type UnixListener } from './unix-link.ts';
export { UnixNet, type UnixNetParts } from './unix-net.ts';
