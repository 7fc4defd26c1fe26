import { expect, it } from 'vitest';
import { startSite } from '../test-site.ts';

it('a system of a commit that was undone is nobody’s, and the next one is not taken for it', async () => {
  const test = await startSite({ vendor: 'r4' });
  const create = (system: string, more: object = {}) => ({
    op: 'create' as const,
    type: 'Patient',
    resource: { resourceType: 'Patient', identifier: [{ system, value: '1' }], ...more },
  });
  const dangling = { generalPractitioner: [{ reference: 'Practitioner/none' }] };
  await expect(test.site.commit({ act: 'x', changes: [create('urn:undone', dangling)] })).rejects.toThrow(/does not exist/);
  await test.site.commit({ act: 'x', changes: [create('urn:next')] });
  const found = (system: string) => test.site.find('Patient', { identifier: `${system}|1` }).length;
  expect([found('urn:undone'), found('urn:next')]).toEqual([0, 1]);
  await test.site.commit({ act: 'x', changes: [create('urn:undone')] });
  expect([found('urn:undone'), found('urn:next'), found('urn:never')]).toEqual([1, 1, 0]);
  await test.close();
});

it('what a resource no longer points at can be deleted, and what it points at can not', async () => {
  const test = await startSite({ vendor: 'r4' });
  const make = async (resource: { resourceType: string }) =>
    (await test.site.commit({ act: 'x', changes: [{ op: 'create', type: resource.resourceType, resource }] })).records[0]!.id;
  const [one, two] = [
    await make({ resourceType: 'Organization', name: 'A' } as never),
    await make({ resourceType: 'Organization', name: 'B' } as never),
  ];
  const patient = await make({ resourceType: 'Patient', managingOrganization: { reference: `Organization/${one}` } } as never);
  const remove = (id: string) => test.site.commit({ act: 'x', changes: [{ op: 'delete', type: 'Organization', id }] });
  await expect(remove(one)).rejects.toThrow(/referred to/);
  const patch = { managingOrganization: { reference: `Organization/${two}` } };
  await test.site.commit({ act: 'x', changes: [{ op: 'update', type: 'Patient', id: patient, patch }] });
  await remove(one);
  await expect(remove(two)).rejects.toThrow(/referred to/);
  await test.site.commit({ act: 'x', changes: [{ op: 'delete', type: 'Patient', id: patient }] });
  await remove(two);
  await test.close();
});
