import type { PortName } from '../../../ports/name.ts';
import type { NodeId, OnceId } from '../protocol.ts';

/**
 * A send-once right of ours that another node may use: netmsg keeps it under `name` until it is used or comes to
 * nothing.
 */
export interface ExportedOnce {
  readonly id: OnceId;
  readonly name: PortName;
  /** The node that has it, as far as we know. */
  peer: NodeId;
  /** `staged` until the message that carries it is committed; it may die before that. */
  state: 'staged' | 'staged-dead' | 'out';
}

/** A send-once right of another node: `name` is the receive right of a port that lives for one message. */
export interface ImportedOnce {
  readonly id: OnceId;
  readonly name: PortName;
  readonly node: NodeId;
}

/** Both kinds, by identity and by netmsg's name. */
export class Onces {
  readonly exported: Map<OnceId, ExportedOnce> = new Map();
  readonly imported: Map<OnceId, ImportedOnce> = new Map();
  readonly #exportedNames: Map<PortName, ExportedOnce> = new Map();
  readonly #importedNames: Map<PortName, ImportedOnce> = new Map();

  putExported(once: ExportedOnce): void {
    this.exported.set(once.id, once);
    this.#exportedNames.set(once.name, once);
  }

  putImported(once: ImportedOnce): void {
    this.imported.set(once.id, once);
    this.#importedNames.set(once.name, once);
  }

  exportedAs(name: PortName): ExportedOnce | undefined {
    return this.#exportedNames.get(name);
  }

  importedAs(name: PortName): ImportedOnce | undefined {
    return this.#importedNames.get(name);
  }

  dropExported(once: ExportedOnce): void {
    this.exported.delete(once.id);
    this.#exportedNames.delete(once.name);
  }

  dropImported(once: ImportedOnce): void {
    this.imported.delete(once.id);
    this.#importedNames.delete(once.name);
  }
}
