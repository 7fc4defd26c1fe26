import { referenceSteps } from '../reference/steps.ts';
import { listenAndAnswer } from './null-listener.ts';

/** A null: every message is acknowledged, nothing is ever done. */
export const acknowledgesAll = (): Promise<void> =>
  listenAndAnswer((text) => referenceSteps.ack(referenceSteps.decodeMessage(text), undefined, Date.now()));
