import type { JournalEvent } from '#simulators';

/** Something that an event of the journal shows of a set-up that cannot work, with its fix. */
export interface Symptom {
  id: string;
  /** The end of a sentence that begins with the part's name; undefined where the event shows nothing of this. */
  shows(event: JournalEvent): string | undefined;
  fix: string;
  /** A good set-up can show it while things are starting: so often it means something. Once where this is absent. */
  times?: number;
}

const text = (value: unknown): string => (value === undefined ? '' : String(value));

/** A refusal at the door: the client is told what the vendor tells, the journal holds why. */
const refusal =
  (pattern: RegExp) =>
  (event: JournalEvent): string | undefined => {
    const reason = text(event.data?.reason);
    return event.kind === 'auth' && pattern.test(reason) ? `refuses the login: ${reason}` : undefined;
  };

/** A TLS handshake that failed. */
const handshake =
  (pattern: RegExp, says: string) =>
  (event: JournalEvent): string | undefined => {
    const { state, reason, alert } = event.data ?? {};
    if (event.kind !== 'connection' || state !== 'failed' || !pattern.test(`${text(alert)} ${text(reason)}`)) return undefined;
    return `${says} (${text(alert) || text(reason)})`;
  };

/** An answer to a message, or what came in its place. */
const answer = (outcome: RegExp, says: (data: Record<string, unknown>) => string | undefined) => (event: JournalEvent) =>
  event.kind === 'ack' && outcome.test(text(event.data?.outcome)) ? says(event.data ?? {}) : undefined;

/** A notification or outbound message that was not taken. */
const notice = (fits: (status: number | undefined) => boolean, says: string) => (event: JournalEvent) => {
  const { state, status, error, endpoint } = event.data ?? {};
  if (event.kind !== 'notice' || state !== 'refused' || !fits(status as number | undefined)) return undefined;
  return `${says} (${status === undefined ? text(error) : `HTTP ${status}`}${endpoint ? ` from ${endpoint}` : ''})`;
};

/** Bytes with which a TLS server answers whoever does not speak TLS to it: an alert. */
const isTls = (bytes: string): boolean => ['\u0015\u0003', '\u0016\u0003'].some((start) => bytes.startsWith(start));

