import { type Cell, ConfigurationError, type Kernel, Overrides, type Schema } from '#kernel';

/** What an administrator sets in the org's setup; changed while it runs through the control API. */
export interface CrmSettings {
  /** Minutes after its last use at which a session ends: 15 to 1440. */
  sessionMinutes: number;
  /** Username that the approval page of the web server flow stands for without being asked; empty: somebody has to press a button. */
  autoApprove: string;
  /** SOAP login() is offered (up to API 64.0). */
  soapLogin: boolean;
  /** REST calls a day before REQUEST_LIMIT_EXCEEDED. */
  dailyRequests: number;
  /** Requests that may run longer than `longMs` at the same time. */
  concurrentLong: number;
  longMs: number;
  /** How long a write keeps the parents of its records locked: the time that triggers and flows take. */
  lockHoldMs: number;
  /** How long a write waits for a locked parent before UNABLE_TO_LOCK_ROW. */
  lockWaitMs: number;
  /** Rows that one transaction of a bulk job writes. */
  bulkRows: number;
  /** What commits leave in the change feed: their events, gap events in their place, or an overflow event. */
  changeEvents: 'events' | 'gap' | 'overflow';
}

export const CRM_SETTINGS: Readonly<CrmSettings> = {
  sessionMinutes: 120,
  autoApprove: '',
  soapLogin: true,
  dailyRequests: 5_000_000,
  concurrentLong: 25,
  longMs: 20_000,
  lockHoldMs: 0,
  lockWaitMs: 10_000,
  bulkRows: 50,
  changeEvents: 'events',
};

const CHANGE_EVENTS = ['events', 'gap', 'overflow'];

const RANGES: Partial<Record<keyof CrmSettings, readonly [number, number]>> = {
  sessionMinutes: [15, 1440],
  dailyRequests: [0, 1e9],
  concurrentLong: [1, 1e6],
  longMs: [0, 1e7],
  lockHoldMs: [0, 600_000],
  lockWaitMs: [0, 600_000],
  bulkRows: [1, 10_000],
};

/** What a setting may be, as a form of the control API. */
export function settingForm(name: keyof CrmSettings): Schema {
  const type = typeof CRM_SETTINGS[name] as 'number' | 'string' | 'boolean';
  const [minimum, maximum] = RANGES[name] ?? [];
  return { type, ...(minimum !== undefined && { minimum, maximum }), ...(name === 'changeEvents' && { enum: CHANGE_EVENTS }) };
}

/** The settings of one org; kept with its state. */
export class Settings {
  #cell: Cell<Partial<CrmSettings>>;
  #defaults: CrmSettings;
  /** What was made of which value of the cell. */
  #known: { given?: Partial<CrmSettings>; all: CrmSettings };

  #overrides: Overrides<Partial<CrmSettings>>;

  /** @param overrides held over what is set. */
  constructor(kernel: Kernel, given: Partial<CrmSettings> = {}, overrides = new Overrides<Partial<CrmSettings>>()) {
    this.#overrides = overrides;
    this.#cell = kernel.cell<Partial<CrmSettings>>('crm.settings');
    this.#defaults = { ...CRM_SETTINGS, ...checked(given) };
    this.#known = { all: this.#defaults };
  }

  get all(): Readonly<CrmSettings> {
    const given = this.#cell.get('org');
    if (given !== this.#known.given) this.#known = { given, all: { ...this.#defaults, ...given } };
    const { all } = this.#overrides;
    return all.length === 0 ? this.#known.all : Object.assign({ ...this.#known.all }, ...all);
  }

  /** @throws ConfigurationError naming the setting that cannot be so */
  change(given: Partial<CrmSettings>): Readonly<CrmSettings> {
    this.#cell.set('org', { ...this.#cell.get('org'), ...checked(given) });
    return this.all;
  }
}

function checked(given: Partial<CrmSettings>): Partial<CrmSettings> {
  for (const [name, value] of Object.entries(given)) {
    const wanted = CRM_SETTINGS[name as keyof CrmSettings];
    if (wanted === undefined)
      throw new ConfigurationError(`the CRM has no setting ${name}; it has: ${Object.keys(CRM_SETTINGS).join(', ')}`);
    if (typeof value !== typeof wanted) throw new ConfigurationError(`the CRM setting ${name} must be a ${typeof wanted}`);
    const [least, most] = RANGES[name as keyof CrmSettings] ?? [];
    if (least !== undefined && (Number(value) < least || Number(value) > most!))
      throw new ConfigurationError(`the CRM setting ${name} must lie between ${least} and ${most}, not ${value}`);
    if (name === 'changeEvents' && !CHANGE_EVENTS.includes(String(value)))
      throw new ConfigurationError('the CRM setting changeEvents must be events, gap or overflow');
  }
  return given;
}
