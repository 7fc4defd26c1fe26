import { describe, expect, it } from 'vitest';
import { toXml } from './xml.ts';

const xml = (resource: object): string => toXml(JSON.stringify(resource)).replace('<?xml version="1.0" encoding="UTF-8"?>', '');

describe('XML of a resource', () => {
  it('has the elements in the order of the definitions, whatever that of the JSON', () => {
    const patient = { resourceType: 'Patient', birthDate: '1980-01-01', active: true, id: 'p', meta: { tag: [{ code: 'x' }] } };
    expect(xml(patient)).toBe(
      '<Patient xmlns="http://hl7.org/fhir"><id value="p"/><meta><tag><code value="x"/></tag></meta><active value="true"/><birthDate value="1980-01-01"/></Patient>',
    );
  });

  it('repeats lists, keeps what hangs on primitives, and says addresses of extensions as attributes', () => {
    const patient = {
      resourceType: 'Patient',
      name: [
        { id: 'n1', given: ['Ada', null], _given: [null, { extension: [{ url: 'urn:x', valueCode: 'unknown' }] }], family: 'L' },
      ],
      _birthDate: { extension: [{ url: 'urn:y', valueString: 'a' }] },
      extension: [{ url: 'urn:z', extension: [{ url: 'inner', valueBoolean: false }] }],
    };
    expect(xml(patient)).toBe(
      '<Patient xmlns="http://hl7.org/fhir"><extension url="urn:z"><extension url="inner"><valueBoolean value="false"/></extension></extension>' +
        '<name id="n1"><family value="L"/><given value="Ada"/><given><extension url="urn:x"><valueCode value="unknown"/></extension></given></name>' +
        '<birthDate><extension url="urn:y"><valueString value="a"/></extension></birthDate></Patient>',
    );
  });

  it('wraps resources within resources, and leaves narrative as it is', () => {
    const div = '<div xmlns="http://www.w3.org/1999/xhtml"><b>a &amp; b</b></div>';
    const bundle = {
      resourceType: 'Bundle',
      type: 'searchset',
      link: [{ relation: 'self', url: 'http://a/b?c=d&e=f' }],
      entry: [{ fullUrl: 'http://a/Patient/1', resource: { resourceType: 'Patient', text: { status: 'generated', div } } }],
    };
    expect(xml(bundle)).toBe(
      '<Bundle xmlns="http://hl7.org/fhir"><type value="searchset"/><link><relation value="self"/><url value="http://a/b?c=d&#38;e=f"/></link>' +
        `<entry><fullUrl value="http://a/Patient/1"/><resource><Patient xmlns="http://hl7.org/fhir"><text><status value="generated"/>${div}</text></Patient></resource></entry></Bundle>`,
    );
  });

  it('escapes what attributes cannot hold', () => {
    const address = { resourceType: 'Patient', address: [{ text: 'a "b" <c>\r\nd & e' }] };
    expect(xml(address)).toContain('<text value="a &#34;b&#34; &#60;c&#62;&#13;&#10;d &#38; e"/>');
  });
});
