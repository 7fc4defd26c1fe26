import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError } from '#kernel';
import type { ObjectDefinition } from '../schema.ts';
import { type Described, fromDescribe, isDescribed } from './describe.ts';
import { fromMetadata, objectFolder } from './metadata.ts';

/** Whether a path holds what an org gave out (describe output, sfdx metadata) instead of definitions of our own. */
export function isImport(path: string): boolean {
  if (!statSync(path).isDirectory()) return true;
  if (objectFolder(path)) return true;
  const [file] = readdirSync(path).filter((name) => name.endsWith('.json') && name !== 'sfdx-project.json');
  return file !== undefined && describedIn(join(path, file)).length > 0;
}

/**
 * Reads the schema of a user's org: a file or folder of sObject describes (`sf sobject describe --json`, or the REST
 * resource), or the folder of an sfdx project. Metadata names only what was customised, so it is laid over the built-in
 * standard objects. @throws ConfigurationError naming the file
 */
export function readImport(path: string, builtIn: readonly ObjectDefinition[]): ObjectDefinition[] {
  const metadata = statSync(path).isDirectory() ? objectFolder(path) : undefined;
  if (metadata) return fromMetadata(metadata, builtIn);
  const files = statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((name) => name.endsWith('.json'))
        .map((name) => join(path, name))
    : [path];
  const described = files.flatMap(describedIn);
  if (described.length === 0)
    throw new ConfigurationError(`${path} holds neither sObject describes (*.json) nor sfdx metadata (objects/<Object>/)`);
  return fromDescribe(described);
}

/** The describes in a file: one, a list, or the envelope of `sf … --json`. */
function describedIn(file: string): Described[] {
  if (!existsSync(file)) throw new ConfigurationError(`there is no file ${file}`);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new ConfigurationError(`${file}: ${(error as Error).message}`);
  }
  const inner = (value as { result?: unknown }).result ?? value;
  return (Array.isArray(inner) ? inner : [inner]).filter(isDescribed);
}
