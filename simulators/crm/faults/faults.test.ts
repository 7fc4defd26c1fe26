import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KERNEL_FAULTS, type Rule } from '#kernel';
import { ERRORS, NAMED_ERRORS } from '../errors.ts';
import { openCrm, type TestCrm } from '../testing.ts';
import { CRM_FAULTS } from './index.ts';

let crm: TestCrm;
beforeEach(async () => {
  crm = await openCrm({ kernel: { faults: [...KERNEL_FAULTS, ...CRM_FAULTS] } });
});
afterEach(() => crm.close());

/** Arms a rule at the CRM, as the control API does; heals it by what it returns. */
async function arm(fault: string, params: Rule['params'] = {}): Promise<() => void> {
  const { id } = crm.kernel.rules.arm({ fault, params, where: { sim: 'crm' } });
  await crm.kernel.rules.effective();
  return () => crm.kernel.rules.heal(id);
}

describe('errors of the org by name', () => {
  test.each(NAMED_ERRORS)('%s', async (error) => {
    const heal = await arm('vendor-error', { error });
    const { status, code } = ERRORS[error as keyof typeof ERRORS];
    const answer = await crm.call('GET', 'limits');
    const shown = status === 502 || status === 504 ? String(answer.body).startsWith('<html>') : answer.body[0].errorCode;
    const expected = status === 502 || status === 504 ? true : error === 'invalid' ? 'MALFORMED_QUERY' : code;
    expect([answer.status, shown]).toEqual([status, expected]);
    heal();
    expect((await crm.call('GET', 'limits')).status).toBe(200);
  });

  test('one that the org has not is refused with those that it has', () => {
    const armed = () => crm.kernel.rules.arm({ fault: 'vendor-error', params: { error: 'too-long' } });
    expect(armed).toThrow(/crm\/\w+ has no error "too-long"; .*: .*row-locked.*throttled/);
  });
});
