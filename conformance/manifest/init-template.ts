// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of manifest and workflow, filled in at run time

/** What the integration is built with: decides how it is started, and nothing else. */
export const STACKS = ['node', 'python', 'http', 'camel', 'mule', 'mirth'] as const;
export type Stack = (typeof STACKS)[number];

interface Recipe {
  /** Lines of `start:` that differ, with their comments. */
  start: string;
  /** True when its owner starts it, so that ports have to be fixed. */
  attached?: boolean;
  /** Steps of the workflow that make it runnable. */
  ci: string;
}

/** Java takes the sandbox's CA as PKCS#12, and looks for it where this variable says. */
const JAVA_TRUST = 'JAVA_TOOL_OPTIONS: -Djavax.net.ssl.trustStore=${RUN_TRUST_STORE} -Djavax.net.ssl.trustStorePassword=changeit';

const ATTACHED = `  # It runs already, or you start it: nobody restarts it, so that checks which need that are not run.
  # Configure it once with the addresses below "ports:" and the credentials that "npx syncproof up" prints, and let it trust
  # .syncproof/ca.pem (for Java .syncproof/ca.p12, any password), which stays the same.
  attach: on`;

const RECIPES: Record<Stack, Recipe> = {
  node: {
    start: `  # Program and arguments, started without a shell; "node" is the Node that Syncproof runs on.
  command: [node, sync.js]
  env:
    # So that fetch and https trust the sandbox.
    NODE_EXTRA_CA_CERTS: \${SYNCPROOF_CA_FILE}`,
    ci: '',
  },
  python: {
    start: `  # Program and arguments, started without a shell.
  command: [python3, sync.py]
  env:
    # So that requests, httpx and ssl trust the sandbox.
    REQUESTS_CA_BUNDLE: \${SYNCPROOF_CA_FILE}
    SSL_CERT_FILE: \${SYNCPROOF_CA_FILE}
    # So that its output is there when it is wanted.
    PYTHONUNBUFFERED: '1'`,
    ci: `      - uses: actions/setup-python@v5
        with:
          python-version: '3.13'
      - run: pip install -r requirements.txt
`,
  },
  http: {
    start: ATTACHED,
    attached: true,
    ci: `      # Start your service here, in the background, configured with the addresses of "ports:" in syncproof.yaml.
`,
  },
  camel: {
    start: `  # Program and arguments, started without a shell. Routes read settings as {{env:SYNCPROOF_EPIC_FHIR_URL}}.
  command: [java, -jar, target/sync.jar]
  env:
    # So that every client in that JVM trusts the sandbox; the store opens with any password.
    ${JAVA_TRUST}`,
    ci: `      - uses: actions/setup-java@v4
        with:
          distribution: temurin
          java-version: '21'
      - run: mvn -B -DskipTests package
`,
  },
  mule: {
    start: `  # Mule in the foreground; flows read settings as \${SYNCPROOF_EPIC_FHIR_URL}, from the environment.
  command: [mule/bin/mule, console]
  env:
    # So that connectors without a trust store of their own trust the sandbox; the store opens with any password.
    ${JAVA_TRUST}
  # Mule takes its time to stop.
  grace: 60s`,
    ci: `      # Unpack Mule into mule/ and copy your application into mule/apps here.
`,
  },
  mirth: {
    start: `${ATTACHED}
  # In Mirth, put the addresses into the configuration map, and let an MLLP listener take port 2575.`,
    attached: true,
    ci: `      # Start Mirth Connect here, in the background, with your channels deployed.
`,
  },
};

const FIXED_PORTS = `ports:
  control: 4000
  crm: 4040
  # HTTP of each site; TLS is at the next port, HL7 in at the one after.
  sites: { epic: 4010 }
  # Where your sync listens for each site's HL7.
  mllp: { epic: 2575 }
  #webhook: 4090`;

const FREE_PORTS = `#ports:
#  control: 4000
#  crm: 4040
#  sites: { epic: 4010 }
#  mllp: { epic: 2575 }
#  webhook: 4090`;

