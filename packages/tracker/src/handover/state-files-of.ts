// The four files that one tracker hands to another, as of one moment (wire-protocol.md §7.7).
import type { Cluster } from "../cluster/cluster.ts";
import { storeCluster } from "../cluster/stored-cluster.ts";
import { parseChangelogFile } from "../formats/changelog-file.ts";
import { parseGroupsFile, printGroupsFile } from "../formats/groups-file.ts";
import { parseStoragesFile, printStoragesFile } from "../formats/storages-file.ts";
import { parseSyncTimestampsFile, printSyncTimestampsFile } from "../formats/sync-timestamps-file.ts";
import type { StoredCluster } from "../persistence.ts";

/** Groups, storages, sync timestamps, changelog: the order of the file index in 63. */
export type StateFileContents = readonly [groups: Buffer, storages: Buffer, stamps: Buffer, changelog: Buffer];

export const STATE_FILE_COUNT = 4;

export function printStateFiles(cluster: Cluster): StateFileContents {
  const { groups, storages, stamps } = storeCluster(cluster);
  return [
    Buffer.from(printGroupsFile(groups), "latin1"),
    Buffer.from(printStoragesFile(storages), "latin1"),
    Buffer.from(printSyncTimestampsFile(stamps), "latin1"),
    cluster.changelog.read(0, cluster.changelog.size),
  ];
}

/**
 * Reads fetched files. A string in answer says why they do not fit together: a donor that is itself just being filled
 * can hand out such files (cluster-behaviour.md §7.6).
 */
export function parseStateFiles(files: StateFileContents): (StoredCluster & { changelog: Buffer }) | string {
  const [groupsFile, storagesFile, stampsFile] = files;
  const { groups, problems: groupProblems } = parseGroupsFile(groupsFile.toString("latin1"));
  const { storages, problems: storageProblems } = parseStoragesFile(storagesFile.toString("latin1"));
  const { rows: stamps, problems: stampProblems } = parseSyncTimestampsFile(stampsFile.toString("latin1"));
  const [problem] = [...groupProblems, ...storageProblems, ...stampProblems];
  if (problem !== undefined) return `line ${problem.line}: ${problem.what}`;
  const groupNames = new Set(groups.map(({ name }) => name));
  const homeless = storages.find(({ groupName }) => !groupNames.has(groupName));
  if (homeless !== undefined) return `the group ${homeless.groupName} of a storage is not among the groups`;
  const members = new Set(
    storages.flatMap(({ id, ip, groupName }) => [`${groupName},${id ?? ip}`, `${groupName},${ip}`]),
  );
  const stranger = stamps.find(({ groupName, sourceId }) => !members.has(`${groupName},${sourceId}`));
  if (stranger !== undefined) return `${stranger.sourceId} has sync timestamps, but is not among the storages`;
  // C has no file for removals: storages tell of them (124).
  return { groups, storages, stamps, removals: [], changelog: parseChangelogFile(files[3]).content };
}
