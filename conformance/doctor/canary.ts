import { defineCheck } from '../check.ts';
import { readChannels } from '../manifest/read-channels.ts';

/**
 * What the doctor sends through a sync before any verdict: not one of the suite's checks, and not in its list. A patient is
 * registered, has to be shown on every channel that the site declares, and to come out in the CRM; then an edit goes the way back.
 */
export const canary = defineCheck({
  id: 'CANARY',
  title: 'One patient travels every declared channel',
  group: 'identity',
  severity: 'A',
  level: 1,
  requirement: 'A patient is shown on each declared channel, is in the CRM as the map asks, and an edit there comes back.',
  seeds: [],
  harm: 'What does not get through for one patient gets through for nobody.',
  async act(world) {
    const { ref } = await world.register('canary');
    const channels = readChannels(world.site).map((kind) => `${world.site.name}/${kind}`);
    const arrived = await world.mapped(world.syncWindow);
    await world.note('arrived', arrived);
    const shown = await world.seen(
      (facts) => channels.every((channel) => facts.servedAt({ ...ref, version: 1 }, channel) !== undefined),
      world.syncWindow,
    );
    if (!arrived || !shown || !world.readsEdits || world.site.channels.write_back === 'none') return;
    const handle = { name: 'canary', ref, resource: {} };
    const edit = world.ownedField('crm', handle);
    if (!edit || !(await world.crmEdit(handle, { [edit.field]: edit.value }))) return;
    await world.note('edit', edit);
    await world.mapped(world.syncWindow);
  },
  expect: () => [],
});
