import { mount, number, object, Rejected, type RouteInfo } from '#kernel';
import type { Companion, CompanionTools } from '../vendors/vendor.ts';
import {
  addOpen,
  bookAppointment,
  bookedAppointments,
  cancelAppointment,
  directory,
  move,
  openAppointments,
  readAppointment,
  rescheduleAppointment,
} from './appointments.ts';
import { enterV1, renderV1, type V1Call, type V1Handler } from './call.ts';
import { changed, eventNames, FEEDS, subscription } from './changed.ts';
import { createPatient, readPatient, searchPatients, updatePatient } from './patients.ts';

export { V1_SCOPE } from './call.ts';

type Row = [
  method: string,
  path: string,
  operation: string,
  type: string,
  doc: string,
  handler: V1Handler,
  tier?: RouteInfo['tier'],
];

/** The v1 API for what a sync to a CRM needs, one line a route. */
const ROUTES: readonly Row[] = [
  ...FEEDS.flatMap((feed): Row[] => {
    const at = `/${feed.name}/changed`;
    return [
      ['GET', at, 'changed', feed.type, `Changed ${feed.name} since the last read: each read consumes.`, changed(feed)],
      ['GET', `${at}/subscription`, 'subscription', feed.type, 'Events of the feed that are on.', subscription(feed)],
      ['POST', `${at}/subscription`, 'subscription', feed.type, 'Switches one event on, or all.', subscription(feed)],
      ['DELETE', `${at}/subscription`, 'subscription', feed.type, 'Switches one event off, or all.', subscription(feed)],
      ['GET', `${at}/subscription/events`, 'subscription', feed.type, 'Events that the feed has.', eventNames(feed)],
    ];
  }),
  ['GET', '/patients', 'search', 'Patient', 'Patients by name, birthday, phone, email.', searchPatients],
  ['POST', '/patients', 'create', 'Patient', 'Registers a patient, or finds the one who is there.', createPatient],
  ['GET', '/patients/:id', 'read', 'Patient', 'A patient, as a list of one.', readPatient],
  ['PUT', '/patients/:id', 'update', 'Patient', 'Changes what the form names; the last write wins.', updatePatient],
  [
    'GET',
    '/appointments/booked',
    'search',
    'Appointment',
    'Booked appointments of a department between two days.',
    bookedAppointments,
  ],
  [
    'GET',
    '/appointments/booked/multipledepartment',
    'search',
    'Appointment',
    'Booked appointments of several departments.',
    bookedAppointments,
  ],
  ['GET', '/appointments/open', 'search', 'Appointment', 'Free places of a department.', openAppointments],
  ['POST', '/appointments/open', 'create', 'Appointment', 'Adds free places.', addOpen],
  ['GET', '/appointments/:id', 'read', 'Appointment', 'An appointment, as a list of one.', readAppointment],
  ['PUT', '/appointments/:id', 'book', 'Appointment', 'Books a free place.', bookAppointment],
  ['PUT', '/appointments/:id/cancel', 'cancel', 'Appointment', 'Cancels.', cancelAppointment],
  ['PUT', '/appointments/:id/reschedule', 'reschedule', 'Appointment', 'Moves to another free place.', rescheduleAppointment],
  [
    'POST',
    '/appointments/:id/checkin',
    'checkin',
    'Appointment',
    'The patient has come.',
    move('arrived', 'arrive', ['booked', 'pending']),
    'shape',
  ],
  [
    'POST',
    '/appointments/:id/checkout',
    'checkout',
    'Appointment',
    'The visit is over.',
    move('fulfilled', 'complete', ['arrived', 'checked-in']),
    'shape',
  ],
  ['GET', '/departments', 'search', 'Location', 'Departments.', directory('Location', 'departments', 'department'), 'shape'],
  ['GET', '/departments/:id', 'read', 'Location', 'A department.', directory('Location', 'departments', 'department'), 'shape'],
  ['GET', '/providers', 'search', 'Practitioner', 'Providers.', directory('Practitioner', 'providers', 'provider'), 'shape'],
  ['GET', '/providers/:id', 'read', 'Practitioner', 'A provider.', directory('Practitioner', 'providers', 'provider'), 'shape'],
];

/** Seconds until a change shows in the feeds: about five minutes are reported. */
const FEED_SECONDS = 300;

/** athenahealth's v1 REST API beside the FHIR face of the same site. */
export function v1({ face, site, salt, registrar, feedSeconds = FEED_SECONDS }: CompanionTools): Companion {
  const settings = site.kernel.cell<number>(`ehr.${site.name}.v1`);
  const delay = (): number => settings.get('feedSeconds') ?? feedSeconds;
  for (const [method, path, operation, type, doc, handler, tier = 'semantic'] of ROUTES)
    face.route(method, `/v1/:practiceid${path}`, { operation, type, tier, doc }, (context) => {
      const params = enterV1(site, salt, context);
      const call: V1Call = { site, registrar, context, params, feedSeconds: delay };
      return handler(call);
    });
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])
    face.route(method, '/v1/*rest', { operation: 'unknown', tier: 'missing', doc: 'Everything else of the v1 API.' }, () => {
      throw new Rejected('unknown-path');
    });
  return {
    owns: (path) => /^\/v1(\/|$)/i.test(path),
    renderError: renderV1,
    describe: () => ({
      paths: { v1: '/v1' },
      settings: {
        tenant: site.tenant,
        departments: site.store
          .search({ type: 'Location', criteria: [] })
          .map(({ id }) => id.replace(/^.*-/, ''))
          .join(' '),
      },
    }),
    control: (control) => {
      mount<{ delaySeconds: number }>(
        control,
        {
          method: 'POST',
          path: '/v1/sites/:site/feeds',
          operation: 'feeds',
          doc: 'How late changes show in the change feeds.',
          body: object({ delaySeconds: number('0 or more.', { minimum: 0 }) }),
          answer: object({ delaySeconds: number() }),
          run: ({ body: { delaySeconds } }) => {
            settings.set('feedSeconds', delaySeconds);
            return { delaySeconds };
          },
        },
        { site: site.name },
      );
    },
  };
}
