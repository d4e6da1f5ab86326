// Who asks for a file because it has lost a store path?
import type { Session } from "@fastdfs-ts/rpc";

import type { Peer } from "../tracker-link/membership-view.ts";

/**
 * Whether a request comes from the host of a member that copies its lost files from others. A C server reads them like
 * any client (14), and repeats for ever what it is refused: with an empty file in the group it never gets done
 * (cluster-behaviour.md §9.4). A member of ours looks at the size first.
 */
export function isFromRecoveringMember({ remote }: Session, peers: readonly Peer[]): boolean {
  return peers.some(({ status, address }) => status === "RECOVERY" && address === remote.host);
}
