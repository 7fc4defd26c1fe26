import { defineCheck } from '../check.ts';
import { forgedNotifications, forgeNotifications } from '../world/forged-notifications.ts';
import { sendAsStranger, unknownSender } from '../world/unknown-sender.ts';

export const se09 = defineCheck({
  id: 'SE-09',
  title: 'What the EHR did not send does nothing',
  group: 'security',
  severity: 'M',
  level: 1,
  requirement:
    'A notification that is not signed, is signed wrongly or is of another tenant, and a message of an unknown sender have no effect, and are refused or reported; a notification that is played back days later changes nothing.',
  seeds: ['S4'],
  harm: 'Whoever finds the address of the webhook or the port of the listener decides what stands in the CRM.',
  needs: ['forgeable'],
  alone: true,
  act: (world) =>
    world.site.channels.read.some(({ kind }) => kind === 'hl7') ? sendAsStranger(world) : forgeNotifications(world),
  expect: (facts) => (facts.note('given stranger') !== undefined ? unknownSender(facts) : forgedNotifications(facts)),
});
