import { join } from 'node:path';
import { nearest, type Problem } from '../manifest/problem.ts';
import type { CrmSchema } from './crm-schema.ts';
import type { DataMap, MapRow } from './map.ts';

/** A line of a map file, with where its cells begin. */
export type Place = { line: number; columns: Readonly<Record<string, number>> };

/** One pass over a map: collects problems, each with the cell that it is about. */
export class Lint {
  readonly problems: Problem[] = [];
  /** Rows that no channel of the subject can carry. */
  readonly unreached: MapRow[] = [];
  readonly map: DataMap;
  readonly schemas: readonly CrmSchema[];

  constructor(map: DataMap, schemas: readonly CrmSchema[]) {
    this.map = map;
    this.schemas = schemas;
  }

  at(file: string) {
    const path = this.map.folder ? join(this.map.folder, file) : file;
    return (
      place: Place | undefined,
      column: string,
      message: string,
      fix: string,
      severity: Problem['severity'] = 'error',
    ): void => void this.problems.push({ severity, file: path, line: place?.line, column: place?.columns[column], message, fix });
  }

  schemaOf(object: string): CrmSchema | undefined {
    return this.schemas.find((schema) => schema.name === object);
  }
}

/** "did you mean …" where a name is near, all names where none is. */
export function suggest(word: string, names: readonly string[]): string {
  const near = word === '' ? undefined : nearest(word, names);
  return near ? `write "${near}"` : `use one of: ${names.join(', ')}`;
}
