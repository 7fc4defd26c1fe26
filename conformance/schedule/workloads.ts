import type { Handle, PatientHandle, World } from '../world/world.ts';
import type { Act, LaneSpec } from './explorer.ts';

/** Makes the lane of that name: what the judge does in it, and to whom. */
export type Workload = (world: World, lane: string) => LaneSpec | Promise<LaneSpec>;

/** The people and visits of one lane, by short names; each is there once it was made. */
class Cast {
  readonly #world: World;
  readonly #lane: string;
  #people = new Map<string, PatientHandle>();
  #visits = new Map<string, Handle>();
  readonly words: string[] = [];

  constructor(world: World, lane: string) {
    this.#world = world;
    this.#lane = lane;
  }

  #name = (short: string): string => `${short} of ${this.#lane}`;
  person = (name: string): PatientHandle => this.#people.get(name)!;
  visit = (name: string): Handle => this.#visits.get(name)!;

  async registered(name: string): Promise<PatientHandle> {
    const patient = await this.#world.register(this.#name(name));
    this.#people.set(name, patient);
    return patient;
  }

  async booked(name: string, whose: string): Promise<Handle> {
    const visit = await this.#world.book(this.#name(name), this.person(whose));
    this.#visits.set(name, visit);
    return visit;
  }

  register(name: string): Act {
    this.words.push(this.#world.person(this.#name(name)).mrn);
    return { name: `register ${name}`, touches: [name], run: () => this.registered(name) };
  }

  book(name: string, whose: string): Act {
    this.words.push(this.#world.visitNumber(this.#name(name)));
    return { name: `book ${name}`, touches: [name, whose], run: () => this.booked(name, whose) };
  }

  /** Gives somebody another telephone number. */
  call(name: string, nth = 1): Act {
    const run = async () => {
      const telecom = this.#world.person(this.#name(`number ${nth} of ${name}`)).telecom;
      this.#people.set(name, await this.#world.update(this.person(name), { telecom }));
    };
    return { name: `change ${name}${nth > 1 ? ` ${nth}` : ''}`, touches: [name], run };
  }

  move(name: string): Act {
    const run = async () => {
      this.#visits.set(name, await this.#world.reschedule(this.visit(name), this.#world.at(21, 10, 30)));
    };
    return { name: `move ${name}`, touches: [name], run };
  }

  cancel(name: string): Act {
    return { name: `cancel ${name}`, touches: [name], run: () => this.#world.cancel(this.visit(name)) };
  }

  merge(loser: string, survivor: string, visits: readonly string[]): Act {
    const run = () => this.#world.merge(this.person(loser), this.person(survivor));
    return { name: `merge ${loser} into ${survivor}`, touches: [loser, survivor, ...visits], run };
  }

  /** A CRM user edits what the CRM owns. Before there is a row there is nothing to edit. */
  edit(name: string): Act {
    const run = async () => {
      const patient = this.person(name);
      const edit = this.#world.ownedField('crm', patient);
      if (edit) await this.#world.crmEdit(patient, { [edit.field]: edit.value });
    };
    return { name: `edit ${name} in the CRM`, touches: [name], run };
  }

  /** Does acts before the lane begins, and waits until the CRM knows the people. */
  async before(...acts: readonly Act[]): Promise<void> {
    for (const act of acts) await act.run();
    const known = () => [...this.#people.values(), ...this.#visits.values()].every((one) => this.#world.hasRow(one));
    await this.#world.seen(known, this.#world.syncWindow);
  }
}

const lane = (name: string, cast: Cast, ...acts: Act[]): LaneSpec => ({ name, words: cast.words, acts });

/** A new patient whose number changes twice before anybody has come to rest. */
export const changes: Workload = (world, name) => {
  const cast = new Cast(world, name);
  return lane(name, cast, cast.register('patient'), cast.call('patient'), cast.call('patient', 2));
};

/** A visit that is booked, moved and, in the end, cancelled. */
export const visits: Workload = (world, name) => {
  const cast = new Cast(world, name);
  return lane(name, cast, cast.register('patient'), cast.book('visit', 'patient'), cast.move('visit'), cast.cancel('visit'));
};

/** A chart that is merged away while a visit of it is being booked and another one moved; both go to the survivor. */
export const merges: Workload = async (world, name) => {
  const cast = new Cast(world, name);
  await cast.before(cast.register('survivor'), cast.register('loser'), cast.book('visit', 'loser'));
  const merge = cast.merge('loser', 'survivor', ['visit', 'new visit']);
  return lane(name, cast, cast.book('new visit', 'loser'), cast.move('visit'), merge);
};

/** Two charts that nobody knows yet, and a visit; one is merged away before anybody has come to rest. */
export const unions: Workload = (world, name) => {
  const cast = new Cast(world, name);
  const merge = cast.merge('loser', 'survivor', ['visit']);
  return lane(
    name,
    cast,
    cast.register('survivor'),
    cast.register('loser'),
    cast.book('visit', 'loser'),
    cast.call('loser'),
    merge,
  );
};

/** Clinic and call centre change one person at once, each what is theirs. */
export const edits: Workload = async (world, name) => {
  const cast = new Cast(world, name);
  await cast.before(cast.register('patient'));
  return lane(name, cast, cast.call('patient'), cast.edit('patient'), cast.call('patient', 2));
};
