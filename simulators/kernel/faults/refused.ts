import { defineFault } from '../hooks.ts';

export const refused = defineFault({
  name: 'refused',
  family: 'connection',
  doc: 'The port is closed, as when a process is down: connections are refused (ECONNREFUSED), open ones reset, until healed.',
  params: {},
  hooks: {},
  lever: 'accepting',
  colour: '#1f2937',
});