/** The manifest that `syncproof init` writes: each setting is there, in use or after a `#`. */
export function manifestTemplate(stack: Stack): string {
  const { start, attached } = RECIPES[stack];
  return `# What Syncproof has to know about your sync. Look for mistakes with: npx syncproof doctor --subject syncproof.yaml
# A line such as "#grace: 10s" is a setting at its default, or an example: remove the # to use it.
# Durations are written 500ms, 2s, 5m, 24h or PT5M. Paths start from the folder of this file.

subject:
  name: my-sync
  version: 0.1.0
  #contact: integration@clinic.example
  # Of the image or build that is tested.
  #digest: sha256:9f86d081884c7d65

# How it is started: "command", "compose" (a service) or "attach". It finds its settings in environment variables
# (SYNCPROOF_EPIC_FHIR_URL, …), and under the same names in the JSON file that SYNCPROOF_CONFIG names.
# Texts below may hold \${NAME} of any of them; \${RUN_DATA}, an empty folder that lives as long as the run; \${RUN_TRUST_STORE},
# the CA as PKCS#12 for Java.
start:
${start}
  # Configuration files that your sync reads: each template is filled in and written to \${RUN_FILES}/<to>.
  #files: [{ template: ./sync.properties.template, to: sync.properties }]
  #cwd: .
  #instances: 1
  #stop_signal: SIGTERM
${start.includes('grace:') ? '' : '  #grace: 10s\n'}  # Whether checks may stop it, kill it and start it again.
  #restart: ${attached ? 'off' : 'on'}

# Only where your sync cannot be told where to listen (SYNCPROOF_EPIC_MLLP_BIND, SYNCPROOF_WEBHOOK_BIND).
#listens:
#  mllp: { epic: '127.0.0.1:2575' }
#  webhook: http://127.0.0.1:4090/crm

# One entry for each EHR tenant that it reads.
sites:
  # Lower case; becomes a part of the names of the settings.
  - name: epic
    # epic, cerner, athena or r4
    vendor: epic
    # Cerner has a "tenant: …", athena a "practice: …".
    # Who assigns the MRNs: an OID or a URL. Every MRN is unique only together with it.
    authority: 1.2.840.114350.1.13.999.2.7.5.737384.14
    time_zone: America/New_York
    #tls: on
    # A capability table of your own hospital, where it differs from the built-in one.
    #capability: ./epic-capability.json
    channels:
      # How changes reach your sync: hl7, poll, bulk; from athena also changed and subscription, which tell of patients and appointments alone.
      read:
        - hl7
        - poll: { interval: 5s }
      # How it learns of patients that it has never seen: hl7, schedule, group, panel, changed (told by such a channel).
      discover: [hl7]
      # How it writes to this EHR: fhir, v1, hl7 or none.
      write_back: hl7

crm:
  #tls: on
  # How edits in the CRM reach your sync: poll, cdc, outbound or none.
  back:
    poll: { interval: 5s }
  # Accounts may be persons (person accounts).
  #person_accounts: on
  # Your own org: describe output (sf sobject describe --json), the folder of an sfdx project, or definitions, one JSON file each.
  #schema: ./crm-schema
  # Its own code as clients see it: a module with Apex REST methods and changes after a save.
  #stubs: ./crm-stubs.mjs

# The data map: what goes where, who owns it. Make it yours; the checks ask it, and so does every failure that they report.
map: ./map

# What you claim. Each is held against your sync; those after a # are the defaults, and that of sync_window is 5m.
promises:
  # From a change to its effect on the other side. A failing check waits this long, and so do the first ones where HL7 or
  # notifications are read: the shorter, the faster the run. Poll more often in a run than in production, for the same reason.
  sync_window: 30s
  #reconcile_window: 24h
  # How long writes may be collected.
  #batch_interval: 0s
  # HL7 messages that it holds before it stops acknowledging.
  #inbound_queue: 1000
  # Changes a second that it keeps up with.
  #tps: 5
  #http_timeout: 30s
  # How long the hospital waits for an acknowledgement.
  #ack_wait: 30s
  #retry: { first_wait: 1s, max_wait: 60s, give_up_after: 24h }
  # AE or AR, by what is wrong with a message.
  #negative_acks: { missing_segment: AE, bad_value: AE, unknown_event: AR, processing_id: AR, unparseable: AR }
  # Within what order is kept: none, patient or channel.
  #order: none
  #audited_reads: ehr
  #followup_hours: 24
  #summaries_per_day: 10
  # Time to catch up after an outage, as a multiple of the outage.
  #catch_up_factor: 1

# What your sync does. A "no" needs its reason, which is printed beside the level (in quotes where it holds a comma); what is not
# here counts as yes.
capabilities:
  #identity: yes
  #demographics: yes
  #appointments: yes
  #encounters: { no: not in scope of this release }
  #summaries: { no: not in scope of this release }
  #referrals: { no: not in scope of this release }
  #consent: { no: kept in another system }
  #leads: { no: the CRM holds patients only }
  #merges: yes
  #deletes: yes
  #write_back: yes
  #bookings: { no: nobody books in the CRM }
  #batches: yes
  #backfill: yes
  #reconciliation: yes
  #monitoring: yes
  #audit: yes

# Credentials that your sync already has and the sandbox is to accept. Without them it is given fixed, documented ones.
# Secrets are named here by environment variable, never written.
#clients:
#  epic: { id: my-client, jwks_url: 'https://sync.clinic.example/jwks', key_id: key-1, scopes: [system/Patient.read] }
#  crm:
#    id: my-connected-app
#    secret_env: CRM_CLIENT_SECRET
#    username: sync@clinic.example
#    password_env: CRM_PASSWORD
#    security_token_env: CRM_SECURITY_TOKEN
#    org_id: 00D000000000001EAA
# A site's client may have a "public_key: ./client.pem" in place of the JWKS URL.

# Fixed ports. ${attached ? 'A sync that is attached has to know them before.' : 'Free ones are taken without this.'}
${attached ? FIXED_PORTS : FREE_PORTS}

# Optional helpers, each a URL or a command. What each does for you: docs/runs.md.
#hooks:
#  ready: http://127.0.0.1:8080/health
#  # These two answer when the round is done.
#  poll_now: [curl, -fsS, -X, POST, 'http://127.0.0.1:8080/poll']
#  reconcile_now: [curl, -fsS, -X, POST, 'http://127.0.0.1:8080/reconcile']
#  # And these {"count": n}. A command has the environment of your sync, and may hold \${RUN_DATA}.
#  pending: http://127.0.0.1:8080/pending
#  failed: http://127.0.0.1:8080/failed
#  # A file, a folder or a URL. The lines of an audit trail: docs/audit.md.
#  logs: ./logs
#  audit: \${RUN_DATA}/audit.jsonl

# What no run can witness. It is printed as attested, never as passed.
#attests:
#  encryption_at_rest: AES-256 on all volumes, audited by Example Ltd in March 2026
#  business_associate_agreement: signed with Example Clinic on 2026-03-02
`;
}

/** A GitHub Actions workflow that runs the check on every push and keeps the evidence. */
export function workflowTemplate(stack: Stack): string {
  const install = stack === 'node' ? 'npm ci' : 'npm ci || npm install --no-save syncproof';
  return `name: Syncproof
on:
  push:
  pull_request:
permissions:
  contents: read
jobs:
  check:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with:
          node-version: 24
      - run: ${install}
${RECIPES[stack].ci}      # Red only when what you ask for is not met: a level, and what else docs/levels.md names. Until you are there, ask for less
      # (--only go-live without a gate); later, regressions=0 with --against and the result.json of your main branch.
      - run: npx syncproof check --subject syncproof.yaml --gate level=L1
      - if: always()
        run: cat reports/runs/latest/summary.md >> "$GITHUB_STEP_SUMMARY" || true
      # Journal, report and the output of your sync, whatever the verdict.
      - if: always()
        uses: actions/upload-artifact@v4
        with:
          name: syncproof
          path: |
            reports/runs
            !reports/runs/latest
`;
}
