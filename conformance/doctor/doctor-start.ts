import { createPublicKey } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { delimiter, extname, join, resolve } from 'node:path';
import { type Hook, type Manifest, startMode } from '../manifest/manifest.ts';
import { nearest, type Problem } from '../manifest/problem.ts';
import { settingNames } from '../manifest/settings.ts';
import { templateNames } from '../manifest/template.ts';

type Report = (path: (string | number)[], message: string, fix: string, severity?: Problem['severity']) => void;

/** What would stop the subject from being started: programs, folders, templates, secrets that are not there. */
export function startProblems(manifest: Manifest, environment: Record<string, string | undefined>): Problem[] {
  const found: Problem[] = [];
  const report: Report = (path, message, fix, severity = 'error') =>
    void found.push({ severity, ...manifest.place(...path), message, fix });
  if (startMode(manifest) === 'compose')
    report(
      ['start', 'compose'],
      'starting a compose service is not built yet',
      'start it yourself and write attach: on, or use command',
    );
  if (manifest.start.command) commandProblems(manifest, environment, report);
  templateProblems(manifest, report);
  secretProblems(manifest, environment, report);
  fileProblems(manifest, report);
  for (const name of ['ready', 'poll_now', 'reconcile_now', 'pending', 'failed'] as const)
    hookProblems(manifest, manifest.hooks[name], ['hooks', name], environment, report);
  return found;
}

/** Programs whose first plain argument is the file that they run; with Java it comes after -jar. */
const INTERPRETERS = /^(node|deno|bun|python[\d.]*|ruby|perl|sh|bash|java)$/;

function commandProblems({ start }: Manifest, environment: Record<string, string | undefined>, report: Report): void {
  const { cwd, command } = start;
  const [program = '', first] = command ?? [];
  const script = program === 'java' ? command?.[command.indexOf('-jar') + 1 || command.length] : first;
  const wrong = isFolder(cwd) && programProblem(program, cwd, start.env.PATH ?? environment.PATH);
  const file = INTERPRETERS.test(program) && script && !/^-|\$\{/.test(script) && extname(script) !== '';
  if (!isFolder(cwd)) report(['start', 'cwd'], `the working folder ${cwd} does not exist`, 'correct start.cwd');
  else if (wrong) report(['start', 'command'], wrong, 'correct start.command, or install it');
  else if (file && !existsSync(resolve(cwd, script)))
    report(['start', 'command'], `${script} does not exist in ${cwd}`, 'correct start.command or start.cwd');
}

function programProblem(program: string, cwd: string, path = ''): string | undefined {
  // `node` is the Node that runs Syncproof; names with variables are known only in a run.
  if (program === 'node' || program.includes('${')) return undefined;
  const places = program.includes('/') ? [resolve(cwd, program)] : path.split(delimiter).map((folder) => join(folder, program));
  const there = places.filter((place) => existsSync(place) && statSync(place).isFile());
  if (there.length === 0) return `there is no program "${program}" ${program.includes('/') ? `in ${cwd}` : 'on the PATH'}`;
  return there.some(executable) ? undefined : `${there[0]} is not executable`;
}

function executable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

/** Names that are not settings but that a run gives values to. */
const RUN_NAMES = ['RUN_DATA', 'RUN_FILES', 'RUN_TRUST_STORE', 'SUBJECT_DIR'];

function templateProblems(manifest: Manifest, report: Report): void {
  const known = [...settingNames(manifest), ...RUN_NAMES];
  const check = (text: string, path: (string | number)[], where: string) => {
    for (const name of templateNames(text).filter((name) => /^(SYNCPROOF|RUN|SUBJECT)_/.test(name) && !known.includes(name))) {
      const close = nearest(name, known);
      report(
        path,
        `${where} uses \${${name}}, which is no setting`,
        close ? `did you mean \${${close}}?` : `use a setting, such as \${${known[1]}}`,
      );
    }
  };
  const { start } = manifest;
  for (const [name, value] of Object.entries(start.env)) check(value, ['start', 'env', name], name);
  start.command?.forEach((word) => {
    check(word, ['start', 'command'], 'the command');
  });
  for (const name of ['logs', 'audit'] as const) {
    const place = manifest.hooks[name];
    if (place) check('path' in place ? place.path : place.url, ['hooks', name], `hooks.${name}`);
  }
  start.files.forEach(({ template, to }, index) => {
    const path = ['start', 'files', index, 'template'];
    if (existsSync(template)) check(readFileSync(template, 'utf8'), path, template);
    else report(path, `the template ${template} does not exist`, 'correct the path');
    check(to, ['start', 'files', index, 'to'], 'the target');
  });
}

function secretProblems({ clients }: Manifest, environment: Record<string, string | undefined>, report: Report): void {
  for (const [name, client] of Object.entries(clients))
    for (const key of ['secret_env', 'password_env', 'security_token_env'] as const) {
      const variable = client[key];
      if (variable && !environment[variable])
        report(
          ['clients', name, key],
          `the environment variable ${variable} is not set`,
          `set ${variable} before you run, or remove ${key}`,
        );
    }
}

function fileProblems(manifest: Manifest, report: Report): void {
  const missing = (path: (string | number)[], file: string | undefined, severity: Problem['severity'] = 'error') => {
    if (file && !existsSync(file)) report(path, `${file} does not exist`, 'correct the path', severity);
  };
  manifest.sites.forEach((site, index) => {
    missing(['sites', index, 'capability'], site.capability);
  });
  for (const [name, client] of Object.entries(manifest.clients)) {
    missing(['clients', name, 'public_key'], client.public_key);
    if (client.public_key && existsSync(client.public_key) && !isPublicKey(client.public_key))
      report(
        ['clients', name, 'public_key'],
        `${client.public_key} holds no public key in PEM`,
        'write it with: openssl pkey -in PRIVATE -pubout -out public.pem',
      );
  }
  for (const name of ['logs', 'audit'] as const) {
    const place = manifest.hooks[name];
    // The subject may write it only once it runs, and a setting says where something is in a run.
    if (place && 'path' in place && !place.path.includes('${')) missing(['hooks', name], place.path, 'warning');
  }
}

function isPublicKey(file: string): boolean {
  const text = readFileSync(file, 'utf8');
  try {
    // A private key would be taken for its public half, and has no place in a manifest.
    return !text.includes('PRIVATE KEY') && createPublicKey(text).type === 'public';
  } catch {
    return false;
  }
}

function hookProblems(
  { start }: Manifest,
  hook: Hook | undefined,
  path: string[],
  environment: Record<string, string | undefined>,
  report: Report,
): void {
  if (!hook || 'url' in hook || !isFolder(start.cwd)) return;
  const wrong = programProblem(hook.command[0]!, start.cwd, start.env.PATH ?? environment.PATH);
  if (wrong) report(path, wrong, 'correct the hook, or install it');
}
