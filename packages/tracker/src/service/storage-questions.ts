// What storages and clients ask without having joined: addresses, ids, parameters (wire-protocol.md §5.13 to §5.16).
import {
  type ClusterParameters,
  FdfsError,
  IPV6_FIELD_BYTES,
  type StorageAddressRequest,
  trackerCommands,
} from "@fastdfs-ts/protocol";
import { answer, type Route, type Session } from "@fastdfs-ts/rpc";
import { parseServerAddress } from "@fastdfs-ts/runtime";

import { briefOf, type Cluster } from "../cluster/cluster.ts";
import type { StorageIds } from "../cluster/storage-ids.ts";
import { ID_PAGE_BYTES, ID_PAGE_SPARE_BYTES } from "../limits.ts";

export function storageQuestionRoutes(cluster: Cluster, parameters: () => ClusterParameters): Route[] {
  const { ids } = cluster.settings;
  return [
    answer(trackerCommands.getMyIp, ({ groupName, port }, session) => {
      const peer = session.remote.host;
      const entry = port === undefined ? undefined : ids?.find(groupName, peer, port.storagePort);
      return { addresses: entry?.hosts.join(",") ?? peer };
    }),
    answer(trackerCommands.getStorageId, (request) => ({ storageId: idOf(ids, request) })),
    answer(trackerCommands.getStorageStatus, (request) => {
      const group = cluster.group(request.groupName);
      const node = cluster.member(group, idOf(ids, request));
      return briefOf(node, node.addresses[0]!);
    }),
    answer(trackerCommands.getGroupName, ({ storageIp, storagePort }, session) => ({
      groupName: groupOf(ids, storageIp, storagePort, session),
    })),
    answer(trackerCommands.fetchStorageIds, ({ startIndex, allowEmpty }) => {
      if (ids === undefined) {
        if (allowEmpty) return { totalCount: 0, lines: [] };
        throw new FdfsError("NOT_SUPPORTED", { reason: "use_storage_id is off" });
      }
      if (startIndex < 0 || startIndex >= ids.lines.length) {
        throw new FdfsError("BAD_REQUEST", {
          reason: `there is no entry ${startIndex}, the list has ${ids.lines.length}`,
        });
      }
      return { totalCount: ids.lines.length, lines: ids.page(startIndex, ID_PAGE_BYTES, ID_PAGE_SPARE_BYTES) };
    }),
    answer(trackerCommands.parameters, parameters),
  ];
}

/** The id of the storage at an address: in ip mode the address itself. Throws BAD_REQUEST without a port, NOT_FOUND. */
function idOf(ids: StorageIds | undefined, { groupName, address }: StorageAddressRequest): string {
  // The port is mandatory since 6.16, so a missing one must not become a default.
  const server = /:\d+$/.test(address) ? parseServerAddress(address, 0) : "it is not ip:port";
  if (typeof server === "string") {
    throw new FdfsError("BAD_REQUEST", { groupName, reason: `"${address}": ${server}` });
  }
  const host = server.hosts[0]!;
  if (ids === undefined) {
    if (host.length < 16) return host;
    throw new FdfsError("NOT_FOUND", { groupName, reason: "IPv6 addresses have no id without use_storage_id" });
  }
  const entry = ids.find(groupName, host, server.port);
  if (entry === undefined) {
    throw new FdfsError("NOT_FOUND", { groupName, reason: `${address} is not in storage_ids.conf` });
  }
  return String(entry.id);
}

function groupOf(ids: StorageIds | undefined, ip: string, port: number, session: Session): string {
  if (ids === undefined) throw new FdfsError("NOT_SUPPORTED", { reason: "use_storage_id is off" });
  if (ip.length >= IPV6_FIELD_BYTES)
    throw new FdfsError("NAME_TOO_LONG", { reason: `an address of ${ip.length} bytes` });
  const host = ip === "" ? session.remote.host : ip;
  const entry = ids.findByAddress(host, port);
  if (entry === undefined) throw new FdfsError("NOT_FOUND", { reason: `${host}:${port} is not in storage_ids.conf` });
  return entry.groupName;
}
