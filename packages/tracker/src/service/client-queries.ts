// Where to upload, read and change: commands 101 to 107 (wire-protocol.md §5.2, §5.3).
import {
  type FileQuery,
  FileLocations,
  FileLocationsIpv6,
  type GroupRequest,
  StoreTargets,
  StoreTargetsIpv6,
  trackerCommands,
} from "@fastdfs-ts/protocol";
import { answerRaw, type Route, type Session } from "@fastdfs-ts/rpc";

import type { Cluster } from "../cluster/cluster.ts";
import type { Group } from "../cluster/group.ts";
import {
  routeDownload,
  routeDownloads,
  routeToGroup,
  routeToMember,
  routeToPath,
  routeUpdate,
} from "../cluster/routing.ts";
import type { StorageNode } from "../cluster/storage-node.ts";
import { suitedAddress } from "../cluster/suited-address.ts";
import { QueryFrames } from "./query-frames.ts";

export function clientQueryRoutes(cluster: Cluster, responseAddressBytes: 16 | 46): Route[] {
  const frames = new QueryFrames(responseAddressBytes);
  const targetsMessage = responseAddressBytes === 46 ? StoreTargetsIpv6 : StoreTargets;
  const locationsMessage = responseAddressBytes === 46 ? FileLocationsIpv6 : FileLocations;

  const storeOne = (groupName: string | undefined, session: Session) => {
    const node = routeToMember(cluster, routeToGroup(cluster, groupName));
    return frames.target(node, routeToPath(cluster, node), session.remote.host);
  };
  const storeAll = (groupName: string | undefined, session: Session) => {
    const group = routeToGroup(cluster, groupName);
    return targetsMessage.encode({
      groupName: group.name,
      storages: addressesFor(group.writable, session),
      storePathIndex: routeToPath(cluster, firstOf(group)),
    });
  };

  return [
    answerRaw(trackerCommands.queryStoreAny, (_request, session) => storeOne(undefined, session)),
    answerRaw(trackerCommands.queryStoreInGroup, ({ groupName }: GroupRequest, session) =>
      storeOne(groupName, session),
    ),
    answerRaw(trackerCommands.queryStoreAnyAll, (_request, session) => storeAll(undefined, session)),
    answerRaw(trackerCommands.queryStoreInGroupAll, ({ groupName }: GroupRequest, session) =>
      storeAll(groupName, session),
    ),
    answerRaw(trackerCommands.queryFetchOne, ({ groupName, logicalName }: FileQuery, session) =>
      frames.location(routeDownload(cluster, groupName, logicalName), session.remote.host),
    ),
    answerRaw(trackerCommands.queryUpdate, ({ groupName, logicalName }: FileQuery, session) =>
      frames.location(routeUpdate(cluster, groupName, logicalName), session.remote.host),
    ),
    answerRaw(trackerCommands.queryFetchAll, ({ groupName, logicalName }: FileQuery, session) =>
      locationsMessage.encode({
        groupName,
        storages: addressesFor(routeDownloads(cluster, groupName, logicalName), session),
      }),
    ),
  ];
}

function addressesFor(nodes: readonly StorageNode[], session: Session) {
  const peer = session.remote.host;
  return nodes.map((node) => ({ storageIp: suitedAddress(node.addresses, peer), storagePort: node.port }));
}

/** A group that takes uploads has a writable member (`routeToGroup`). */
function firstOf(group: Group): StorageNode {
  return group.writable[0]!;
}
