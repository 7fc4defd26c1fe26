#!/usr/bin/env node
// The command: cli.ts in the repository, cli.js in the package that npm installs.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { launch } from './launch.js';

const file = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
await launch(existsSync(file('cli.ts')) ? file('cli.ts') : file('cli.js'), process.argv.slice(2));
