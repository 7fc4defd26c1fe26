export { ControlApi, type ControlOptions } from './api.ts';
export { COMMITTED_REFS, OFFER, PART, RECORD_REF } from './forms.ts';
export { CALLS_A_SECOND, CALLS_AT_ONCE } from './limits.ts';
export { openApi } from './openapi.ts';
export { type Call, ControlError, type ControlRoute, mount } from './route.ts';
export { any, flag, list, map, number, object, oneOf, orNull, text, whole } from './schema.ts';
