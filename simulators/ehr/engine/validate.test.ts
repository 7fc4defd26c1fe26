import { describe, expect, it } from 'vitest';
import type { Resource } from './resource.ts';
import { validate } from './validate.ts';

const patient = (elements: object): Resource => ({ resourceType: 'Patient', ...elements });
const booked = {
  resourceType: 'Appointment',
  status: 'booked',
  start: '2026-03-02T10:00:00-06:00',
  end: '2026-03-02T10:30:00-06:00',
  participant: [{ status: 'accepted', actor: { reference: 'Patient/1' } }],
};

describe('what a write is refused for', () => {
  it.each<[string, object, string]>([
    ['a type that is not held', { resourceType: 'Specimen' }, 'resourceType'],
    ['an unknown element', patient({ birthdate: '2020-01-01' }), 'Patient.birthdate'],
    ['a code outside its value set', patient({ gender: 'F' }), 'Patient.gender'],
    ['a day that is none', patient({ birthDate: '2023-02-29' }), 'Patient.birthDate'],
    ['a date with a time', patient({ birthDate: '2023-02-20T00:00:00Z' }), 'Patient.birthDate'],
    ['a time without zone', patient({ deceasedDateTime: '2023-02-20T10:00:00' }), 'Patient.deceasedDateTime'],
    ['a single value for a list', patient({ name: { family: 'X' } }), 'Patient.name'],
    ['an empty list', patient({ telecom: [] }), 'Patient.telecom'],
    ['an empty string', patient({ name: [{ family: ' ' }] }), 'Patient.name[0].family'],
    ['a bad code deep inside', patient({ telecom: [{ system: 'mobile', value: '1' }] }), 'Patient.telecom[0].system'],
    ['a string for a boolean', patient({ active: 'true' }), 'Patient.active'],
    ['a link without its type', patient({ link: [{ other: { reference: 'Patient/2' } }] }), 'Patient.link[0].type'],
    ['an id of other characters', patient({ id: 'a_b' }), 'Patient.id'],
    ['an appointment without status', { ...booked, status: undefined }, 'Appointment.status'],
    ['an unknown status', { ...booked, status: 'canceled' }, 'Appointment.status'],
    ['an appointment without participants', { ...booked, participant: undefined }, 'Appointment.participant'],
    [
      'a participant without status',
      { ...booked, participant: [{ actor: { reference: 'Patient/1' } }] },
      'Appointment.participant[0].status',
    ],
    [
      'a participant of a wrong type',
      { ...booked, participant: [{ status: 'accepted', actor: { reference: 'Encounter/1' } }] },
      'Appointment.participant[0].actor.reference',
    ],
    ['a start that is no instant', { ...booked, start: '2026-03-02' }, 'Appointment.start'],
  ])('%s', (_what, resource, expression) =>
    expect(validate(resource as Resource).map((issue) => issue.expression)).toEqual([expression]),
  );

  it('nothing, when all is well', () => {
    expect(
      validate(
        patient({
          id: 'e.1-3',
          _birthDate: { extension: [{ url: 'x', valueCode: 'unknown' }] },
          birthDate: '1984-02',
          extension: [{ url: 'x', extension: [{ url: 'y', valueString: 'z' }] }],
          multipleBirthInteger: 2,
        }),
      ),
    ).toEqual([]);
    expect(validate(booked)).toEqual([]);
  });
});
