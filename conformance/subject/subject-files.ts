import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Manifest } from '../manifest/manifest.ts';
import { fillTemplate } from '../manifest/template.ts';
import { SubjectError } from './subject-error.ts';

/** What one instance of the subject finds on disk: private to the run, and gone when the run is over. */
export interface SubjectFiles {
  /** The settings as a flat JSON object. */
  config: string;
  /** Settings and the variables that templates may also use: RUN_DATA, RUN_FILES, RUN_TRUST_STORE, SUBJECT_DIR, SYNCPROOF_CONFIG. */
  variables: Record<string, string>;
  /** Writes the same files with other settings; what the subject keeps stays. */
  rewrite(settings: Record<string, string>): void;
  remove(): void;
}

/**
 * Writes the settings file (mode 600) and the manifest's templates into a fresh private folder, with an empty `data`
 * beside them that outlives restarts; of several instances all are given the first one's.
 * @throws SubjectError when a template is missing, or its target exists and is not ours.
 */
export function writeSubjectFiles(manifest: Manifest, settings: Record<string, string>, data?: string): SubjectFiles {
  const folder = mkdtempSync(join(tmpdir(), 'syncproof-'));
  const outside: string[] = [];
  const remove = () => {
    for (const file of outside.splice(0)) rmSync(file, { force: true });
    rmSync(folder, { recursive: true, force: true });
  };
  const config = join(folder, 'config.json');
  const variables = {
    ...settings,
    SYNCPROOF_CONFIG: config,
    RUN_DATA: data ?? join(folder, 'data'),
    RUN_FILES: join(folder, 'files'),
    // The CA once more, as Java takes it: wherever we write one, the other lies beside it.
    RUN_TRUST_STORE: settings.SYNCPROOF_CA_FILE?.replace(/\.pem$/, '.p12') ?? '',
    SUBJECT_DIR: manifest.start.cwd,
  };
  const written = new Set<string>();
  const write = (given: Record<string, string>): void => {
    writeFileSync(config, `${JSON.stringify(given, null, 2)}\n`, { mode: 0o600 });
    for (const { template, to } of manifest.start.files) {
      const target = resolve(variables.RUN_FILES, fillTemplate(to, variables));
      const isOurs = written.has(target);
      if (!isOurs && existsSync(target)) throw new Error(`${target} exists already; start.files would overwrite it`);
      mkdirSync(dirname(target), { recursive: true });
      const text = fillTemplate(readFileSync(template, 'utf8'), variables);
      writeFileSync(target, text, { mode: 0o600, flag: isOurs ? 'w' : 'wx' });
      written.add(target);
      if (!isOurs && !target.startsWith(`${folder}/`)) outside.push(target);
    }
  };
  try {
    mkdirSync(variables.RUN_DATA, { recursive: true });
    mkdirSync(variables.RUN_FILES);
    write(settings);
  } catch (error) {
    remove();
    throw new SubjectError('starting', (error as Error).message, 'correct start.files in the manifest');
  }
  const rewrite = (others: Record<string, string>): void => {
    for (const name of Object.keys(settings)) if (!(name in others)) delete (variables as Record<string, string>)[name];
    Object.assign(variables, others);
    write(others);
  };
  return { config, variables, rewrite, remove };
}

/**
 * The environment of the subject: ours without anything that Syncproof itself is driven by (a control token among it),
 * then its settings, then what the manifest adds.
 */
export function subjectEnvironment(
  manifest: Manifest,
  settings: Record<string, string>,
  files: SubjectFiles,
  inherited: Record<string, string | undefined>,
): Record<string, string> {
  const own = Object.entries(inherited).filter(([name, value]) => value !== undefined && !name.startsWith('SYNCPROOF_'));
  const added = Object.entries(manifest.start.env).map(([name, value]) => [name, fillTemplate(value, files.variables)]);
  return { ...Object.fromEntries(own), ...settings, SYNCPROOF_CONFIG: files.config, ...Object.fromEntries(added) };
}