/** In the order in which things build on each other; the first row that fits an event is its cause. */
export const SYMPTOMS: readonly Symptom[] = [
  {
    id: 'plain-http',
    shows: handshake(/http request/, 'is called without TLS on its TLS port'),
    fix: 'call the https:// address that the settings give, or set tls: off for it in the manifest',
  },
  {
    id: 'unknown-ca',
    shows: handshake(
      /unknown ca|certificate unknown|bad certificate|unknown certificate/,
      'has a certificate that the sync does not trust',
    ),
    fix: 'put the CA of SYNCPROOF_CA_FILE into the trust store that the sync really uses (a .p12 lies beside it for Java)',
  },
  {
    id: 'distrust',
    shows: handshake(/hung up/, 'is left in the middle of the TLS handshake, as by one who does not trust its certificate'),
    fix: 'trust the CA of SYNCPROOF_CA_FILE, and call by the name or address that the settings give',
    times: 2,
  },
  {
    id: 'tls-version',
    shows: handshake(
      /protocol version|unsupported protocol|version too low/,
      'is called with a version of TLS that it does not speak',
    ),
    fix: 'let the sync speak TLS 1.2 or 1.3',
  },
  {
    id: 'wrong-audience',
    shows: refusal(/^aud /),
    fix: 'write the token URL as the settings give it (SYNCPROOF_<SITE>_TOKEN_URL) into "aud"',
  },
  {
    id: 'clock-skew',
    shows: refusal(/^(exp|nbf|iat) (passed|lies)/),
    fix: 'set the clock of the machine that the sync runs on (NTP), and let an assertion live for five minutes at most',
  },
  {
    id: 'unknown-client',
    shows: refusal(/^no (client|connected app|app) |must both be the client id/),
    fix: 'use the client id that the settings give, or name your own under "clients:" in the manifest',
  },
  {
    id: 'wrong-secret',
    shows: refusal(/client secret is wrong|wrong consumer secret/),
    fix: 'use the secret that the settings give; one of your own is named by secret_env under "clients:" in the manifest',
  },
  {
    id: 'wrong-password',
    shows: refusal(/wrong password|security token is missing|no user is called|has no password|organization id/),
    fix: 'log in with the user name, and the password with the security token behind it, that the settings give',
  },
  {
    id: 'wrong-key',
    shows: refusal(/verifies? the signature|not a signed JWT|^(alg|typ|jku) |\bkid\b/),
    fix: 'sign with the key of SYNCPROOF_<SITE>_PRIVATE_KEY_FILE (RS384, its kid in _KEY_ID), or name your public key under "clients:"',
  },
  {
    id: 'assertion-used-twice',
    shows: refusal(/^jti /),
    fix: 'make a new assertion, with a "jti" of its own, for each token request',
  },
  {
    id: 'wrong-scopes',
    shows: refusal(/scope|nothing of .* is registered/),
    fix: 'ask for scopes that the settings give (SYNCPROOF_<SITE>_SCOPES), or name those of your client under "clients:"',
  },
  {
    id: 'wrong-token-request',
    shows: refusal(/./),
    fix: 'send what the vendor documents for backend services: a POST, form-urlencoded, grant_type=client_credentials',
  },
  {
    id: 'missing-scope',
    shows: ({ sim, kind, data }) =>
      sim === 'ehr' && kind === 'reply' && data?.status === 403
        ? `refuses a call for want of a scope (${text(data.operation)} of ${text(data.type) || 'it'} answered 403)`
        : undefined,
    fix: 'give the client the scope of what it reads: "clients:" in the manifest names its scopes, without them it has all',
  },
  {
    id: 'mllp-is-http',
    shows: answer(/garbled/, ({ text: said }) =>
      /^HTTP\//.test(text(said)) ? 'is answered by an HTTP server where the sync should take MLLP' : undefined,
    ),
    fix: 'let an MLLP listener, and nothing else, listen at SYNCPROOF_<SITE>_MLLP_BIND',
  },
  {
    id: 'mllp-is-tls',
    shows: answer(/garbled/, ({ text: said }) =>
      isTls(text(said)) ? 'is answered by a TLS server: the link speaks plain MLLP' : undefined,
    ),
    fix: 'turn TLS off for the listener: nothing but loopback is between it and the link',
  },
  {
    id: 'mllp-garbage',
    shows: answer(
      /garbled/,
      ({ text: said, reason }) =>
        `is answered by what is no MLLP frame: ${text(reason)}, ${JSON.stringify(text(said).slice(0, 40))}`,
    ),
    fix: 'answer each message with <VT> MSH… MSA… <FS><CR>, and let nothing else write to that socket',
  },
  {
    id: 'mllp-refused',
    shows: answer(/refused/, ({ reason }) => `finds nobody who takes its messages: ${text(reason)}`),
    fix: 'listen at SYNCPROOF_<SITE>_MLLP_BIND for as long as the sync runs',
    times: 2,
  },
  {
    id: 'mllp-closed',
    shows: answer(/closed/, ({ reason }) => `gets no acknowledgement: ${text(reason)}`),
    fix: 'keep the connection open and acknowledge each message on it; its output may say why it hung up',
    times: 2,
  },
  {
    id: 'mllp-silent',
    shows: answer(/silent/, ({ reason }) => `gets no acknowledgement: ${text(reason)}`),
    fix: 'acknowledge each message on the same connection; if it takes longer, say so with promises.ack_wait',
    times: 2,
  },
  {
    id: 'message-refused',
    shows: answer(
      /^(error|reject)$/,
      ({ code, reason }) => `has a good message refused with ${text(code)}${reason ? `: ${reason}` : ''}`,
    ),
    fix: 'take ADT and SIU of this sender and authority (SYNCPROOF_<SITE>_MLLP_SENDER, _MLLP_PROCESSING_ID, _MLLP_CHARSET, _AUTHORITY)',
  },
  {
    id: 'wrong-webhook-secret',
    shows: notice((status) => status === 401 || status === 403, 'has its notifications refused as not genuine'),
    fix: 'verify signatures with the secret that the subscription was made with (SYNCPROOF_WEBHOOK_SECRET), over the bytes of the body',
  },
  {
    id: 'webhook-refused',
    shows: notice(() => true, 'cannot deliver its notifications'),
    fix: 'listen at SYNCPROOF_WEBHOOK_BIND, subscribe with the path that is served there, and answer 2xx',
    times: 2,
  },
  {
    id: 'no-mllp-to-us',
    shows: ({ sim, kind, data }) =>
      sim === 'hl7' && kind === 'connection' && data?.state === 'junk' ? 'is sent bytes that are no MLLP frame' : undefined,
    fix: 'send messages as <VT> MSH… <FS><CR> to SYNCPROOF_<SITE>_MLLP_SEND_TO',
  },
  {
    id: 'died',
    shows: ({ sim, kind, data }) =>
      sim === 'judge' && kind === 'subject' && data?.what === 'died' ? `${text(data.how)}` : undefined,
    fix: 'read its last lines in subject.log, and start it by hand with the settings of docs/settings.md',
  },
];
