import { main } from '../reference/main.ts';
import { referenceSteps } from '../reference/steps.ts';
import { acknowledgesAll } from './acknowledges-all.ts';
import { doesNothing } from './does-nothing.ts';
import { MUTANTS } from './index.ts';

// Run as the subject's process: `node main.ts <id of a mutant or null>`.
const NULL_MAINS: Record<string, () => Promise<void>> = { 'does-nothing': doesNothing, 'acknowledges-all': acknowledgesAll };

const id = process.argv[2] ?? '';
const mutant = MUTANTS.find((one) => one.id === id);
if (mutant) await main({ ...referenceSteps, ...mutant.steps(referenceSteps) });
else if (NULL_MAINS[id]) await NULL_MAINS[id]();
else throw new Error(`no mutant is called ${JSON.stringify(id)}`);
