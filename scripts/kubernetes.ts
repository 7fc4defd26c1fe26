/**
 * `npm run kubernetes`: writes kubernetes/*.yaml, the sandbox sharded by tenant and the load spread by the k6 operator.
 *   npm run kubernetes -- --site name=mercy,vendor=epic,authority=1.2.3,time_zone=America/Chicago    another tenant beside the known ones (repeatable)
 *                         --no-known   only those   --scenario volume   --rate 200/s   --runners 4   --image syncproof:local   --out kubernetes
 * Each tenant is a process of its own, a site with its HL7 link: its truth lives nowhere else, so nothing coordinates. More
 * tenants are more lines here, not bigger pods.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { VENDORS } from '#ehr';

export interface ClusterOptions {
  /** Tenants, each as `up --site` takes it; one whose vendor alone is said is the site of `up` of that name. */
  tenants: readonly Tenant[];
  image: string;
  k6Image: string;
  scenario: string;
  rate: string;
  duration: string;
  runners: number;
}
export interface Tenant {
  name: string;
  /** Text of `--site`; absent for a site that `up` knows. */
  site?: string;
}
type Resource = { apiVersion: string; kind: string; metadata: { name: string } & Record<string, unknown> } & Record<
  string,
  unknown
>;

const NAMESPACE = 'syncproof';
/** In a pod nothing else listens: every site has the ports of the first one. */
const PORTS = { control: 4000, http: 4010, https: 4011, hl7: 4012 } as const;
/** The uid of the image (Dockerfile). */
const USER = 10001;
/** Where the subject takes HL7: tenant by tenant, from here on. */
const SUBJECT = { service: 'subject', mllp: 2575 } as const;

const labels = (component: string) => ({ 'app.kubernetes.io/name': 'syncproof', 'app.kubernetes.io/component': component });
const metadata = (name: string) => ({ name, namespace: NAMESPACE, labels: labels(name) });
const value = (name: string, text: string) => ({ name, value: text });
const TOKEN = { name: 'SYNCPROOF_UP_CONTROL_TOKEN', valueFrom: { secretKeyRef: { name: 'syncproof-control', key: 'token' } } };

const RESTRICTED = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  runAsUser: USER,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};
const healthy = (port: number) => ({ httpGet: { path: '/v1/health', port }, periodSeconds: 5, timeoutSeconds: 4 });

/** One process of the sandbox: a pod that is never two, since what it holds is in it alone, with its address. */
function processOf(
  name: string,
  { parts, env, ports, image }: { parts: string[]; env: object[]; ports: Record<string, number>; image: string },
): Resource[] {
  const served = Object.entries(ports).map(([port, number]) => ({ name: port, port: number }));
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata(name),
      spec: { selector: labels(name), ports: served.map((one) => ({ ...one, targetPort: one.name })) },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: metadata(name),
      spec: {
        serviceName: name,
        replicas: 1,
        selector: { matchLabels: labels(name) },
        template: {
          metadata: { labels: labels(name) },
          spec: {
            automountServiceAccountToken: false,
            securityContext: { fsGroup: USER },
            // Long enough to write down what is in memory.
            terminationGracePeriodSeconds: 30,
            containers: [
              {
                name: 'sandbox',
                image,
                args: ['up', ...parts],
                env: [
                  ...[value('SYNCPROOF_UP_HOST', '0.0.0.0'), value('SYNCPROOF_UP_PUBLIC_HOST', name)],
                  ...[value('SYNCPROOF_UP_DATA', '/data/state'), value('SYNCPROOF_UP_CA', '/ca')],
                  // Nobody looks around by hand here: the judge and the load bring their own people.
                  value('SYNCPROOF_UP_PEOPLE', '0'),
                  TOKEN,
                  ...env,
                ],
                ports: served.map(({ name: port, port: number }) => ({ name: port, containerPort: number })),
                startupProbe: { ...healthy(PORTS.control), failureThreshold: 12 },
                readinessProbe: healthy(PORTS.control),
                resources: { requests: { cpu: '1', memory: '512Mi' }, limits: { memory: '2Gi' } },
                securityContext: RESTRICTED,
                volumeMounts: [
                  { name: 'data', mountPath: '/data' },
                  { name: 'ca', mountPath: '/ca', readOnly: true },
                ],
              },
            ],
            volumes: [{ name: 'ca', secret: { secretName: 'syncproof-ca' } }],
          },
        },
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '10Gi' } } },
          },
        ],
      },
    },
  ];
}

function gateway(processes: readonly string[], image: string): Resource[] {
  const urls = processes.map((name) => `http://${name}:${PORTS.control}`).join(',');
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata('control'),
      spec: { selector: labels('control'), ports: [{ name: 'control', port: PORTS.control, targetPort: 'control' }] },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata('control'),
      spec: {
        // It keeps nothing: there may be as many as one likes.
        replicas: 2,
        selector: { matchLabels: labels('control') },
        template: {
          metadata: { labels: labels('control') },
          spec: {
            automountServiceAccountToken: false,
            containers: [
              {
                name: 'gateway',
                image,
                command: ['node', '/app/scripts/control-gateway.js'],
                env: [value('SYNCPROOF_GATEWAY_PROCESSES', urls), value('SYNCPROOF_GATEWAY_PORT', String(PORTS.control))],
                ports: [{ name: 'control', containerPort: PORTS.control }],
                readinessProbe: healthy(PORTS.control),
                resources: { requests: { cpu: '250m', memory: '128Mi' }, limits: { memory: '256Mi' } },
                securityContext: RESTRICTED,
              },
            ],
          },
        },
      },
    },
  ];
}

