export { checkSnapshot, processFor, readManifest, SnapshotError, type SnapshotManifest, type SnapshotProcess } from './folder.ts';
export { partsOf, Snapshots } from './store.ts';
export { type Layout, layoutHash, layoutOf, otherTable } from './tables.ts';
