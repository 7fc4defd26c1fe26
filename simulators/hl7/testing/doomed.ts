/** A process to be killed: commits people one after the other and sends them. Arguments: data folder, target. */
import { nobody, openWorld } from './site.ts';

const [, , data, target] = process.argv;
const world = await openWorld({ data });
world.hl7.setLink({ target });
for (let mrn = 1; mrn <= 5000; mrn++) {
  await world.ehr.put('register', nobody(String(mrn)));
  // Lets the link send between commits, so that the kill falls anywhere.
  await new Promise((resolve) => setImmediate(resolve));
}
