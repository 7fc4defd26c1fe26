import { defineFault } from '#kernel';

const ELSEWHERE = ['connect', 'token', 'authorize', 'introspect', 'discovery'];

export const fhirRetired = defineFault({
  name: 'fhir-retired',
  family: 'schema',
  doc: 'The version of the API is retired: every address below the FHIR base is answered as one that the vendor does not have. Sign-in goes on.',
  params: {},
  applies: ({ operation, path = '' }) => !ELSEWHERE.includes(operation) && !path.startsWith('/v1/'),
  hooks: { request: (exchange) => exchange.reject('unknown-path') },
  colour: '#134e4a',
});
