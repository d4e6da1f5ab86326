// The answer to every command that makes a file: group in 16 bytes, then the name. Written straight into one frame,
// because it ends the hottest path of the server.
import { ANSWER_COMMAND, GROUP_NAME_BYTES, HEADER_BYTES, writeHeader } from "@fastdfs-ts/protocol";
import type { WholeFrame } from "@fastdfs-ts/rpc";

import type { FileStore } from "../files/file-store.ts";

export function storedNameAnswer(store: FileStore, logicalName: string): WholeFrame {
  const bodyBytes = GROUP_NAME_BYTES + logicalName.length;
  const frame = store.slab.take(HEADER_BYTES + bodyBytes);
  writeHeader(frame, 0, bodyBytes, ANSWER_COMMAND, 0);
  frame.fill(0, HEADER_BYTES, HEADER_BYTES + GROUP_NAME_BYTES);
  frame.write(store.groupName, HEADER_BYTES, "latin1");
  frame.write(logicalName, HEADER_BYTES + GROUP_NAME_BYTES, "latin1");
  return { frame, slab: store.slab };
}
