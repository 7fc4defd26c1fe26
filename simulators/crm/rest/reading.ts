import type { Context } from '#kernel';
import { type Answer, type Call, lookOf, type RestRoute } from './call.ts';
import { drainPolitely } from './query.ts';

/** Answers a read: says what is about to be shown, and reads again where somebody has written since, or the past is to be read. */
export function readRoute(route: RestRoute, call: Call, context: Context): Answer | Promise<Answer> {
  const { org } = call;
  const run = (as: Call) => drainPolitely(org, () => route.run(as, org.writer(as.session.userId)));
  const { head } = org.store;
  const again = async (answer: Answer, held: Promise<void>): Promise<Answer> => {
    await held;
    if (!context.exchange.asOf && org.store.head === head) return answer;
    return run({ ...call, look: lookOf(org, context) });
  };
  const shown = (answer: Answer): Answer | Promise<Answer> => {
    const held = context.reading(answer.served ?? [], true);
    return held ? again(answer, held) : answer;
  };
  const answer = run(call);
  return answer instanceof Promise ? answer.then(shown) : shown(answer);
}
