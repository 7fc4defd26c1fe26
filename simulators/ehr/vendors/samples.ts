import { codesOf, DEFINITIONS, type Element, isHeld, shapeOf } from '../engine/definitions.ts';
import type { SearchParameter } from '../engine/parameters.ts';
import { type Path, parsePath } from '../engine/paths.ts';
import type { Resource } from '../engine/resource.ts';

/** What a search must find, what it must not, and what only fills a place. */
export type Variant = 'a' | 'b' | 'c';
/** `Type/id` of a resource that is there to be pointed at. */
export type Pointer = (type: string, variant: Variant) => string;

type Values = Record<string, unknown>;
const pick = <T>(variant: Variant, a: T, b: T): T => (variant === 'a' ? a : b);
const UCUM = 'http://unitsofmeasure.org';

/** Puts a value at each place that a parameter reads, complete enough to be valid. */
export class Sample {
  readonly resource: Resource;
  #pointer: Pointer;

  constructor(type: string, pointer: Pointer) {
    this.resource = { resourceType: type };
    this.#pointer = pointer;
  }

  /** @returns what one would search for. */
  put(path: string, variant: Variant, targets: readonly string[] = []): string {
    const parsed = parsePath(path);
    const { holder, element } = this.#reach(parsed);
    const value = this.#value(parsed.of, variant, element, targets);
    const last = parsed.steps.at(-1)!;
    const lists = element?.list ?? false;
    const named = last.filter ? { ...(value as Values), [last.filter.name]: last.filter.value } : value;
    if (lists) holder[last.element] = [...((holder[last.element] as unknown[] | undefined) ?? []), named];
    else holder[last.element] = named;
    return textOf(named, parsed.of, targets);
  }

  /** Adds what is required and missing, everywhere. */
  finish(): Resource {
    // Some vendors show free slots alone.
    if (this.resource.resourceType === 'Slot') this.resource.status ??= 'free';
    this.#complete(this.resource, this.resource.resourceType);
    fix(this.resource, this.#pointer);
    return this.resource;
  }

  // The object that holds the last element of a path; what lies between is made, and a second time where it is taken.
  #reach({ steps }: Path): { holder: Values; element?: Element } {
    const last = steps.at(-1)!.element;
    let holder: Values = this.resource;
    let type = this.resource.resourceType;
    for (const { element: name, filter } of steps.slice(0, -1)) {
      const element = shapeOf(type)?.elements.get(name);
      const first = filter ? { [filter.name]: filter.value } : {};
      // One among several that differ by what the path says of it.
      if (filter && Array.isArray(holder[name])) (holder[name] as unknown[]).push(first);
      const inner = holder[name] ?? (element?.list || filter ? [first] : first);
      holder[name] = inner;
      type = element?.type ?? '';
      if (Array.isArray(inner) && (inner.at(-1) as Values)[last] !== undefined && !shapeOf(type)?.elements.get(last)?.list)
        inner.push({});
      holder = (Array.isArray(inner) ? inner.at(-1) : inner) as Values;
    }
    return { holder, element: shapeOf(type)?.elements.get(steps.at(-1)!.element) };
  }

  #complete(value: Values, type: string): void {
    const shape = shapeOf(type);
    for (const { names } of shape?.required ?? []) {
      if (names.some((name) => value[name] !== undefined)) continue;
      const element = shape!.elements.get(names[0]!)!;
      const made = this.#value(element.type, 'c', element, element.targets ?? ['Patient']);
      value[element.name] = element.list ? [made] : made;
    }
    for (const [name, inner] of Object.entries(value)) {
      const element = shape?.elements.get(name);
      for (const one of Array.isArray(inner) ? inner : [inner])
        if (element && typeof one === 'object' && one !== null) this.#complete(one as Values, element.type);
    }
  }

  #value(type: string, v: Variant, element: Element | undefined, targets: readonly string[]): unknown {
    if (type === 'Reference') {
      // What the engine does not hold lives elsewhere.
      const wanted = targets.length > 0 ? targets : (element?.targets ?? ['Patient']);
      const target = wanted.find(isHeld);
      return { reference: target ? this.#pointer(target, v === 'c' ? 'a' : v) : `https://other.example/fhir/${wanted[0]}/${v}` };
    }
    return element?.set ? ofSet(type, element.set, v) : plain(type, v);
  }
}

function ofSet(type: string, set: string, v: Variant): unknown {
  const systems = DEFINITIONS.codes[set];
  const codes = codesOf(set);
  if (!systems || !codes) return type === 'code' ? pick(v, 'text/plain', 'text/html') : plain(type, v);
  const code = codes[Math.min('abc'.indexOf(v), codes.length - 1)]!;
  const system = Object.keys(systems).find((one) => systems[one]!.includes(code))!;
  if (type === 'code') return code;
  return type === 'CodeableConcept' ? { coding: [{ system, code }] } : { system, code };
}

