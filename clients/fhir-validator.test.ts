import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ODDITIES } from '../fixtures/clinical/oddities/index.ts';

const java = process.env.SYNCPROOF_JAVA_FHIR;
const skip = java ? false : 'no Java with the validator of clients/java-fhir: run by npm test';
const usCore = process.env.SYNCPROOF_US_CORE;
const skipProfiles = skip || (usCore ? false : 'no US Core profiles: brought by npm test');
const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Where HAPI and we are known to differ, with the reason. One that no longer holds fails the test. */
const KNOWN: readonly { title: RegExp; reason: string }[] = [
  {
    title: / Patient\.communication\[\d+\]\.language Code "\w+" is not in valueset: .*languages/,
    reason: 'R4 prefers those languages; its own binding allows every BCP 47 tag (maxValueSet all-languages)',
  },
  {
    title: /^cerner .* Patient\.gender No code provided/,
    reason:
      'a combined patient is a stub whose gender is a data-absent-reason: an element may have extensions in place of a value',
  },
  {
    title: /^cerner .* Patient\.(name|address)\[\d+\] Duplicate id value 'CI-\d+-\d+'/,
    reason:
      'items of different lists of a Cerner patient count apart, so that their ids meet; how they differ there is not captured',
  },
];

interface Served {
  vendor: string;
  address: string;
  text: string;
  /** Oddities of the chart that it is of. */
  odd?: string[];
}
interface Line {
  served: Served;
  /** Held against it in place of the base definitions. */
  profile?: string;
}
interface Complaint extends Line {
  /** `<vendor> <address> <where> <message>` */
  title: string;
}

/** What the validator finds wrong. One run for all, as it takes long to start. */
async function complaints(lines: readonly Line[], profiles: string[]): Promise<Complaint[]> {
  const classpath = [file('../.cache/java-fhir/fhir-validator-2.jar'), `${file('../.cache/java-fhir/lib')}/*`].join(':');
  const validator = spawn(java!, ['-cp', classpath, 'validator.Validator', ...profiles], { stdio: ['pipe', 'pipe', 'inherit'] });
  validator.stdin.end(lines.map(({ served, profile }) => `${profile ? `${profile}\t` : ''}${served.text}\n`).join(''));
  let out = '';
  for await (const chunk of validator.stdout) out += chunk;
  const found = out.trim().split('\n');
  assert.equal(found.pop(), `validated ${lines.length}`);
  return found.map((line) => {
    const [number, where, message] = line.split('\t');
    const about = lines[Number(number)]!;
    return { ...about, title: `${about.served.vendor} ${about.served.address} ${where} ${message}` };
  });
}

const US_CORE = 'http://hl7.org/fhir/us/core/StructureDefinition';
/** The profile that a resource of a chart claims to meet, of those that can be had here. */
function profileOf({ text }: Served): string | undefined {
  const { resourceType, code } = JSON.parse(text) as { resourceType: string; code?: { coding?: { code?: string }[] } };
  const about = (loinc: string): boolean => code?.coding?.some((one) => one.code === loinc) ?? false;
  if (resourceType === 'Patient') return `${US_CORE}/us-core-patient`;
  if (resourceType === 'MedicationRequest') return `${US_CORE}/us-core-medicationrequest`;
  if (resourceType !== 'Observation') return undefined;
  if (about('85354-9')) return `${US_CORE}/us-core-blood-pressure`;
  return about('72166-2') ? `${US_CORE}/us-core-smokingstatus` : undefined;
}

describe('the FHIR validator of HAPI, unmodified', { skip }, () => {
  let held: Line[] = [];
  let found: Complaint[] = [];
  const isKnown = ({ title }: Complaint): boolean => KNOWN.some((known) => known.title.test(title));
  const titles = (complained: readonly Complaint[]): string[] => complained.map(({ title }) => title);

  before(async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [file('../scripts/served-resources.ts')], {
      maxBuffer: 256 * 1024 * 1024,
    });
    const served = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Served);
    const claims = served.flatMap((one) => {
      const profile = usCore && one.vendor === 'r4' && one.odd ? profileOf(one) : undefined;
      return profile ? [{ served: one, profile }] : [];
    });
    held = [...served.map((one) => ({ served: one })), ...claims];
    const files = ['uscore-v5.0.1-structuredefinitions.json', 'uscore-v7.0.0-smoking-status.json'];
    found = await complaints(held, usCore ? files.map((name) => `${usCore}/${name}`) : []);
  });

  it('finds nothing wrong with what each vendor serves, of charts and once every story was told', () => {
    const base = found.filter(({ profile }) => profile === undefined);
    assert.deepEqual(titles(base.filter((one) => !isKnown(one))), []);
    assert.deepEqual(
      KNOWN.filter(({ title }) => !base.some((one) => title.test(one.title))),
      [],
      'differences that are none any more',
    );
  });

  it('finds charts to meet US Core, but where an oddity says that they do not', { skip: skipProfiles }, () => {
    const met = new Set(held.flatMap(({ profile }) => profile ?? []));
    assert.equal(met.size, 4, `resources of every profile, not only ${[...met]}`);
    const excused = ({ served: { odd = [] }, title }: Complaint): boolean =>
      ODDITIES.some(({ id, breaks }) => breaks?.test(title) && odd.includes(id));
    const wrong = found.filter((one) => one.profile !== undefined && !isKnown(one) && !excused(one));
    assert.deepEqual(titles(wrong), []);
  });
});