/** Everything a subject talks to, a process for each tenant and one for the CRM, and the control API in front of them. */
export function sandboxManifests({ tenants, image }: ClusterOptions): Resource[] {
  const { control, ...faces } = PORTS;
  const sites = tenants.map(({ name, site }, index) =>
    processOf(name, {
      image,
      parts: [name, `${name}-hl7`],
      env: [
        ...(site ? [value('SYNCPROOF_UP_SITE', site)] : []),
        value('SYNCPROOF_UP_PORT', `${name}=${PORTS.http}`),
        value('SYNCPROOF_UP_LINK', `${name}=${SUBJECT.service}:${SUBJECT.mllp + index}`),
      ],
      ports: { control, ...faces },
    }),
  );
  const crm = processOf('crm', {
    image,
    parts: ['crm'],
    env: [value('SYNCPROOF_UP_PORT', `crm=${PORTS.http}`)],
    ports: { control, http: PORTS.http, https: PORTS.https },
  });
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    ...sites.flat(),
    ...crm,
    ...gateway([...tenants.map(({ name }) => name), 'crm'], image),
  ];
}

/**
 * The load, spread over runners by the k6 operator: each takes its execution segment of one schedule, and since every offer
 * carries its place in that schedule, what is folded from the journals is what one k6 would have given.
 */
export function loadManifests({ scenario, rate, duration, runners, k6Image, tenants }: ClusterOptions): Resource[] {
  const claim = 'syncproof-load';
  return [
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: metadata(claim),
      // Written once, read by every runner; one node's disk does where all runners are on one node.
      spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '5Gi' } } },
    },
    {
      apiVersion: 'k6.io/v1alpha1',
      kind: 'TestRun',
      metadata: metadata(`load-${scenario}`),
      spec: {
        parallelism: runners,
        // Made by `k6 archive`: the scenario with what it imports and the people that were prepared.
        script: { volumeClaim: { name: claim, file: `${scenario}.tar`, readOnly: true } },
        arguments: '--no-usage-report --tag testrun=syncproof',
        // Each on another node where there are as many: a runner that waits for its processor offers late.
        runner: {
          image: k6Image,
          env: [
            value('CONTROL_URL', `http://control:${PORTS.control}`),
            { name: 'CONTROL_TOKEN', valueFrom: TOKEN.valueFrom },
            value('SITE', tenants[0]!.name),
            value('RATE', rate),
            value('DURATION', duration),
          ],
          resources: { requests: { cpu: '1', memory: '512Mi' }, limits: { memory: '1Gi' } },
          securityContext: { runAsNonRoot: true, runAsUser: 12345 },
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'kubernetes.io/hostname',
              whenUnsatisfiable: 'ScheduleAnyway',
              labelSelector: { matchLabels: { app: 'k6' } },
            },
          ],
        },
      },
    },
  ];
}

const HEAD = '# Written by npm run kubernetes; docs/kubernetes.md says how it is used.\n';

/** The files of the folder kubernetes/, by name. */
export function clusterFiles(options: ClusterOptions): Record<string, string> {
  const documents = (resources: readonly Resource[]): string =>
    HEAD + resources.map((resource) => `---\n${stringify(resource, { lineWidth: 0, aliasDuplicateObjects: false })}`).join('');
  const kustomization = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources: ['sandbox.yaml'] };
  return {
    'kustomization.yaml': `${HEAD}${stringify(kustomization)}`,
    'sandbox.yaml': documents(sandboxManifests(options)),
    'load.yaml': documents(loadManifests(options)),
  };
}

/** What is committed: a tenant of each vendor. */
export const DEFAULTS: ClusterOptions = {
  tenants: VENDORS.map(({ id }) => ({ name: id })),
  image: 'syncproof:local',
  k6Image: 'grafana/k6:2.2.0',
  scenario: 'volume',
  rate: '200',
  duration: '5m',
  runners: 4,
};

function main(): void {
  const { values } = parseArgs({
    options: {
      site: { type: 'string', multiple: true, default: [] },
      known: { type: 'boolean', default: true },
      image: { type: 'string', default: DEFAULTS.image },
      'k6-image': { type: 'string', default: DEFAULTS.k6Image },
      scenario: { type: 'string', default: DEFAULTS.scenario },
      rate: { type: 'string', default: DEFAULTS.rate },
      duration: { type: 'string', default: DEFAULTS.duration },
      runners: { type: 'string', default: String(DEFAULTS.runners) },
      out: { type: 'string', default: fileURLToPath(new URL('../kubernetes/', import.meta.url)) },
    },
    allowNegative: true,
  });
  const own = values.site.map((site): Tenant => {
    const name = /(?:^|,)name=([a-z][a-z0-9]*)(?:,|$)/.exec(site)?.[1];
    if (!name) throw new Error(`--site ${site}: needs name=…, of lower-case letters and digits, which becomes a host name`);
    return { name, site };
  });
  const tenants = [...(values.known ? DEFAULTS.tenants : []), ...own];
  if (tenants.length === 0) throw new Error('--no-known: then at least one --site is needed');
  const runners = Number(values.runners);
  if (!Number.isInteger(runners) || runners < 1) throw new Error(`--runners ${values.runners}: give a whole number from 1`);
  mkdirSync(values.out, { recursive: true });
  const files = clusterFiles({ ...values, k6Image: values['k6-image'], tenants, runners });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(values.out, name), text);
  console.log(`${Object.keys(files).join(', ')} are in ${values.out}: ${tenants.length} tenants, ${runners} runners`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) main();