function plain(type: string, v: Variant): unknown {
  const day = pick(v, '2021-03-04', '2022-05-06');
  const coding = { system: 'urn:codes', code: `${v}-code` };
  const values: Values = {
    string: `${v}Text`,
    markdown: `${v}Text`,
    boolean: v === 'a',
    code: `${v}-code`,
    id: v,
    uri: `http://${v}.example/uri`,
    url: `http://${v}.example/url`,
    canonical: `http://${v}.example/canonical`,
    date: day,
    dateTime: day,
    instant: `${day}T10:00:00Z`,
    integer: pick(v, 1, 2),
    positiveInt: pick(v, 1, 2),
    unsignedInt: pick(v, 1, 2),
    decimal: pick(v, 1.5, 2.5),
    base64Binary: 'AAAA',
    xhtml: '<div xmlns="http://www.w3.org/1999/xhtml">x</div>',
    Identifier: { system: 'urn:ids', value: `${v}-1` },
    HumanName: { family: `${v}Fam` },
    Address: { city: `${v}ville` },
    ContactPoint: { system: 'phone', value: pick(v, '312-555-0101', '312-555-0102') },
    Coding: coding,
    CodeableConcept: { coding: [coding] },
    Period: { start: `${day}T08:00:00Z`, end: `${day}T09:00:00Z` },
    Timing: { event: [day] },
    Quantity: { value: pick(v, 5, 50), unit: 'mg', system: UCUM, code: 'mg' },
    Age: { value: pick(v, 5, 50), unit: 'a', system: UCUM, code: 'a' },
    Duration: { value: pick(v, 5, 50), unit: 'min', system: UCUM, code: 'min' },
    Range: {
      low: { value: pick(v, 5, 50), unit: 'a', system: UCUM, code: 'a' },
      high: { value: pick(v, 5, 50), unit: 'a', system: UCUM, code: 'a' },
    },
    Attachment: { contentType: 'text/plain', url: `http://${v}.example/file` },
  };
  return values[type] ?? {};
}

/** How one would ask for a value. */
function textOf(value: unknown, type: string, targets: readonly string[]): string {
  const {
    system,
    code,
    value: inner,
    coding,
    reference,
    start,
    event,
    family,
    city,
    low,
  } = (typeof value === 'object' ? value : {}) as {
    [name: string]: string & { system?: string; code: string }[] & { value?: number };
  };
  if (type === 'CodeableConcept') return textOf(coding![0], 'Coding', targets);
  if (type === 'Coding') return `${system}|${code}`;
  if (type === 'Identifier') return `${system}|${inner}`;
  if (type === 'ContactPoint') return String(inner);
  if (type === 'Reference') return String(reference);
  if (type === 'Period') return String(start).slice(0, 10);
  if (type === 'Timing') return String(event![0]);
  if (type === 'HumanName') return String(family);
  if (type === 'Address') return String(city);
  if (type === 'Range') return `${low!.value}||a`;
  if (inner !== undefined) return `${inner}|${system}|${code}`;
  return typeof value === 'string' && type === 'instant' ? value.slice(0, 10) : String(value);
}

// Rules between elements, which no definition of a single one tells.
function fix(resource: Resource, pointer: Pointer): void {
  const { resourceType: type } = resource;
  const r = resource as Values & { [name: string]: Values[] & Values };
  if (type === 'Appointment') {
    r.start ??= '2026-03-02T10:00:00Z' as never;
    r.end ??= new Date(Date.parse(String(r.start)) + 1_800_000).toISOString() as never;
    for (const one of r.participant ?? []) one.actor ??= { reference: pointer('Patient', 'a') };
  }
  const verified = r.verificationStatus as { coding?: { code: string }[] } | undefined;
  const status = (set: string, code: string) =>
    ({ coding: [{ system: `http://terminology.hl7.org/CodeSystem/${set}`, code }] }) as never;
  if (type === 'AllergyIntolerance' && verified?.coding?.[0]?.code !== 'entered-in-error')
    r.clinicalStatus ??= status('allergyintolerance-clinical', 'active');
  if (type === 'Condition') {
    const abated = Object.keys(r).some((name) => name.startsWith('abatement'));
    r.clinicalStatus ??= status('condition-clinical', abated ? 'resolved' : 'active');
  }
  if (type === 'Consent') r.policyRule ??= { text: 'the usual' } as never;
  if (type === 'ServiceRequest') r.code ??= { text: 'something' } as never;
  if (type === 'Organization') r.name ??= 'A place' as never;
  if (type === 'Group' && r.member) r.actual = true as never;
}

