/** What needs Node, for programs outside of this repository. Inside import the file, never this. */
export { type Clock, monotonicClock } from './clock.ts';
export { type FileStoreSettings, openFileStore } from './file-store.ts';
export { type Journal, noJournal, openJournal, type Store } from './journal.ts';
export { type OperatorCode, OperatorError, type OperatorTrouble, type Outcome } from './operator-error.ts';
export { FilePageStore, openPageStore, type PageFile } from './page-store.ts';
export { type LoadedProgram, loadProgram } from './program-loader.ts';
export { type NodeFacts, nodeService, type ProgramFacts, type RunFacts, type RunRequest } from './protocol.ts';
export { NodePump, type Pumped, type PumpSettings } from './pump.ts';
export { defaultStateDir, type NodeRecord, StateDir } from './state-dir.ts';
export { connectUnix, listenUnix, UnixLinkError, type UnixListener } from './unix-link.ts';
export { UnixNet, type UnixNetParts } from './unix-net.ts';
