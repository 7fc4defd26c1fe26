import type { Cell, Kernel } from '#kernel';
import { ConfigurationError } from '#kernel';
import { narrowedBy, type Profile } from './access.ts';
import { CrmError } from './errors.ts';
import type { Schema, SObjectType } from './schema.ts';
import { compileCondition } from './soql/condition.ts';
import { SoqlError } from './soql/error.ts';
import { folded, type Store, type Stored } from './store.ts';
import type { Row } from './values.ts';

/** Refuses a row for which a condition holds. */
export interface ValidationRule {
  name: string;
  object: string;
  /** SOQL condition on the row as it would be saved; `Old.Field` is the value before (null when created). */
  when: string;
  message: string;
  /** Field at which the message stands; the whole record when absent. */
  field?: string;
}

/** Holds a new or changed row back that equals another one. */
export interface DuplicateRule {
  /** API name, such as Standard_Contact_Duplicate_Rule. */
  name: string;
  object: string;
  /** Fields that must all be given and equal, letter case aside. */
  match: string[];
  /** `alert` lets those through who send Sforce-Duplicate-Rule-Header: allowSave=true. */
  action: 'alert' | 'block';
  message?: string;
  /** Name of the matching rule. */
  rule?: string;
}

/** Gives new records to somebody, unless the client sends Sforce-Auto-Assign: FALSE. */
export interface AssignmentRule {
  object: string;
  /** Username. */
  owner: string;
  when?: string;
}

/** Posts fields of a record that was saved to a listener, until that acknowledges. */
export interface OutboundMessage {
  name: string;
  object: string;
  url: string;
  fields: string[];
  /** SOQL condition on the row as it was saved; every save when absent. */
  when?: string;
}

/** How an org was customised, as data. */
export interface OrgRules {
  validation?: ValidationRule[];
  duplicates?: DuplicateRule[];
  assignment?: AssignmentRule[];
  /** What users may see and do; who is in no profile may do everything. */
  profiles?: Profile[];
  outbound?: OutboundMessage[];
}

/** What a client wishes for its writes, by headers. */
export interface Wishes {
  autoAssign: boolean;
  allowSave: boolean;
  recordDetails: boolean;
}

export const NO_WISHES: Wishes = { autoAssign: true, allowSave: false, recordDetails: false };

/** Reads Sforce-Auto-Assign and Sforce-Duplicate-Rule-Header (REST API Developer Guide, "Headers"). */
export function wishesOf(headers: Record<string, string>): Wishes {
  const { 'sforce-duplicate-rule-header': duplicates, 'sforce-auto-assign': assign } = headers;
  if (duplicates === undefined && assign === undefined) return NO_WISHES;
  const says = (name: string) => new RegExp(`${name}\\s*=\\s*true`, 'i').test(duplicates ?? '');
  return {
    autoAssign: !/^false$/i.test(assign ?? ''),
    allowSave: says('allowSave'),
    recordDetails: says('includeRecordDetails'),
  };
}

const KEYS = ['validation', 'duplicates', 'assignment', 'profiles', 'outbound'] as const;

/** The customisation of one org, checked and compiled; kept with its state. */
export class Rulebook {
  #cell: Cell<OrgRules>;
  #given: OrgRules;
  #schema: Schema;
  #now: () => number;
  #compiled = new Map<string, (row: Record<string, unknown>) => boolean>();
  #views = new Map<string, Schema>();

  constructor(kernel: Kernel, schema: Schema, given: OrgRules = {}) {
    this.#cell = kernel.cell<OrgRules>('crm.rules');
    this.#schema = schema;
    this.#now = () => kernel.clock.now();
    this.#given = given;
    this.#check(given);
  }

  get all(): OrgRules {
    return this.#cell.get('org') ?? this.#given;
  }

  /** Replaces the lists that are given. @throws ConfigurationError naming what makes no sense */
  change(rules: OrgRules): OrgRules {
    this.#check(rules);
    this.#cell.set('org', { ...this.all, ...rules });
    this.#views.clear();
    return this.all;
  }

  /** The schema was altered: what users see of it is made anew. */
  forgetViews(): void {
    this.#views.clear();
  }

  profileOf(username: string): Profile | undefined {
    return this.all.profiles?.find((profile) => profile.users.includes(username));
  }

  /** The schema as this user sees it; the whole one for a user without profile. */
  viewOf(username: string): Schema {
    const profile = this.profileOf(username);
    if (!profile) return this.#schema;
    const known = this.#views.get(profile.name) ?? this.#schema.narrowed((definition) => narrowedBy(profile, definition));
    this.#views.set(profile.name, known);
    return known;
  }

