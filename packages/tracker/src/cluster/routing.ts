// Answers "which storage?": applies the scheduling functions to the cluster and moves the cursors they leave behind
// (wire-protocol.md §5.2, §5.3). Called for every query, so nothing is copied and little is allocated. A refusal is logged
// with what is in the way: the client gets a status byte only.
import { factsOfQuery, FdfsError, fileKind } from "@fastdfs-ts/protocol";

import { chooseChanger, chooseReader, pickAnybody } from "../scheduling/choose-holder.ts";
import { listDownloadStorages, type NameSight } from "../scheduling/pick-download-storage.ts";
import { checkNamedGroup, nextGroupCursor, pickGroup } from "../scheduling/pick-group.ts";
import { choosePath, nextPathCursor } from "../scheduling/pick-store-path.ts";
import { nextWriteCursor, pickUploadStorage } from "../scheduling/pick-upload-storage.ts";
import { type Refusal, refusals } from "../scheduling/refusals.ts";
import type { Cluster } from "./cluster.ts";
import type { Group } from "./group.ts";
import type { StorageNode } from "./storage-node.ts";

/** Group of an upload: the named one, or the tracker's choice. Throws NOT_FOUND or NO_SPACE, saying why. */
export function routeToGroup(cluster: Cluster, named: string | undefined): Group {
  const { policy } = cluster.settings;
  if (named !== undefined) {
    const group = knownGroup(cluster, named);
    const refusal = checkNamedGroup(group, policy);
    if (refusal !== undefined) refuse(cluster, refusal, { group });
    return group;
  }
  const picked = pickGroup(cluster.groups, cluster.groupCursor, policy, cluster);
  if (typeof picked === "string") refuse(cluster, picked, fixedGroupOf(cluster));
  cluster.groupCursor = nextGroupCursor(picked, cluster.groups.length, policy);
  return cluster.groups[picked]!;
}

/** Member of the group for the next upload, by the store_server rule. Throws NOT_FOUND if nobody is writable. */
export function routeToMember(cluster: Cluster, group: Group): StorageNode {
  const { policy } = cluster.settings;
  const index = pickUploadStorage(group, policy, cluster);
  if (index < 0) refuse(cluster, "group-not-writable", { group });
  group.writeCursor = nextWriteCursor(group, index, policy);
  return handOut(cluster, group.writable[index]!, true);
}

/** Store path of the member for the next upload. Throws NOT_FOUND if there are no paths, NO_SPACE if all are too full. */
export function routeToPath(cluster: Cluster, node: StorageNode): number {
  const { policy } = cluster.settings;
  const index = choosePath(node.group, node, policy);
  if (typeof index === "string") refuse(cluster, index, { group: node.group, member: node });
  node.writePathCursor = nextPathCursor(index, node.paths.length, policy);
  return index;
}

/** Member to read a file from (102). Throws NOT_FOUND. */
export function routeDownload(cluster: Cluster, groupName: string, logicalName: string): StorageNode {
  const group = knownGroup(cluster, groupName);
  const choice = chooseReader(group, sightName(group, logicalName), cluster.now(), cluster.settings.policy, cluster);
  if (typeof choice === "string") refuse(cluster, choice, { group, logicalName });
  group.readCursor = choice.cursor;
  return handOut(cluster, choice.member);
}

/** All members to read a file from (105). Throws NOT_FOUND. */
export function routeDownloads(cluster: Cluster, groupName: string, logicalName: string): readonly StorageNode[] {
  const group = knownGroup(cluster, groupName);
  if (group.readable.length === 0) refuse(cluster, "group-not-readable", { group });
  const sight = sightName(group, logicalName);
  const members = listDownloadStorages(group, sight, cluster.now(), cluster.settings.policy, cluster);
  if (members.length > 0) return members;
  return [pickAnybody(group, sight) ?? refuse(cluster, "nobody-has-it", { group, logicalName })];
}

/** Member that changes a file (103). Throws NOT_FOUND. */
export function routeUpdate(cluster: Cluster, groupName: string, logicalName: string): StorageNode {
  const group = knownGroup(cluster, groupName);
  const choice = chooseChanger(group, sightName(group, logicalName), cluster.now(), cluster.settings.policy, cluster);
  if (typeof choice === "string") refuse(cluster, choice, { group, logicalName });
  group.writeCursor = choice.cursor;
  // Where nobody has the file, something new can be stored only: a slave.
  return handOut(cluster, choice.member, choice.how === "anybody");
}

/** The client will have something to do for this member: that counts until the member's next report, and beyond. */
function handOut(cluster: Cluster, node: StorageNode, isUpload = false): StorageNode {
  node.group.handedOut(node, isUpload, cluster.monotonicMs());
  return node;
}

/** What the name says, whatever it is; a name that says nothing belongs to nobody and was made just now. */
export function sightName(group: Group, logicalName: string): NameSight<StorageNode> {
  const facts = factsOfQuery(logicalName);
  const kind = fileKind(logicalName, facts);
  return {
    source: facts === undefined ? undefined : group.findSource(facts.source),
    createdAt: facts === undefined ? Infinity : facts.createdSeconds,
    isNormal: kind !== "appender" && kind !== "slave",
  };
}

/** Where a refused choice had come to. */
interface RefusedAt {
  readonly groupName?: string | undefined;
  readonly group?: Group | undefined;
  readonly member?: StorageNode;
  readonly logicalName?: string;
}

function knownGroup(cluster: Cluster, groupName: string): Group {
  return cluster.findGroup(groupName) ?? refuse(cluster, "unknown-group", { groupName });
}

/** With store_lookup 1 all refusals are about the one group. */
function fixedGroupOf(cluster: Cluster): RefusedAt {
  const { groupChoice, fixedGroup } = cluster.settings.policy;
  if (groupChoice !== "fixed-group" || fixedGroup === undefined) return {};
  return { groupName: fixedGroup, group: cluster.findGroup(fixedGroup) };
}

/** Equal lines and many different ones in a short time are collapsed by the log (runtime/src/log/repeat-collapse.ts). */
function refuse(cluster: Cluster, refusal: Refusal, { groupName, group, member, logicalName }: RefusedAt): never {
  const { kind, level, tell } = refusals[refusal];
  const facts = tell({ groups: cluster.groups, groupName, group, member }, cluster.settings.policy);
  cluster.note(level, "query.refused", {
    reason: facts.reason,
    group: facts.groupName,
    storage: facts.storageId,
    storePath: facts.storePathIndex,
    freeMib: facts.freeMib,
    limitMib: facts.limitMib,
    setting: facts.setting,
    file: logicalName,
  });
  throw new FdfsError(kind, { groupName: facts.groupName, reason: facts.reason });
}
