import http from 'node:http';
import https from 'node:https';

/** What came back, or why nothing did. */
export type Answer = { status: number; body: string } | { error: NodeJS.ErrnoException };

const TIMEOUT_MS = 3000;
/** A description of an object with many fields is some hundred kilobytes. */
const LONGEST = 4_000_000;

/** One HTTP call that trusts only the given CA, as the subject should; a form is posted. */
export function ask(
  url: string,
  ca: string | undefined,
  { token, form }: { token?: string; form?: string } = {},
): Promise<Answer> {
  return new Promise((resolve) => {
    const headers = {
      accept: 'application/fhir+json, application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
    };
    const request = (url.startsWith('https:') ? https : http).request(
      url,
      { method: form === undefined ? 'GET' : 'POST', ca, headers, timeout: TIMEOUT_MS, agent: false },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          if (body.length < LONGEST) body += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode!, body }));
        response.on('error', (error) => resolve({ error }));
      },
    );
    request.on('timeout', () =>
      request.destroy(Object.assign(new Error(`no answer within ${TIMEOUT_MS} ms`), { code: 'ETIMEDOUT' })),
    );
    request.on('error', (error) => resolve({ error }));
    request.end(form);
  });
}
