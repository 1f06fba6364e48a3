import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { leave, Problem, withTenant } from '#lib/platform';
import type { Principal } from '#lib/tenancy';
import { readSweepFile, type FileEncoding } from './sweep-file.js';
import { personsByReference, type SelectedPerson } from './sweep-selection.js';
import type { SweepChoice } from './status-sweeps.js';
import type { Rejection } from './sweep.js';

/** References looked up by one statement. */
const AT_ONCE = 5_000;
/** Statements at once: those of a million references take a minute one after the other. */
const LANES = 2;
/** A file is read by one at a time: the memory of a large one is some hundred megabytes. */
const SMALL_OCTETS = 256 * 1024;

/** Turns an uploaded file of a tenant's own references into the persons it means. */
@Injectable()
export class SweepFiles {
  private readingLarge = false;

  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  /** @throws Problem `upload_busy` and those of `readSweepFile` */
  async read(principal: Principal, octets: Uint8Array, encoding: FileEncoding): Promise<SweepChoice> {
    if (octets.length <= SMALL_OCTETS) return this.resolve(principal, octets, encoding);
    if (this.readingLarge) throw new Problem('upload_busy');
    this.readingLarge = true;
    try {
      return await this.resolve(principal, octets, encoding);
    } finally {
      this.readingLarge = false;
    }
  }

  /** Reads only. */
  private async resolve(principal: Principal, octets: Uint8Array, encoding: FileEncoding): Promise<SweepChoice> {
    const { rows, rejections } = await readSweepFile(octets, { encoding, format: principal.referenceFormat });
    const people: SelectedPerson[] = [];
    const refused: Rejection[] = [...rejections];
    const lines = new Map<string, number>();
    const look = (at: number): Promise<Map<string, string[]>> => {
      const references = rows.slice(at, at + AT_ONCE).map(({ reference }) => reference);
      const found = withTenant(this.dataSource, principal, (manager) =>
        personsByReference(manager, principal, references),
      );
      leave(found);
      return found;
    };
    const looking: Promise<Map<string, string[]>>[] = [];
    let asked = 0;
    for (let at = 0; at < rows.length; at += AT_ONCE) {
      for (; looking.length < LANES && asked < rows.length; asked += AT_ONCE) looking.push(look(asked));
      const found = await looking.shift()!;
      for (const { line, reference } of rows.slice(at, at + AT_ONCE)) {
        const [personId, another] = found.get(reference) ?? [];
        const firstLine = personId === undefined ? undefined : lines.get(personId);
        if (personId === undefined) refused.push({ line, code: 'reference_unknown' });
        else if (another !== undefined) refused.push({ line, code: 'reference_ambiguous' });
        else if (firstLine !== undefined) refused.push({ line, code: 'person_repeated', firstLine });
        else {
          lines.set(personId, line);
          people.push({ personId, line, reference });
        }
      }
    }
    return { kind: 'references', people, rejections: refused.sort((a, b) => a.line - b.line) };
  }
}
