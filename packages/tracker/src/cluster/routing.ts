// Answers "which storage?": applies the scheduling functions to the cluster and moves the cursors they leave behind
// (wire-protocol.md §5.2, §5.3). Called for every query, so nothing is copied and little is allocated.
import { factsOfQuery, FdfsError, fileKind } from "@fastdfs-ts/protocol";

import {
  listDownloadStorages,
  type NameSight,
  pickReplica,
  pickSource,
  pickUpdateReplica,
} from "../scheduling/pick-download-storage.ts";
import { checkNamedGroup, type GroupRefusal, nextGroupCursor, pickGroup } from "../scheduling/pick-group.ts";
import { nextPathCursor, pickStorePath } from "../scheduling/pick-store-path.ts";
import { nextWriteCursor, pickUploadStorage } from "../scheduling/pick-upload-storage.ts";
import type { Cluster } from "./cluster.ts";
import type { Group } from "./group.ts";
import type { StorageNode } from "./storage-node.ts";

/** Group of an upload: the named one, or the tracker's choice. Throws NOT_FOUND or NO_SPACE, saying why. */
export function routeToGroup(cluster: Cluster, named: string | undefined): Group {
  const { policy } = cluster.settings;
  if (named !== undefined) {
    const group = cluster.group(named);
    const refusal = checkNamedGroup(group, policy);
    if (refusal !== undefined) refuse(refusal, named);
    return group;
  }
  const picked = pickGroup(cluster.groups, cluster.groupCursor, policy, cluster);
  if (typeof picked === "string") refuse(picked, policy.groupChoice === "fixed-group" ? policy.fixedGroup : undefined);
  cluster.groupCursor = nextGroupCursor(picked, cluster.groups.length, policy);
  return cluster.groups[picked]!;
}

/** Member of the group for the next upload, by the store_server rule. Throws NOT_FOUND if nobody is writable. */
export function routeToMember(cluster: Cluster, group: Group): StorageNode {
  const { policy } = cluster.settings;
  const index = pickUploadStorage(group, policy, cluster);
  if (index < 0) refuse("group-not-writable", group.name);
  group.writeCursor = nextWriteCursor(group, index, policy);
  return handOut(cluster, group.writable[index]!, true);
}

/** Store path of the member for the next upload. Throws NOT_FOUND if there are no paths, NO_SPACE if all are too full. */
export function routeToPath(cluster: Cluster, node: StorageNode): number {
  const { policy } = cluster.settings;
  if (node.group.storePathCount === 0) {
    throw new FdfsError("NOT_FOUND", { groupName: node.group.name, reason: "the group has no store paths" });
  }
  const index = pickStorePath(node, node.group.trunkFreeMib, policy);
  if (index < 0) {
    throw new FdfsError("NO_SPACE", {
      groupName: node.group.name,
      reason:
        node.paths.length === 0
          ? `${node.id} has not reported its disks yet`
          : `every store path of ${node.id} is below reserved_storage_space`,
    });
  }
  node.writePathCursor = nextPathCursor(index, node.paths.length, policy);
  return index;
}

/** Member to read a file from (102). Throws NOT_FOUND. */
export function routeDownload(cluster: Cluster, groupName: string, logicalName: string): StorageNode {
  const group = cluster.group(groupName);
  if (group.readable.length === 0) refuse("group-not-readable", groupName);
  const { policy } = cluster.settings;
  const sight = sightName(group, logicalName);
  const source = pickSource(sight, policy);
  if (source !== undefined) return handOut(cluster, source);
  const index = pickReplica(group, sight, cluster.now(), policy, cluster);
  if (index < 0) return anybody(group, sight) ?? refuse("nobody-has-it", groupName);
  if (sight.isNormal) group.readCursor = (index + 1) % group.readable.length;
  return handOut(cluster, group.readable[index]!);
}

/** All members to read a file from (105). Throws NOT_FOUND. */
export function routeDownloads(cluster: Cluster, groupName: string, logicalName: string): readonly StorageNode[] {
  const group = cluster.group(groupName);
  if (group.readable.length === 0) refuse("group-not-readable", groupName);
  const sight = sightName(group, logicalName);
  const members = listDownloadStorages(group, sight, cluster.now(), cluster.settings.policy, cluster);
  if (members.length > 0) return members;
  return [anybody(group, sight) ?? refuse("nobody-has-it", groupName)];
}

/**
 * Member that changes a file (103): its source, where all changes come together, else the next one that has it. If none
 * has, whoever takes the next upload: a slave can be stored where its master is not, everything else is refused there.
 */
export function routeUpdate(cluster: Cluster, groupName: string, logicalName: string): StorageNode {
  const group = cluster.group(groupName);
  const sight = sightName(group, logicalName);
  if (sight.source?.isWritable === true) return handOut(cluster, sight.source);
  const { policy } = cluster.settings;
  const index = pickUpdateReplica(group, sight, cluster.now(), policy);
  if (index < 0) return routeToMember(cluster, group);
  group.writeCursor = nextWriteCursor(group, index, policy);
  return handOut(cluster, group.writable[index]!);
}

/** The client will have something to do for this member: that counts until the member's next report, and beyond. */
function handOut(cluster: Cluster, node: StorageNode, isUpload = false): StorageNode {
  node.group.handedOut(node, isUpload, cluster.monotonicMs());
  return node;
}

/**
 * Where the source is no member, or the name says nothing, nobody is known to have the file, but anybody may: as C, the
 * store server is asked. A file whose source is a member is not looked for where that source has not brought it (W11).
 */
function anybody(group: Group, { source }: NameSight<StorageNode>): StorageNode | undefined {
  if (source !== undefined) return undefined;
  return group.storeServer?.isReadable === true ? group.storeServer : group.readable[0];
}

/** What the name says, whatever it is; a name that says nothing belongs to nobody and was made just now. */
function sightName(group: Group, logicalName: string): NameSight<StorageNode> {
  const facts = factsOfQuery(logicalName);
  const kind = fileKind(logicalName, facts);
  return {
    source: facts === undefined ? undefined : group.findSource(facts.source),
    createdAt: facts === undefined ? Infinity : facts.createdSeconds,
    isNormal: kind !== "appender" && kind !== "slave",
  };
}

type Refusal = GroupRefusal | "group-not-readable" | "nobody-has-it";

const refusals: Readonly<Record<Refusal, { readonly kind: "NOT_FOUND" | "NO_SPACE"; readonly reason: string }>> = {
  "no-groups": { kind: "NOT_FOUND", reason: "no storage has joined this tracker yet" },
  "unknown-group": { kind: "NOT_FOUND", reason: "unknown group" },
  "group-not-writable": { kind: "NOT_FOUND", reason: "the group has no active and writable storage" },
  "no-writable-group": { kind: "NOT_FOUND", reason: "no group has an active and writable storage" },
  "no-space": { kind: "NO_SPACE", reason: "free space is below reserved_storage_space" },
  "group-not-readable": { kind: "NOT_FOUND", reason: "the group has no active and readable storage" },
  "nobody-has-it": { kind: "NOT_FOUND", reason: "no readable storage of the group has this file" },
};

function refuse(refusal: Refusal, groupName: string | undefined): never {
  const { kind, reason } = refusals[refusal];
  throw new FdfsError(kind, { groupName, reason });
}
