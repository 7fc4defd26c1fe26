import { describe, expect, it } from 'vitest';
import { files, isTest, matches, read, withoutComments } from './source.ts';

/** A word that must not occur in some files. */
interface Ban {
  title: string;
  pattern: RegExp;
  /** Which files are searched. */
  files: string;
  /** Files left out: by their nature, not as exceptions. */
  except?: (file: string) => boolean;
  /** Comments are searched, too. */
  comments?: boolean;
  /** Occurrences that stay, each with a reason. One that no longer occurs fails the test. */
  allowed?: readonly { file: RegExp; text: RegExp; reason: string }[];
}

// The words are split so that this file does not hold them.
const BANS: readonly Ban[] = [
  {
    title: 'handlers know no faults',
    pattern: /(?<!de)fault/i,
    files: 'simulators/{ehr,crm}/**/*.ts',
    except: (file) => isTest(file) || /^simulators\/(?:ehr|crm)\/faults\/|\/test-site\.ts$/.test(file),
    comments: true,
    allowed: [
      {
        file: /^simulators\/(?:ehr|crm)\/index\.ts:/,
        text: /export \{ (?:EHR|CRM)_FAULTS \} from/,
        reason: 'the face shows the list, and nothing else of it',
      },
      {
        file: /^simulators\/crm\//,
        text: /soapenv:Fault|faultcode|LoginFault|UnexpectedErrorFault|urn:fault\./,
        reason: "element names of SOAP's own error body",
      },
    ],
  },
  {
    title: 'no statement is compiled anew for its limit (LIMIT of #kernel)',
    pattern: /\bLIMIT \?(?! \+)/,
    files: 'simulators/**/*.ts',
    except: isTest,
  },
  { title: 'the shell alone sends', pattern: /\bres\./, files: 'simulators/{ehr,crm,hl7}/**/*.ts', except: isTest },
  {
    title: 'time and chance are injected',
    pattern: /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bset(?:Timeout|Interval)\b|\bperformance\.now\b|\brandomUUID\b/,
    files: '{cli.ts,{cli,simulators,conformance,fixtures,scenarios,reports}/**/*.ts}',
    except: (file) => isTest(file) || /^simulators\/kernel\/|^conformance\/reference\/main\.ts$|^scenarios\/load\//.test(file),
    allowed: [
      {
        file: /^conformance\/reference\/fhir\/token\.ts/,
        text: /randomUUID/,
        reason: 'a token request must never repeat; the subject is no part of a replay',
      },
      {
        file: /^simulators\/(?:control-client|hl7\/remote)\.ts/,
        text: /randomUUID/,
        reason: 'names one call of the harness, so that its repetition is known as one; no stimulus depends on it',
      },
      {
        file: /^conformance\/mutants\/acknowledges-all\.ts/,
        text: /Date\.now\(\)/,
        reason: 'a null is a process of its own, and this its main file',
      },
    ],
  },
  {
    title: 'libraries do not print',
    pattern: /\bconsole\.|\bprocess\.std(?:out|err)\b/,
    files: '{simulators,conformance,fixtures,scenarios,reports}/**/*.ts',
    except: (file) => isTest(file) || /^conformance\/reference\/main\.ts$|^scenarios\/load\//.test(file),
  },
  {
    title: 'nothing is left to do in the code',
    pattern: new RegExp(`\\b(?:${'TO'}DO|${'FIX'}ME|${'X'}XX)\\b`),
    files: '**/*.{ts,js,sh,yml,yaml,md,json,csv}',
    comments: true,
    except: (file) => file === 'package-lock.json',
  },
  {
    title: 'the repository stands alone',
    pattern: new RegExp(`\\.\\./${'shared'}\\b|/${'work'}/|\\bcontracts\\.md\\b`),
    files: '**/*.{ts,js,sh,yml,yaml,md,json,csv}',
    comments: true,
  },
];

describe.each(BANS)('$title', ({ pattern, files: glob, except, comments, allowed = [] }) => {
  const searched = files(glob).filter((file) => !except?.(file));
  const found = searched.flatMap((file) => {
    const source = read(file);
    return matches(file, comments || !/\.[tj]s$/.test(file) ? source : withoutComments(source), pattern);
  });
  const excuse = (hit: string) => allowed.find(({ file, text }) => file.test(hit) && text.test(hit));

  it('holds', () => expect(found.filter((hit) => !excuse(hit))).toEqual([]));
  it('has no stale exception', () => expect(allowed.filter((entry) => !found.some((hit) => excuse(hit) === entry))).toEqual([]));
});
