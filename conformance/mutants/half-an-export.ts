import { defineMutant } from './define.ts';

export const halfAnExport = defineMutant({
  id: 'half-an-export',
  breaks: 'Goes on without a file of an export that it cannot have, and takes the export for done.',
  reads: 'bulk',
  vendor: 'r4',
  steps: () => ({
    async takeExport(fhir, path) {
      const { at, files } = await fhir.startExport(path);
      const had = async function* () {
        for (const file of files) yield await fhir.download(file).catch(() => []);
      };
      return { at, files: had() };
    },
  }),
  kills: [{ check: 'BV-05', reason: 'not-read' }],
  mayFail: ['*'],
});
