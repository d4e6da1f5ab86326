// The cluster as its trackers see it: storages that do not serve, groups without space, clocks that differ.
import { FastDfsClient } from "@fastdfs-ts/client";
import { parseSpaceReserve, type ServerIdSource, type World } from "@fastdfs-ts/runtime";

import { type ClusterView, type StorageView, viewCluster } from "../cluster/cluster-view.ts";
import { reasonOf } from "../failure.ts";
import { plural, printDuration, printMib } from "../terminal/units.ts";
import { failure, type Finding, note, ok, warning } from "./finding.ts";

/** Beats come every 30 seconds by default, and a tracker waits 100 before it calls a storage offline. */
const silenceSecondsMax = 100;
const clockSecondsMax = 2;

/** Asks trackers of which at least one answers. `serverId`: that of the storage whose configuration is examined. */
export async function checkCluster(
  world: World,
  trackers: readonly string[],
  signal: AbortSignal,
  serverId?: ServerIdSource,
): Promise<Finding[]> {
  const client = FastDfsClient.open({ trackers, connectTimeoutMs: 3000, networkTimeoutMs: 5000 }, world);
  try {
    const view = await viewCluster(client, world.clock.now(), { group: undefined, storage: undefined, signal });
    const { spaceReserve } = await client.cluster.parameters({ signal });
    const ids = serverId?.kind === "fixed" ? await client.cluster.storageIds({ signal }) : [];
    return [
      ...checkStorages(view),
      ...checkSpace(view, spaceReserve),
      ...checkClock(view),
      ...(serverId?.kind === "fixed" && ids.length > 0 ? [checkServerId(serverId.id, ids)] : []),
    ];
  } catch (error) {
    signal.throwIfAborted();
    return [failure("cluster", `the trackers do not say: ${reasonOf(error)}`, "look into the tracker's log")];
  } finally {
    await client.close();
  }
}

const remedyByStatus: Readonly<Record<string, string>> = {
  OFFLINE: "start it, or look into its log; fdfs delete-storage if it is gone for good",
  WAIT_SYNC: "it waits for a member that gives it the old files: is another member of the group ACTIVE?",
  SYNCING: "it is being given the old files; until then it does not serve",
  RECOVERY: "it is rebuilding a disk from another member; until then it does not serve",
  INIT: "it has joined for the first time and waits for its source",
};

function checkStorages({ groups, storages }: ClusterView): Finding[] {
  if (storages.length === 0) return [warning("storages", "none has joined", "start one: fdfs storage storage.conf")];
  const findings: Finding[] = [];
  for (const { groupName, writableStorageCount } of groups) {
    if (writableStorageCount > 0) continue;
    findings.push(
      failure(groupName, "has no storage that takes uploads", "start its storages, or look at their states"),
    );
  }
  const resting = storages.filter(({ statusName }) => statusName !== "ACTIVE");
  for (const { storageId, groupName, statusName } of resting) {
    const subject = `storage ${storageId}`;
    const text = `of ${groupName} is ${statusName}`;
    const remedy = remedyByStatus[statusName];
    findings.push(remedy === undefined ? note(subject, text) : warning(subject, text, remedy));
  }
  const active = storages.length - resting.length;
  if (active > 0) findings.unshift(ok("storages", `${active} of ${plural(storages.length, "storage")} active`));
  return findings;
}

function checkSpace({ groups }: ClusterView, reserveText: string): Finding[] {
  const reserve = parseSpaceReserve(reserveText);
  return groups.flatMap(({ groupName, totalMib, freeMib }) => {
    if (reserve === undefined || totalMib === 0) return [];
    const reservedMib = reserve.kind === "ratio" ? totalMib * reserve.ratio : reserve.bytes / 1024 ** 2;
    if (freeMib > reservedMib)
      return [ok(groupName, `${printMib(freeMib)} free, ${printMib(reservedMib)} of it reserved`)];
    const text = `takes no uploads: ${printMib(freeMib)} free, reserved_storage_space is ${reserveText}`;
    return [
      failure(
        groupName,
        text,
        "free space, add a store path or a group, or lower reserved_storage_space in tracker.conf",
      ),
    ];
  });
}

/** The trackers' clock shows in the times of the last beats: they cannot lie in our future, nor far in our past. */
function checkClock({ storages, takenMs }: ClusterView): Finding[] {
  const beats = storages.filter(isActive).map(({ statistics }) => statistics.lastHeartbeatSeconds);
  if (beats.length === 0) return [];
  const aheadSeconds = Math.max(...beats) - takenMs / 1000;
  const remedy = "let chrony or systemd-timesyncd keep the clocks of all machines";
  if (aheadSeconds > clockSecondsMax) {
    return [
      warning("clock", `the tracker's clock is ${printDuration(aheadSeconds * 1000)} ahead of this machine's`, remedy),
    ];
  }
  if (-aheadSeconds > silenceSecondsMax) {
    return [
      warning(
        "clock",
        `the last beat was ${printDuration(-aheadSeconds * 1000)} ago: the tracker's clock is behind`,
        remedy,
      ),
    ];
  }
  return [ok("clock", "agrees with the tracker's, as far as beats show it")];
}

function isActive({ statusName, statistics }: StorageView): boolean {
  return statusName === "ACTIVE" && statistics.lastHeartbeatSeconds > 0;
}

function checkServerId(id: number, ids: readonly { readonly storageId: string }[]): Finding {
  if (ids.some((entry) => Number(entry.storageId) === id)) return ok("server_id", `${id} is known to the trackers`);
  return failure(
    "server_id",
    `${id} is not in storage_ids.conf of the trackers`,
    "add a line there and restart the trackers",
  );
}
