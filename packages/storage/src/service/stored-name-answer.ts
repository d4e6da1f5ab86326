// The answer to every command that makes a file: group in 16 bytes, then the name. Written straight into one frame,
// because it ends the hottest path of the server.
import { ANSWER_COMMAND, GROUP_NAME_BYTES, HEADER_BYTES, writeHeader } from "@fastdfs-ts/protocol";
import type { WholeFrame } from "@fastdfs-ts/rpc";

import type { FileStore } from "../files/file-store.ts";

const NAME_AT = HEADER_BYTES + GROUP_NAME_BYTES;

export function storedNameAnswer({ slab, groupField }: FileStore, logicalName: string): WholeFrame {
  const bodyBytes = GROUP_NAME_BYTES + logicalName.length;
  const frame = slab.take(HEADER_BYTES + bodyBytes);
  writeHeader(frame, 0, bodyBytes, ANSWER_COMMAND, 0);
  frame.set(groupField, HEADER_BYTES);
  frame.write(logicalName, NAME_AT, "latin1");
  return { frame, slab };
}
