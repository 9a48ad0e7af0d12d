/** A node in a process of its own, as `portolan up` starts it. It ends when the bench does not hold it any more. */
import { startNode } from '../../../servers/shell/boot.ts';
import type { NodeOrder } from '../cluster.ts';

const settings = JSON.parse(process.argv[2] ?? '') as NodeOrder;

// A Ctrl-C reaches all processes of the terminal: who ends first decides the bench, not the terminal.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
try {
  const node = await startNode(settings);
  process.on('message', () => {
    global.gc?.();
    process.send?.({ ok: true, node: node.record.node });
  });
} catch (error) {
  const why = error instanceof Error ? error.message : String(error);
  process.on('message', () => process.send?.({ ok: false, why }));
}
