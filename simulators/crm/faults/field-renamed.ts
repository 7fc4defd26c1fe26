import { defineFault } from '#kernel';

export const fieldRenamed = defineFault({
  name: 'field-renamed',
  family: 'schema',
  doc: 'An administrator changes the API name of a field; what it holds stays, under the new name.',
  params: {
    object: { type: 'string', doc: 'API name of the object', example: 'Contact' },
    field: { type: 'string', doc: 'API name of the field', example: 'MobilePhone' },
    to: { type: 'string', doc: 'its new API name', example: 'Mobile__c' },
  },
  hooks: {},
  lever: 'field-renamed',
  colour: '#1e3a8a',
});
