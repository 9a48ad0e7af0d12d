/** The memory of a task, made when first needed; the out-of-line memory of messages leaves and enters it here. */
import type { KernFailure } from '../ports/kern-return.ts';
import type { MemoryCopy } from '../ports/port.ts';
import type { Memory } from '../ports/space.ts';
import { AddressMap } from './vm/address-map.ts';
import { isBlocked } from './vm/fault.ts';
import { MapCopy } from './vm/map-copy.ts';
import type { PagePool } from './vm/pool.ts';

/**
 * A task's map as its messages need it. Before a message is composed, `AddressMap.blocked` has said that there is no
 * need to wait.
 */
export class TaskMemory implements Memory {
  readonly #pool: PagePool;
  #map: AddressMap | null;

  /** `map` is what the task inherits; without, it begins with an empty one. */
  constructor(pool: PagePool, map: AddressMap | null = null) {
    this.#pool = pool;
    this.#map = map;
  }

  get addresses(): AddressMap {
    this.#map ??= new AddressMap(this.#pool);
    return this.#map;
  }

  take(address: number, size: number, deallocate: boolean): MemoryCopy | KernFailure {
    const copy = this.addresses.read(address, size, deallocate ? 'deallocate' : 'keep');
    return isBlocked(copy) ? 'KERN_MEMORY_ERROR' : copy;
  }

  map(copy: MemoryCopy): number | KernFailure {
    if (!(copy instanceof MapCopy)) return 'KERN_INVALID_ARGUMENT';
    const address = copy.copyOut(this.addresses);
    if (typeof address === 'string') copy.release();
    return address;
  }

  destroy(): void {
    this.#map?.destroy();
  }
}
