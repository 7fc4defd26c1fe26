import { type Context, type Face, jsonReply, type Reply } from '#kernel';
import type { Org } from '../org.ts';
import type { Asked, Bayeux } from './bayeux.ts';

const OLDEST = 37;
const NEWEST = 67;

/** Adds the Streaming API: CometD under /cometd/NN.0, as jsforce, Camel and EMP-Connector call it. */
export function mountStreaming(face: Face, org: Org): void {
  const info = {
    operation: 'stream',
    tier: 'semantic',
    doc: 'Bayeux over long polling: change events, platform events, PushTopics',
  } as const;
  // Java clients add the kind of message to the path.
  for (const path of ['/cometd/:version', '/cometd/:version/:message'])
    face.route('POST', path, info, (context) => cometd(org.bayeux, context));
}

async function cometd(bayeux: Bayeux, context: Context): Promise<Reply> {
  const { request, exchange, setActor } = context;
  const version = Number(request.params.version);
  const oldest = Math.max(OLDEST, bayeux.oldest);
  if (!(version >= oldest && version <= NEWEST)) return problem(`Unsupported API version. Use ${oldest}.0 or later.`);
  const asked = messagesOf(request.body.toString());
  if (!asked) return problem('The request body is not a Bayeux message');
  const { authorization } = request.headers;
  const { told, served } = await bayeux.answer(asked, { authorization, exchange: exchange.id, gone: context.gone, setActor });
  const cookie = told.some(({ channel, clientId }) => channel === '/meta/handshake' && clientId);
  const headers: Record<string, string> = cookie
    ? { 'set-cookie': `BAYEUX_BROWSER=${exchange.id.toString(36)}; Path=/cometd; HttpOnly` }
    : {};
  return { ...jsonReply(200, told, headers), served };
}

const problem = (message: string): Reply => ({
  status: 400,
  headers: { 'content-type': 'text/plain; charset=UTF-8' },
  body: message,
});

function messagesOf(text: string): Asked[] | undefined {
  try {
    const value = JSON.parse(text) as Asked | Asked[];
    const list = Array.isArray(value) ? value : [value];
    return list.every((one) => typeof one === 'object' && one !== null) ? list : undefined;
  } catch {
    return undefined;
  }
}
