import type { OffsetClock } from './clock.ts';
import { Overrides } from './overrides.ts';
import type { Lever } from './places.ts';

/** Sets a place's clock wrong by so many seconds. */
export function clockLever(clock: OffsetClock): Lever {
  const held = new Overrides<number>();
  const set = (): void => {
    clock.offset = held.current ?? 0;
  };
  return ({ seconds }) => {
    const letGo = held.hold(Number(seconds) * 1000);
    set();
    return () => {
      letGo();
      set();
    };
  };
}
