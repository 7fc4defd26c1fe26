export { ControlApi, type ControlOptions } from './api.ts';
export { ARMED_RULE, COMMITTED_REFS, PART, RECORD_REF, RULE } from './forms.ts';
export { CALLS_A_SECOND, CALLS_AT_ONCE } from './limits.ts';
export { type Call, ControlError, type ControlRoute, mount } from './route.ts';
export {
  any,
  flag,
  list,
  type Mistake,
  map,
  mistakes,
  number,
  object,
  oneOf,
  orNull,
  type Schema,
  text,
  whole,
} from './schema.ts';
