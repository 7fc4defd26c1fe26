import { ControlError, type ControlRoute, type Face, mount, object, oneOf, type Schema, text, whole } from '#kernel';
import type { LinkOut } from './link-out.ts';
import type { GivenMessage, Outbox } from './outbox.ts';
import { checkSettings, type LinkSettings, SETTINGS_FORM } from './settings.ts';

const STATUS: Schema = object(
  {
    state: oneOf(['idle', 'connecting', 'sending', 'waiting', 'stopped']),
    'target?': text('host:port'),
    queued: whole('Messages not yet done with; of a long backlog those that are built.'),
    sent: whole('Frames written.'),
    acked: whole('Positive acknowledgements.'),
    'lastError?': text(),
  },
  { name: 'LinkStatus' },
);

const MESSAGE: Schema = object(
  {
    message: text('What it is: `ADT^A08`.', { minLength: 1 }),
    'text?': text('The message; `{{control}}` and `{{time}}` are replaced.'),
    'base64?': text('Its bytes, in place of the text.'),
    'person?': text('MRN that it is about.'),
    'cohort?': text(),
    'answers?': text('Control id that the acknowledgement must name; the fresh one when absent.'),
    'frame?': object({ 'start?': text('base64'), 'end?': text('base64') }),
  },
  { name: 'GivenMessage' },
);

/** Adds the routes of one site's link out to the control face. */
export function linkRoutes(face: Face, site: string, link: LinkOut, outbox: Outbox): void {
  const path = '/v1/sites/:site/link';
  const add = <Body>(route: ControlRoute<Body>): void => mount(face, route, { site });
  add({
    method: 'GET',
    path,
    operation: 'link',
    doc: 'The link out of this site: its state, what is queued, sent and acknowledged, and the last error.',
    answer: STATUS,
    run: () => link.status(),
  });
  add<LinkSettings>({
    method: 'POST',
    path,
    operation: 'set-link',
    doc: 'Sets where the link out connects, and how.',
    body: SETTINGS_FORM,
    answer: STATUS,
    run: ({ body }) => {
      link.configure(checkSettings(body));
      return link.status();
    },
  });
  add<GivenMessage>({
    method: 'POST',
    path: `${path}/messages`,
    operation: 'give-message',
    doc: 'Sends a message as it is given. Answers its control id.',
    body: MESSAGE,
    answer: object({ control: text() }),
    run: ({ body }) => {
      if ((body.text === undefined) === (body.base64 === undefined))
        throw new ControlError(400, 'give either "text" or "base64"');
      return { control: outbox.give(body) };
    },
  });
}
