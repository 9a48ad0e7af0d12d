/** Out-of-line memory of messages, between the ports that carry it and the address maps that it leaves and enters. */
import type { KernFailure } from '../ports/kern-return.ts';
import type { MemoryCopy } from '../ports/port.ts';
import type { Memory } from '../ports/space.ts';
import type { AddressMap } from './vm/address-map.ts';
import { isBlocked } from './vm/fault.ts';
import { MapCopy } from './vm/map-copy.ts';

/**
 * A map as messages need it. Before a message is composed, `AddressMap.blocked` has said that there is no need to wait.
 */
export const outOfLine = (map: AddressMap): Memory => ({
  take(address: number, size: number, deallocate: boolean): MemoryCopy | KernFailure {
    const copy = map.read(address, size, deallocate ? 'deallocate' : 'keep');
    return isBlocked(copy) ? 'KERN_MEMORY_ERROR' : copy;
  },
  map(copy: MemoryCopy): number | KernFailure {
    if (!(copy instanceof MapCopy)) return 'KERN_INVALID_ARGUMENT';
    const address = copy.copyOut(map);
    if (typeof address === 'string') copy.release();
    return address;
  },
  destroy: () => map.destroy(),
});
