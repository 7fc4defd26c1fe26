import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { PRIVATE_KEY_FILE, SUBJECT_KEY } from './reference-client.ts';

it('the registered key is the one in fixtures/credentials', () => {
  expect(existsSync(PRIVATE_KEY_FILE)).toBe(true);
  expect(JSON.parse(readFileSync(PRIVATE_KEY_FILE.replace('private.pem', 'public.jwk.json'), 'utf8'))).toEqual(SUBJECT_KEY);
});
