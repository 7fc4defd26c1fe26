import { listenAndAnswer } from './null-listener.ts';

/** A null: it listens, and that is all. */
export const doesNothing = (): Promise<void> => listenAndAnswer(() => undefined);
