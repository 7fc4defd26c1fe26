import { toTypedValue } from '@medplum/core';
import { compilePath, type PathSite, siteVariables } from '../map/fhirpath.ts';
import type { MapObject } from '../map/map.ts';
import type { TruthHistory } from './expectation.ts';

type Key = (element: object) => string | undefined;

/**
 * What an object of the map has a row for each of: telephone numbers of a patient, say. An element has no id of its own; the key
 * that the map makes of it says which element of one version is that of another.
 */
export class Repetitions {
  #found = new WeakMap<object, Map<MapObject, readonly object[]>>();
  #wholes = new WeakMap<object, object>();

  /** The resource that an element was found in; an image that is no element is its own. */
  whole(image: object): object {
    return this.#wholes.get(image) ?? image;
  }

  /** The history of each element by its key, as if it were a record: null in the versions that do not have it. */
  of(object: MapObject, truth: TruthHistory, site: PathSite, keyOf: Key): Map<string, TruthHistory> {
    const versions = truth.versions.map(({ image }) => {
      const elements = new Map<string, object>();
      for (const element of image ? this.#elements(object, image, site) : []) {
        const key = keyOf(element);
        // Of two with one key the first counts.
        if (key !== undefined && !elements.has(key)) elements.set(key, element);
      }
      return elements;
    });
    const keys = new Set(versions.flatMap((elements) => [...elements.keys()]));
    return new Map(
      [...keys].map((key) => [
        key,
        { ...truth, versions: truth.versions.map((version, i) => ({ ...version, image: versions[i]?.get(key) ?? null })) },
      ]),
    );
  }

  #elements(object: MapObject, image: object, site: PathSite): readonly object[] {
    const known = this.#found.get(image) ?? new Map<MapObject, readonly object[]>();
    this.#found.set(image, known);
    const found =
      known.get(object) ??
      compilePath(object.each)([toTypedValue(image)], { ...siteVariables(site), '%resource': toTypedValue(image) })
        // A plain value is seen as one with that value. What several versions share is in each of them an element of its own.
        .map((element) => (typeof element === 'object' && element !== null ? { ...element } : { value: element }));
    known.set(object, found);
    for (const element of found) this.#wholes.set(element, image);
    return found;
  }
}
