/** How the demonstration tells what happened, for somebody who reads only this. */
import type { MoveReport } from './demo-nodes.ts';

/** One line for one move. */
export const moveLine = (number: number, record: MoveReport): string => {
  const freeze = `frozen ${record.freezeMs.toFixed(1).padStart(5)} ms`;
  const image = `${(record.bytesInFreeze / 1024).toFixed(0)} KiB and ${record.pagesInFreeze} pages in the freeze`;
  const faults = `${record.demandFaults} faults fetched ${record.pagesOnDemand}, ${record.pagesPushed} were pushed`;
  const messages = `${record.forwarded} messages forwarded, ${record.retargeted} senders told`;
  return (
    `move ${String(number).padStart(2)}  ${record.fromName} → ${record.toName}  ${freeze}, ${image}; ` +
    `of ${record.pagesAtFreeze} pages left behind ${faults}; ${messages}  (${record.filesIndexed} files indexed)`
  );
};

/** The end: what held, and what did not. */
export const summaryLines = (summary: Readonly<Record<string, unknown>>, failures: readonly string[]): string[] => {
  const s = summary as Record<string, number | number[]>;
  const freeze = median(s['freezeMs'] as number[]);
  const held = [
    `moved      ${s['moves']} times between two processes, indexing and answering; frozen ${freeze} ms (median)`,
    `stayed     every page stayed behind and came when it was touched (${s['demandFaults']} faults) or by itself`,
    `forwarded  ${s['forwarded']} messages that had been sent to where it no longer was`,
    `           ${s['retargeted']} times a sender learnt the new place`,
    `answers    ${s['answers']} of numbered queries, each compared with the unmoved run's: ` +
      `lost ${s['lost']}, duplicated ${s['duplicated']}, reordered ${s['reordered']}, wrong ${s['wrong']}`,
    `memory     ${s['pages']} pages, ${s['distinctPages']} distinct; ${s['pagesWrong']} differ from the unmoved run's`,
    `instances  never more than ${s['liveInstances']} at a time, by the nodes' events and the answers' serial numbers`,
  ];
  if (failures.length === 0) return [...held, '✓ nobody could tell'];
  return [...held, ...failures.map((failure) => `✗ ${failure}`)];
};

const median = (values: readonly number[]): string => {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor(sorted.length / 2)] ?? 0).toFixed(1);
};
