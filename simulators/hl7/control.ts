import { ControlError, controlHandler, type Face, jsonBody } from '#kernel';
import type { LinkOut } from './link-out.ts';
import type { GivenMessage, Outbox } from './outbox.ts';
import { checkSettings, SETTING_NAMES } from './settings.ts';

/** Adds the routes of one site's link out to the control face. */
export function linkRoutes(face: Face, site: string, link: LinkOut, outbox: Outbox): void {
  const path = `/v1/sites/${site}/link`;
  const doc = 'The link out of this site: its state, what is queued, sent and acknowledged, and the last error.';
  face.route(
    'GET',
    path,
    { operation: `${site}-link`, tier: 'semantic', doc },
    controlHandler(() => link.status()),
  );
  face.route(
    'POST',
    path,
    {
      operation: `set-${site}-link`,
      tier: 'semantic',
      doc: `Sets where the link out connects, and how: {target: "host:port", ${SETTING_NAMES.slice(1).join(', ')}}.`,
    },
    controlHandler((context) => {
      link.configure(checkSettings(jsonBody(context)));
      return link.status();
    }),
  );
  face.route(
    'POST',
    `${path}/messages`,
    {
      operation: `give-${site}-message`,
      tier: 'semantic',
      doc: 'Sends a message as it is given: {message: "ADT^A08", text or base64, person, cohort, answers, frame}. Answers its control id.',
    },
    controlHandler((context) => ({ control: outbox.give(checkMessage(jsonBody(context))) })),
  );
}

const MESSAGE_KEYS = ['text', 'base64', 'message', 'person', 'cohort', 'answers', 'frame'];

function checkMessage(body: unknown): GivenMessage {
  if (typeof body !== 'object' || body === null) throw new ControlError(400, 'the body must be an object');
  const unknown = Object.keys(body).find((key) => !MESSAGE_KEYS.includes(key));
  if (unknown) throw new ControlError(400, `unknown key ${JSON.stringify(unknown)}; known: ${MESSAGE_KEYS.join(', ')}`);
  const { text, base64, message } = body as Partial<GivenMessage>;
  if (typeof message !== 'string') throw new ControlError(400, 'say what it is: "message": "ADT^A08"');
  if ((typeof text === 'string') === (typeof base64 === 'string')) throw new ControlError(400, 'give either "text" or "base64"');
  return body as GivenMessage;
}
