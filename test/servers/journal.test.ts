import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Decisions } from '../../servers/migration/decisions.ts';
import { type JournalFile, noJournal, openJournal } from '../../servers/node/journal.ts';

let root = '';
let path = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'portolan-journal-'));
  path = join(root, 'a.journal');
});
afterEach(() => rmSync(root, { recursive: true }));

const code = (expected: string): unknown => expect.objectContaining({ code: expected });
const full = (): never => {
  throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
};

/** A disk that takes `left` bytes, a few at a time, and whose every sync counts. */
const disk = (left: number) => {
  const file = { left, syncs: 0, canSync: true };
  const calls: JournalFile = {
    write: (fd, bytes) => {
      if (file.left === 0) return full();
      const part = bytes.subarray(0, Math.min(file.left, 5));
      file.left -= part.length;
      return writeSync(fd, part);
    },
    sync: () => {
      if (!file.canSync) full();
      file.syncs += 1;
    },
  };
  return { file, calls };
};

describe('a journal', () => {
  it('has every record after the process has ended', () => {
    const journal = openJournal(path);
    journal.append('one');
    journal.append('two\nlines');
    journal.close();
    expect(openJournal(path).records()).toEqual(['one', 'two\nlines']);
  });

  it('cuts off whatever was being written when the process died, at any byte', () => {
    openJournal(path).append('one');
    const kept = readFileSync(path);
    openJournal(path).append('two');
    const line = readFileSync(path).subarray(kept.length);
    for (let cut = 0; cut < line.length; cut += 1) {
      writeFileSync(path, Buffer.concat([kept, line.subarray(0, cut)]));
      const journal = openJournal(path);
      journal.append('three');
      journal.close();
      expect(openJournal(path).records()).toEqual(['one', 'three']);
    }
  });

  it('does not believe a last line whose bytes did not all get there', () => {
    const journal = openJournal(path);
    journal.append('one');
    const whole = readFileSync(path, 'utf8');
    journal.append('two');
    writeFileSync(path, readFileSync(path, 'utf8').replace('two', 'tw\0'));
    expect(openJournal(path).records()).toEqual(['one']);
    expect(readFileSync(path, 'utf8')).toBe(whole);
  });

  it('loses one record to a disk that changes it, and no other, and says so', () => {
    const journal = openJournal(path);
    for (const record of ['one', 'two', 'three']) journal.append(record);
    writeFileSync(path, readFileSync(path, 'utf8').replace('two', 'tvo'));
    const again = openJournal(path);
    expect([again.records(), again.damaged]).toEqual([['one', 'three'], 1]);
  });

  it('refuses a record whole when the disk is full, and takes the next when there is room', () => {
    const { file, calls } = disk(20);
    const journal = openJournal(path, calls);
    journal.append('one');
    const whole = readFileSync(path, 'utf8');
    expect(() => journal.append('too long for it')).toThrow(code('E_STORE'));
    expect(() => journal.append('again')).toThrow(/ENOSPC/);
    expect(readFileSync(path, 'utf8')).toBe(whole);
    file.left = 100;
    journal.append('two');
    expect(openJournal(path).records()).toEqual(['one', 'two']);
  });

  it('writes nothing behind a record that was refused when the disk was to confirm it', () => {
    const { file, calls } = disk(1000);
    const journal = openJournal(path, calls);
    journal.append('one');
    file.canSync = false;
    expect(() => journal.append('two')).toThrow(code('E_STORE'));
    expect(() => journal.append('three')).toThrow(code('E_STORE'));
    file.canSync = true;
    journal.append('four');
    expect(journal.records()).toEqual(['one', 'four']);
    expect(openJournal(path).records()).toEqual(['one', 'four']);
  });

  it('is replaced whole or not at all', () => {
    const { file, calls } = disk(60);
    const journal = openJournal(path, calls);
    journal.append('one');
    expect(() => journal.replace(['much more than there is room for', 'and more'])).toThrow(code('E_STORE'));
    expect([journal.records(), openJournal(path).records()]).toEqual([['one'], ['one']]);
    file.left = 1000;
    journal.replace(['two']);
    journal.append('three');
    expect(openJournal(path).records()).toEqual(['two', 'three']);
    expect(readdirSync(root)).toEqual(['a.journal']);
  });

  it('forgets a replacement that was not finished', () => {
    openJournal(path).append('one');
    writeFileSync(`${path}.new`, 'half of');
    expect(openJournal(path).records()).toEqual(['one']);
    expect(readdirSync(root)).toEqual(['a.journal']);
  });

  it('that cannot be opened says so', () => {
    expect(() => openJournal(join(root, 'none/journal'))).toThrow(code('E_STORE'));
  });
});

const decision = (mid: string, to = 'b.1') => ({ mid, task: 'counter', identity: 'a/1', to, at: 1 });

describe('decisions', () => {
  it('are answered by the next life as they were made, to the life they were made for', () => {
    const decisions = new Decisions(openJournal(path));
    decisions.decide(decision('m1'));
    decisions.decide(decision('m2'));
    decisions.settle('m1');
    decisions.decide(decision('m3', 'c.1'));
    const next = new Decisions(openJournal(path));
    expect(next.open.map(({ mid }) => mid)).toEqual(['m2', 'm3']);
    expect(next.verdictOn('m2', 'b.1')).toBe('COMMIT');
    expect(next.verdictOn('m2', 'b.2')).toBe('ABORT');
    expect(next.verdictOn('m3', 'c.1')).toBe('COMMIT');
    expect(next.verdictOn('never decided', 'b.1')).toBe('ABORT');
  });

  it('are unknown where nothing is kept', () => {
    const decisions = new Decisions(noJournal());
    decisions.decide(decision('m1'));
    expect(decisions.verdictOn('m1', 'b.1')).toBe('COMMIT');
    expect(new Decisions(noJournal()).verdictOn('m1', 'b.1')).toBe('UNKNOWN');
  });

  it('that cannot be written down have not been made', () => {
    const decisions = new Decisions(openJournal(path, disk(10).calls));
    expect(() => decisions.decide(decision('m1'))).toThrow(code('E_STORE'));
    expect(decisions.verdictOn('m1', 'b.1')).toBe('ABORT');
    expect(new Decisions(openJournal(path)).verdictOn('m1', 'b.1')).toBe('ABORT');
  });

  it('take bounded room, and say when they have forgotten', () => {
    const kept: string[] = [];
    const journal = {
      append: (record: string) => void kept.push(record),
      records: () => kept,
      replace: (records: readonly string[]) => void kept.splice(0, kept.length, ...records),
    };
    const settled = new Decisions(journal);
    for (let n = 0; n < 3000; n += 1) {
      settled.decide(decision(`s${n}`));
      settled.settle(`s${n}`);
    }
    expect(kept.length).toBeLessThanOrEqual(1024);
    expect(new Decisions(journal).verdictOn('s1', 'b.1')).toBe('ABORT');
    const open = new Decisions(journal);
    for (let n = 0; n < 3000; n += 1) open.decide(decision(`o${n}`));
    expect(kept.length).toBeLessThanOrEqual(1024);
    const next = new Decisions(journal);
    expect([next.verdictOn('o2999', 'b.1'), next.verdictOn('o1', 'b.1')]).toEqual(['COMMIT', 'UNKNOWN']);
  });

  it('pass over records that are none of theirs', () => {
    const journal = openJournal(path);
    for (const record of ['', '{', '[]', 'null', '{"mid":7}', '{"settled":[1]}']) journal.append(record);
    appendFileSync(path, 'rubbish\n');
    expect(new Decisions(openJournal(path)).open).toEqual([]);
  });
});
