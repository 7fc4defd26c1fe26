import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LineCounter, type Node, parseDocument } from 'yaml';
import { manifestRules } from './manifest-rules.ts';
import { MANIFEST } from './manifest-schema.ts';
import type { ManifestBody, SiteManifest } from './manifest-types.ts';
import type { Problem } from './problem.ts';
import { Reading } from './schema.ts';

export * from './manifest-types.ts';

/** The subject manifest as written, with where it was found. */
export interface Manifest extends ManifestBody {
  /** Absolute path. */
  file: string;
  /** Folder that relative paths start from. */
  folder: string;
  /** Line and column of a setting, for problems found later: `place('start', 'command')`. */
  place: Locate;
}

export type Locate = (...path: (string | number)[]) => Pick<Problem, 'file' | 'line' | 'column'>;

export interface LoadedManifest {
  /** Undefined when there is any error. */
  manifest?: Manifest;
  /** What could be read in spite of errors: for going on to look for more mistakes, never for a run. */
  draft?: Manifest;
  problems: Problem[];
}

/** Reads a manifest with all its mistakes at once. Never throws: a missing file is a problem too. */
export function loadManifest(path: string): LoadedManifest {
  const file = resolve(path);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const message = code === 'ENOENT' ? 'there is no manifest here' : `the manifest cannot be read (${code})`;
    const fix = 'say where it is with --subject <file>, or write one with "syncproof init"';
    return { problems: [{ severity: 'error', file, message, fix }] };
  }
  return readManifest(text, file);
}

/** The same for a text that is already at hand; `file` names it in messages and is what relative paths start from. */
export function readManifest(text: string, path: string): LoadedManifest {
  const file = resolve(path);
  const folder = dirname(file);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const reading = new Reading(file, folder, document, lines);
  const place: Locate = (...where) => {
    const { line, col } = lines.linePos(reading.at(...where)?.range?.[0] ?? 0);
    return { file, line, column: col };
  };
  for (const { message, pos } of [...document.errors, ...document.warnings]) {
    const { line, col } = lines.linePos(pos[0]);
    const fix = 'correct the YAML here: indentation is by spaces, and texts that hold ": " or " #" need quotation marks';
    reading.problems.push({ severity: 'error', file, line, column: col, message: message.split('\n')[0]!, fix });
  }
  if (document.errors.length > 0) return { problems: reading.problems };

  const body = MANIFEST.read((document.contents ?? document.createNode(null)) as Node, reading);
  const draft = body && complete(body, file, place);
  if (draft) manifestRules(draft, reading);
  const failed = reading.problems.some(({ severity }) => severity === 'error');
  return { manifest: failed ? undefined : draft, draft, problems: inOrder(reading.problems) };
}

function complete(body: ManifestBody, file: string, place: Locate): Manifest {
  const folder = dirname(file);
  const start = { ...body.start, cwd: body.start.cwd ?? folder, attach: body.start.attach || undefined };
  // What its owner starts, only its owner can start again.
  if (start.attach) start.restart = false;
  return { ...body, start, file, folder, place };
}

const inOrder = (problems: Problem[]): Problem[] =>
  problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));

/** The sites whose vendor this version cannot play, so that nothing could be said about them: no failure of the subject. */
export const unsupported = ({ sites, place }: Manifest, built: readonly string[]): Problem[] =>
  sites
    .filter(({ vendor }) => !built.includes(vendor))
    .map((site) => ({
      severity: 'error',
      ...place('sites', sites.indexOf(site), 'vendor'),
      message: `site "${site.name}" is ${site.vendor}, which this version cannot play yet`,
      fix: `use one of: ${built.join(', ')}`,
    }));

export type StartMode = 'command' | 'compose' | 'attach';

export const startMode = ({ start }: Manifest): StartMode => (start.attach ? 'attach' : start.compose ? 'compose' : 'command');

/** Whether changes of this site reach the subject by messages, so that it has to listen. */
export const readsHl7 = ({ channels }: SiteManifest): boolean => channels.read.some(({ kind }) => kind === 'hl7');

/** Whether anything in this manifest notifies the subject over HTTP, so that it has to listen. */
export const needsWebhook = ({ crm, sites }: Manifest): boolean =>
  crm.back.kind === 'outbound' || sites.some(({ channels }) => channels.read.some(({ kind }) => kind === 'subscription'));
