import type { Sandbox } from '#sandbox';
import { suggestion } from './arguments.ts';
import { UsageError } from './usage.ts';

/** The first address of 127/8 that is given to a name; each name gets its own, since all of them want port 443. */
const FIRST = 2;

/**
 * What to set up where the sync runs so that it finds a part under a name that it cannot be told to change, a vendor's own
 * for instance. @throws UsageError for a part that does not run or has no TLS face.
 */
export function aliasLines(sandbox: Pick<Sandbox, 'parts'>, aliases: Readonly<Record<string, string>>): string[] {
  const urls = sandbox.parts.map((part) => [part.name, secureUrl(part.describe().addresses)] as const);
  const secure = new Map(urls.filter((entry): entry is [string, URL] => entry[1] !== undefined));
  const found = Object.entries(aliases).map(([part, host], index) => {
    const url = secure.get(part);
    if (!url)
      throw new UsageError(`--alias ${part}=${host}: no part of that name speaks HTTPS${suggestion(part, [...secure.keys()])}`);
    return { host, address: `127.0.0.${FIRST + index}`, port: url.port };
  });
  if (found.length === 0) return [];
  return [
    '/etc/hosts of the machine of the sync (each address is loopback on Linux; on macOS first: ifconfig lo0 alias 127.0.0.2):',
    ...found.map(({ host, address }) => `  ${address} ${host}`),
    'and the port that the name implies:',
    ...found.map(({ address, port }) => `  sudo socat TCP-LISTEN:443,bind=${address},fork,reuseaddr TCP:127.0.0.1:${port} &`),
    'or, for a sync in a container on a network with the sandbox as service "sandbox":',
    ...found.map(({ host }) => `  networks: {default: {aliases: [${host}]}}   # at that service, listening on 443`),
  ];
}

const secureUrl = (addresses: Readonly<Record<string, string>>): URL | undefined => {
  const url = Object.values(addresses).find((address) => address.startsWith('https:'));
  return url === undefined ? undefined : new URL(url);
};
