import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { NEXT_KEY, NEXT_PRIVATE_KEY_FILE, PRIVATE_KEY_FILE, SUBJECT_KEY } from './reference-client.ts';

it.each([
  ['first', PRIVATE_KEY_FILE, SUBJECT_KEY],
  ['next', NEXT_PRIVATE_KEY_FILE, NEXT_KEY],
])('the %s key is the one in fixtures/credentials', (_title, file, key) => {
  expect(existsSync(file)).toBe(true);
  expect(JSON.parse(readFileSync(file.replace('private.pem', 'public.jwk.json'), 'utf8'))).toEqual(key);
});
