// Fetching another tracker's state: 61, then 63 for each piece of each file, then 62 (wire-protocol.md §7.7).
import { FdfsError, trackerCommands } from "@fastdfs-ts/protocol";
import type { RpcConnection } from "@fastdfs-ts/rpc";
import type { ServerAddress } from "@fastdfs-ts/runtime";

import { trackerName } from "../cluster/tracker-list.ts";
import type { TrackerPeers } from "../election/tracker-peers.ts";
import { STATE_FETCH_TIMEOUT_MS, STATE_FILE_BYTES_MAX } from "../limits.ts";
import type { StateFileContents } from "./state-files-of.ts";

/** Throws FdfsError: BUSY while another tracker reads there, NOT_FOUND if it has nothing, BAD_ANSWER for senseless sizes. */
export async function fetchStateFiles(peers: TrackerPeers, donor: ServerAddress): Promise<StateFileContents> {
  const connection = await peers.dial(donor);
  try {
    await peers.call(connection, trackerCommands.systemFilesStart, {}, STATE_FETCH_TIMEOUT_MS);
    const file = (index: number) => fetchFile(peers, donor, connection, index);
    const files = [await file(0), await file(1), await file(2), await file(3)] as const;
    await peers.call(connection, trackerCommands.systemFilesEnd, {}, STATE_FETCH_TIMEOUT_MS);
    return files;
  } finally {
    connection.end();
  }
}

async function fetchFile(
  peers: TrackerPeers,
  donor: ServerAddress,
  connection: RpcConnection,
  fileIndex: number,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size: number | undefined;
  let offset = 0;
  do {
    const request = { fileIndex, offset };
    const piece = await peers.call(connection, trackerCommands.systemFilePiece, request, STATE_FETCH_TIMEOUT_MS);
    const content = Buffer.from(piece.content);
    const isSenseless =
      piece.fileBytes > STATE_FILE_BYTES_MAX ||
      offset + content.length > piece.fileBytes ||
      (content.length === 0 && offset < piece.fileBytes);
    if (isSenseless || (size !== undefined && size !== piece.fileBytes)) {
      const reason = `state file ${fileIndex} of ${piece.fileBytes} bytes, ${content.length} from ${offset} on`;
      throw new FdfsError("BAD_ANSWER", { peer: trackerName(donor), reason });
    }
    size = piece.fileBytes;
    offset += content.length;
    pieces.push(content);
  } while (offset < size);
  return Buffer.concat(pieces);
}