  /** @throws CrmError FIELD_CUSTOM_VALIDATION_EXCEPTION with every rule that holds */
  validate(type: SObjectType, row: Row, old?: Row): void {
    const rules = this.all.validation;
    if (!rules || rules.length === 0) return;
    const shown = { ...row, Old: old ?? {} };
    const broken = rules.filter((rule) => this.#same(rule.object, type) && this.#test(rule.when)(shown));
    if (broken.length === 0) return;
    throw new CrmError(
      400,
      broken.map(({ message, field }) => ({
        message,
        errorCode: 'FIELD_CUSTOM_VALIDATION_EXCEPTION',
        fields: field ? [type.field(field)?.name ?? field] : [],
      })),
    );
  }

  /** @throws CrmError DUPLICATES_DETECTED */
  findDuplicates(type: SObjectType, row: Row, wishes: Wishes, store: Store, own?: string): void {
    for (const rule of this.all.duplicates ?? []) {
      if (!this.#same(rule.object, type) || (rule.action === 'alert' && wishes.allowSave)) continue;
      const names = rule.match.map((name) => type.field(name)!.name);
      if (names.some((name) => row[name] === undefined || row[name] === null)) continue;
      const equal = candidates(type, names, row, store).filter(
        (other) => other.id !== own && names.every((name) => folded(other.row[name] ?? null) === folded(row[name] ?? null)),
      );
      if (equal.length > 0) throw duplicatesDetected(type, rule, equal, wishes);
    }
  }

  /** Username of the new owner; undefined when no rule takes the record. */
  assign(type: SObjectType, row: Row): string | undefined {
    return this.all.assignment?.find(
      ({ object, when }) => this.#same(object, type) && (when === undefined || this.#test(when)({ ...row })),
    )?.owner;
  }

  #same(object: string, type: SObjectType): boolean {
    return object.toLowerCase() === type.name.toLowerCase();
  }

  #test(when: string): (row: Record<string, unknown>) => boolean {
    const known = this.#compiled.get(when) ?? compileCondition(when, { now: this.#now });
    this.#compiled.set(when, known);
    return known;
  }

  #check(rules: OrgRules): void {
    const bad = (text: string) => new ConfigurationError(`rules of the CRM: ${text}`);
    const strange = Object.keys(rules).find((key) => !(KEYS as readonly string[]).includes(key));
    if (strange) throw bad(`there is no list ${strange}; there are: ${KEYS.join(', ')}`);
    for (const rule of [...(rules.validation ?? []), ...(rules.duplicates ?? []), ...(rules.assignment ?? [])]) {
      const type = this.#schema.type(rule.object ?? '');
      if (!type) throw bad(`the org has no object ${rule.object}`);
      for (const name of 'match' in rule ? rule.match : []) if (!type.field(name)) throw bad(`${type.name} has no field ${name}`);
      if (!('when' in rule) || rule.when === undefined) continue;
      try {
        this.#test(rule.when);
      } catch (error) {
        if (error instanceof SoqlError) throw bad(`"${rule.when}" is no condition: ${error.message.trim()}`);
        throw error;
      }
    }
    for (const { name, object, url, fields, when } of rules.outbound ?? []) {
      const type = this.#schema.type(object ?? '');
      if (!type) throw bad(`the org has no object ${object}`);
      if (!name || !URL.canParse(url ?? '')) throw bad('an outbound message needs a name and a url');
      const strange = Array.isArray(fields) ? fields.find((field) => !type.field(field)) : 'fields';
      if (strange) throw bad(`outbound message ${name}: ${type.name} has no field ${strange}`);
      try {
        if (when) this.#test(when);
      } catch (error) {
        if (error instanceof SoqlError) throw bad(`"${when}" is no condition: ${error.message.trim()}`);
        throw error;
      }
    }
    for (const { name, users, objects } of rules.profiles ?? []) {
      if (!name || !Array.isArray(users)) throw bad('a profile needs a name and a list of users');
      for (const [object, access] of Object.entries(objects ?? {})) {
        const type = this.#schema.type(object);
        if (!type) throw bad(`profile ${name}: the org has no object ${object}`);
        for (const field of Object.keys(access.fields ?? {}))
          if (!type.field(field)) throw bad(`profile ${name}: ${type.name} has no field ${field}`);
      }
    }
  }
}

const SLICE = 500;

// By an index where one of the fields has one; else all records of the type are walked.
function candidates(type: SObjectType, names: string[], row: Row, store: Store): Stored[] {
  const indexed = type.indexed.find((field) => names.includes(field.name));
  if (indexed) return store.byIndex(type, indexed, row[indexed.name] ?? null);
  const found: Stored[] = [];
  for (let after = 0; ; ) {
    const slice = store.scan(type, { after, limit: SLICE, deleted: false });
    found.push(...slice.filter((other) => folded(other.row[names[0]!] ?? null) === folded(row[names[0]!] ?? null)));
    if (slice.length < SLICE) return found;
    after = slice.at(-1)!.n;
  }
}

// The key is misspelled in Salesforce itself; integrations read exactly this one.
function duplicatesDetected(type: SObjectType, rule: DuplicateRule, equal: Stored[], { recordDetails }: Wishes): CrmError {
  const message = rule.message ?? 'Use one of these records?';
  const matchRecords = equal.map(({ id, row }) => ({
    additionalInformation: [],
    fieldDiffs: [],
    matchConfidence: 100.0,
    record: {
      attributes: { type: type.name, url: `/services/data/v60.0/sobjects/${type.name}/${id}` },
      Id: id,
      ...(recordDetails
        ? Object.fromEntries(rule.match.map((name) => [type.field(name)!.name, row[type.field(name)!.name]]))
        : {}),
    },
  }));
  const duplicateResut = {
    allowSave: rule.action === 'alert',
    duplicateRule: rule.name,
    duplicateRuleEntityType: type.name,
    errorMessage: message,
    matchResults: [
      {
        entityType: type.name,
        errors: [],
        matchEngine: 'ExactMatchEngine',
        matchRecords,
        rule: rule.rule ?? `${type.name}_Match_Rule`,
        size: matchRecords.length,
        success: true,
      },
    ],
  };
  return new CrmError(400, [{ duplicateResut, errorCode: 'DUPLICATES_DETECTED', message }]);
}
