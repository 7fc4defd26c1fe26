import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** What a part says of itself: see the control API, GET /v1/parts. */
export interface Part {
  name: string;
  addresses: Record<string, string>;
  credentials: Record<string, string>;
}

/** A sandbox in a process of its own, as clients meet it. */
export interface Sandbox {
  controlUrl: string;
  caFile: string;
  part(name: string): Part;
  /** A call of the control API. @throws with its message when refused */
  control<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<T>;
  /** Registers a person at a site (`epic` when absent); gives the id of the Patient. */
  register(person: Person, site?: string): Promise<string>;
  stop(): Promise<void>;
}

export interface Person {
  mrn: string;
  family: string;
  given: string;
}

const PROCESS = fileURLToPath(new URL('../scripts/sandbox-process.ts', import.meta.url));
export const AUTHORITY = '1.2.840.114350.1.13.999.2.7.5.737384.14';

/** @param token what control calls need; nothing when absent */
export async function startSandbox(token?: string): Promise<Sandbox> {
  const env = { ...process.env, ...(token && { SYNCPROOF_CONTROL_TOKEN: token }) };
  const child = spawn(process.execPath, [PROCESS], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await Promise.race([
    once(createInterface(child.stdout), 'line'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the sandbox ended with ${code}`))),
  ])) as [string];
  const { controlUrl, caFile, parts } = JSON.parse(line) as { controlUrl: string; caFile: string; parts: Part[] };

  async function control<T>(method: string, path: string, body?: unknown): Promise<T> {
    const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
    const reply = await fetch(controlUrl + path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const value = (await reply.json()) as T & { error?: string };
    if (!reply.ok) throw new Error(`${method} ${path}: ${value.error}`);
    return value;
  }

  return {
    controlUrl,
    caFile,
    control,
    part: (name) => parts.find((part) => part.name === name)!,
    async register({ mrn, family, given }, site = 'epic') {
      const { mrnSystem } = parts.find((part) => part.name === site)!.credentials;
      const resource = {
        resourceType: 'Patient',
        identifier: [{ use: 'usual', system: mrnSystem, value: mrn }],
        name: [{ use: 'official', family, given: [given] }],
        gender: 'female',
        birthDate: '1980-02-29',
      };
      const { records } = await control<{ records: { id: string }[] }>('POST', `/v1/sites/${site}/commits`, {
        act: 'register',
        changes: [{ op: 'create', type: 'Patient', resource }],
      });
      return records[0]!.id;
    },
    async stop() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}
