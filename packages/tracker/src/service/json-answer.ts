// The body of an explanation (121, 127).
import { type Explanation, FdfsError, MAX_BODY_BYTES } from "@fastdfs-ts/protocol";

/**
 * Clients can read more, but a whole group fits, and nobody reads an explanation of hundreds of them at once. Throws
 * BAD_REQUEST for what is too long.
 */
export function jsonAnswer(json: Buffer): Explanation {
  if (json.length <= MAX_BODY_BYTES) return { json };
  throw new FdfsError("BAD_REQUEST", { reason: `the answer has ${json.length} bytes: ask for one group` });
}
