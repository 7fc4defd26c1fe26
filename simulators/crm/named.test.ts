import { expect, test } from 'vitest';
import type { Request } from '#kernel';
import { namedIn } from './named.ts';

const request = (url: string, body = ''): Request => {
  const at = new URL(url, 'http://x');
  return { path: at.pathname, query: at.searchParams, body: Buffer.from(body) } as Request;
};

test.each<[url: string, body: string, names: string[]]>([
  ['/services/data/v60.0/sobjects/Contact/0031', '', ['Contact/0031']],
  ['/services/data/v60.0/sobjects/Contact/EHR_Key__c/1.2%7C12', '', ['Contact/EHR_Key__c/1.2|12']],
  ['/services/data/v60.0/sobjects/Contact', '{"EHR_Key__c":"1.2|12","LastName":"Poe"}', ['1.2|12']],
  ["/services/data/v60.0/query?q=SELECT Id FROM Contact WHERE EHR_Key__c = '1.2|12'", '', ['Contact/EHR_Key__c/1.2|12']],
  ["/services/data/v60.0/query?q=SELECT Name FROM Contact WHERE Id = '0031'", '', ['Contact/0031']],
  ["/services/data/v60.0/query?q=SELECT Id FROM Contact WHERE LastName = 'O\\'Neil'", '', ["Contact/LastName/O'Neil"]],
  [
    '/services/data/v60.0/sobjects/Appointment__c/EHR_Key__c/1.2%7C9',
    '{"Contact__r":{"EHR_Key__c":"1.2|12"}}',
    ['Appointment__c/EHR_Key__c/1.2|9', '1.2|12'],
  ],
  ['/services/data/v60.0/limits', '', []],
])('the CRM is called %s %s', (url, body, names) => {
  expect(namedIn(request(url, body))).toEqual(names);
});
