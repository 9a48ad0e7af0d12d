/** The migration server for outsiders. Inside the repository import the file, never this. */
export { type MoveEvent, type MoveState, step } from './machine.ts';
export {
  type MigrateRequest,
  type MoveRecord,
  migrationService,
  type Offer,
  STRATEGIES,
  type Strategy,
  type Verdict,
} from './protocol.ts';
export { migrationCourier, migrationServer, migrationState } from './server.ts';
export type { Journal, MigrationArguments, MigrationState } from './state.ts';