/** Where else a parameter must be satisfied for its value to count, and what code reads: samples by hand. */
export const BY_HAND: Readonly<Record<string, (v: Variant) => { elements: object; query: string }>> = {
  'Patient.deceased': (v) => ({ elements: { deceasedBoolean: v === 'a' }, query: String(v === 'a') }),
  'Patient.legal-sex': (v) => ({ elements: { gender: pick(v, 'female', 'male') }, query: pick(v, 'female', 'male') }),
  ...Object.fromEntries(
    ['own-name', 'own-prefix', 'partner-name', 'partner-prefix'].map((name) => [
      `Patient.${name}`,
      (v: Variant) => ({
        elements: {
          name: [
            {
              family: 'X',
              _family: {
                extension: [{ url: `http://hl7.org/fhir/StructureDefinition/humanname-${name}`, valueString: `${v}Part` }],
              },
            },
          ],
        },
        query: `${v}Part`,
      }),
    ]),
  ),
  ...Object.fromEntries(
    ['Appointment', 'Encounter', 'ServiceRequest'].map((type) => [
      `${type}.onlyscannable`,
      (v: Variant) => ({ elements: v === 'a' ? { meta: { tag: [{ code: 'scannable' }] } } : {}, query: pick(v, 'true', 'none') }),
    ]),
  ),
  'Appointment.-date-or-req-period': (v) => {
    const day = pick(v, '2021-03-04', '2022-05-06');
    return { elements: { start: `${day}T08:00:00Z`, end: `${day}T09:00:00Z` }, query: day };
  },
  ...Object.fromEntries(
    Object.entries({
      'Communication.-email-status': ['email-status'],
      'RelatedPerson.-relationship-level': ['relationship-level'],
      'RelatedPerson.-encounter': ['related-person-encounter', 'Encounter'],
      'Coverage.-encounter': ['coverage-encounter', 'Encounter'],
      'Slot.-location': ['scheduling-location', 'Location'],
    }).map(([parameter, [name, target]]) => [
      parameter,
      (v: Variant) => {
        const reference = `https://other.example/fhir/${target}/${v}`;
        const concept = { coding: [{ system: 'urn:codes', code: `${v}-code` }] };
        const value = target ? { valueReference: { reference } } : { valueCodeableConcept: concept };
        const url = `https://fhir-ehr.cerner.com/r4/StructureDefinition/${name}`;
        return { elements: { extension: [{ url, ...value }] }, query: target ? reference : `urn:codes|${v}-code` };
      },
    ]),
  ),
  // Some vendors leave proposed ones out.
  'Appointment.status': (v) => ({ elements: { status: pick(v, 'booked', 'cancelled') }, query: pick(v, 'booked', 'cancelled') }),
  // One vendor asks only what goes on after a time: the first is later, and there is nothing after the second.
  'MedicationRequest.-timing-boundsPeriod': (v) => ({
    elements: {
      dosageInstruction: [
        {
          timing: {
            repeat: { boundsPeriod: { start: pick(v, '2030-01-01', '2020-01-01'), end: pick(v, '2030-02-01', '2020-02-01') } },
          },
        },
      ],
    },
    query: pick(v, 'ge2025-01-01T00:00:00Z', 'ge2040-01-01T00:00:00Z'),
  }),
  'MedicationRequest.ingredient-code': (v) => ({
    elements: {
      contained: [
        {
          resourceType: 'Medication',
          id: 'm',
          ingredient: [{ itemCodeableConcept: { coding: [{ system: 'urn:codes', code: `${v}-in` }] } }],
        },
      ],
      medicationReference: { reference: '#m' },
    },
    query: `urn:codes|${v}-in`,
  }),
  'Observation.category': (v) => {
    const code = pick(v, 'laboratory', 'vital-signs');
    const system = 'http://terminology.hl7.org/CodeSystem/observation-category';
    return { elements: { category: [{ coding: [{ system, code }] }] }, query: code };
  },
};

/** Every way to have a value for a parameter: one for each path that it reads, or both parts of a composite. */
export function waysOf(type: string, parameter: SearchParameter): ((sample: Sample, v: Variant) => string)[] {
  const byHand = BY_HAND[`${type}.${parameter.name}`];
  if (byHand)
    return [
      (sample, v) => {
        const { elements, query } = byHand(v);
        Object.assign(sample.resource, elements);
        return query;
      },
    ];
  // An actor that is no patient: many a vendor wants the patient stated beside it.
  const targets = parameter.name === 'actor' ? parameter.targets.filter((one) => one !== 'Patient') : parameter.targets;
  const composite = DEFINITIONS.search[type]?.[parameter.name]?.composite ?? [];
  return [
    ...parameter.paths.map((path) => (sample: Sample, v: Variant) => sample.put(path, v, targets)),
    ...composite.map(({ focus, parts }) => (sample: Sample, v: Variant) => {
      const at = focus === '' ? '' : `${focus}.`;
      // The first part is the same in both: the second must tell them apart.
      const first = sample.put(at + parts[0]!.paths[0]!, 'a', parameter.targets);
      return `${first}$${sample.put(at + parts[1]!.paths[0]!, v, parameter.targets)}`;
    }),
  ];
}
