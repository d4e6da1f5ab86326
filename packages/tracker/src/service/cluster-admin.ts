// What an administrator changes: 93, 94, 108 (wire-protocol.md §5.6, §5.7). A deletion is confirmed when it is on the disk.
import { FdfsError, type SetTrunkServerRequest, trackerCommands, type TrunkServerId } from "@fastdfs-ts/protocol";
import { answer, type Route } from "@fastdfs-ts/rpc";

import type { Cluster } from "../cluster/cluster.ts";
import { deleteGroup, deleteStorage } from "../cluster/removal.ts";

/** `save` resolves when the present state is on the disk. */
export function clusterAdminRoutes(cluster: Cluster, save: () => Promise<void>): Route[] {
  return [
    answer(trackerCommands.deleteStorage, async ({ groupName, storageId }) => {
      deleteStorage(cluster, groupName, storageId);
      await save();
      return {};
    }),
    answer(trackerCommands.deleteGroup, async ({ groupName }) => {
      deleteGroup(cluster, groupName);
      await save();
      return {};
    }),
    answer(trackerCommands.setTrunkServer, (request) => setTrunkServer(cluster, request)),
  ];
}

/** 94. Only a present trunk server can be confirmed: this tracker does not hand the role over. */
function setTrunkServer(cluster: Cluster, { groupName, storageId }: SetTrunkServerRequest): TrunkServerId {
  const group = cluster.group(groupName);
  const refuse = (reason: string) => new FdfsError("NOT_SUPPORTED", { groupName, reason });
  if (!cluster.settings.policy.usesTrunkFiles) throw refuse("use_trunk_file is off");
  if (!cluster.leadership.isLeader) throw refuse("only the leader names trunk servers");
  const present = group.trunkServer?.status === "ACTIVE" ? group.trunkServer : undefined;
  if (present !== undefined) {
    if (storageId === "") return { storageId: present.id };
    if (storageId === present.id) {
      throw new FdfsError("ALREADY_DONE", { groupName, reason: `${storageId} is the trunk server` });
    }
    throw new FdfsError("ALREADY_EXISTS", { groupName, reason: `${present.id} is trunk server and active` });
  }
  if (storageId !== "") {
    const node = cluster.member(group, storageId);
    if (node.status !== "ACTIVE") {
      throw new FdfsError("NOT_ACTIVE", { groupName, reason: `${storageId} is ${node.status}` });
    }
    if (!node.isWritable) throw new FdfsError("ACCESS_DENIED", { groupName, reason: `${storageId} is not writable` });
  }
  throw refuse("this tracker does not choose trunk servers");
}
