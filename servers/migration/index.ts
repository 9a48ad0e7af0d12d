/** The migration server for outsiders. Inside the repository import the file, never this. */
export { migrationCourier } from './courier.ts';
export { MOVE_TIMES, type MoveEvent, type MoveState, type MoveTimes, step } from './machine.ts';
export {
  type MigrateRequest,
  type MoveRecord,
  migrationService,
  type Offer,
  type Strategy,
  type Verdict,
} from './protocol.ts';
export { migrationServer, migrationState } from './server.ts';
export type { Journal, MigrationArguments, MigrationState } from './state.ts';
export type { MoveStrategy } from './strategies/strategy.ts';
export { STRATEGIES } from './strategies/table.ts';
