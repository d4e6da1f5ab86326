// Who took the upload of a file, as its name says it.
import { fileSource, parseNameFacts, TRUE_PATH_BYTES } from "@fastdfs-ts/protocol";

import type { ResolvedName } from "../files/resolve-name.ts";

/** The id of the storage that took the upload, as the name says it; "" if it does not. A slave's and metadata's says it of their master. */
export function sourceIdOf({ pathInStore }: ResolvedName): string {
  const facts = parseNameFacts(pathInStore, TRUE_PATH_BYTES);
  if (facts === undefined) return "";
  const source = fileSource(facts.source);
  return source.type === "id" ? source.storageId : source.ip;
}
