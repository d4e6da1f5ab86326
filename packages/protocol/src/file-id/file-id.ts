// File ids as people and programs hold them: "group1/M00/00/0C/CmMAC2s….txt". Parsing tells everything that the name
// says without asking a server (storage-formats.md §1.7, §1.13).
import { FdfsError } from "../errors.ts";
import {
  FACTS_BLOCK_CHARS,
  GROUP_NAME_BYTES,
  MAX_STORE_PATHS,
  NORMAL_NAME_BYTES,
  TRUE_PATH_BYTES,
  TRUNK_NAME_BYTES,
} from "../limits.ts";
import { extensionOfStoredName } from "./file-extension.ts";
import { parseLogicalName } from "./logical-name.ts";
import { isAppenderFacts, isTrunkFacts, type NameFacts, parseNameFacts, statedFileBytes } from "./name-facts.ts";
import { type FileSource, fileSource } from "./storage-id.ts";
import { parseTrunkSlice, type TrunkSlice } from "./trunk-name.ts";

export interface FileId {
  readonly groupName: string;
  /** The name without the group. */
  readonly logicalName: string;
}

/**
 * What a name reveals. "slave" is decided by length alone, so a slave with a short name looks normal, and a slave of an
 * appender looks like an appender: C decides the same way. "unknown": the name carries no readable facts.
 */
export type FileKind = "normal" | "appender" | "trunk" | "slave" | "unknown";

export interface FileIdFacts extends FileId {
  readonly storePathIndex: number;
  readonly pathInStore: string;
  readonly fileName: string;
  readonly kind: FileKind;
  /** Undefined for kind "unknown". */
  readonly facts: NameFacts | undefined;
  readonly source: FileSource | undefined;
  /** Size of the file, where the name states it: not for appender and slave files. */
  readonly fileBytes: number | undefined;
  /** CRC32 of the content, where the name states it: not for appender and slave files. Random for links. */
  readonly crc32: number | undefined;
  /** Where the file lies inside a trunk file. */
  readonly slice: TrunkSlice | undefined;
  /** Without the dot. */
  readonly extension: string;
}

/** Splits at the first slash. Throws FdfsError BAD_REQUEST if there is none or the group name is impossible. */
export function splitFileId(fileId: string): FileId {
  const slash = fileId.indexOf("/");
  if (slash < 0)
    throw new FdfsError("BAD_REQUEST", { fileName: fileId, reason: "a file id begins with a group and /" });
  const groupName = fileId.slice(0, slash);
  checkGroupName(groupName);
  return { groupName, logicalName: fileId.slice(slash + 1) };
}

/** "group/logicalName". */
export function printFileId(id: FileId): string {
  return `${id.groupName}/${id.logicalName}`;
}

/** Throws FdfsError BAD_REQUEST unless this is a group name: 1 to 16 letters and digits. */
export function checkGroupName(groupName: string): void {
  if (groupName.length > GROUP_NAME_BYTES || !/^[A-Za-z0-9]+$/.test(groupName)) {
    throw new FdfsError("BAD_REQUEST", { reason: `group name "${groupName}" is not 1 to 16 letters and digits` });
  }
}

/** Everything that a file id says. Throws FdfsError BAD_REQUEST if its shape is wrong, never for odd contents. */
export function parseFileId(fileId: string): FileIdFacts {
  const { groupName, logicalName } = splitFileId(fileId);
  const { storePathIndex, pathInStore, fileName } = parseLogicalName(logicalName, MAX_STORE_PATHS);
  const facts = parseNameFacts(pathInStore, TRUE_PATH_BYTES);
  const kind = fileKind(logicalName, facts);
  const isStated = kind === "normal" || kind === "trunk";
  return {
    groupName,
    logicalName,
    storePathIndex,
    pathInStore,
    fileName,
    kind,
    facts,
    source: facts === undefined ? undefined : fileSource(facts.source),
    fileBytes: facts !== undefined && isStated ? statedFileBytes(facts) : undefined,
    crc32: isStated ? facts?.crc32 : undefined,
    slice: sliceOfPath(pathInStore, facts),
    extension: extensionOfStoredName(fileName),
  };
}

/** The kind of a file by its logical name (storage-formats.md §1.7). */
export function fileKind(logicalName: string, facts: NameFacts | undefined): FileKind {
  if (facts === undefined) return "unknown";
  if (isAppenderFacts(facts)) return "appender";
  const bytes = logicalName.startsWith("M") ? logicalName.length : logicalName.length + 4;
  const isTrunk = isTrunkFacts(facts);
  if (bytes > TRUNK_NAME_BYTES || (bytes > NORMAL_NAME_BYTES && !isTrunk)) return "slave";
  return isTrunk && bytes === TRUNK_NAME_BYTES ? "trunk" : "normal";
}

/** The slice of a file inside a trunk file, or undefined if the name is not one of those. */
export function sliceOfPath(pathInStore: string, facts: NameFacts | undefined): TrunkSlice | undefined {
  if (facts === undefined || !isTrunkFacts(facts) || pathInStore.length !== TRUNK_PATH_BYTES) return undefined;
  return parseTrunkSlice(pathInStore, TRUE_PATH_BYTES + FACTS_BLOCK_CHARS);
}

const TRUNK_PATH_BYTES = TRUNK_NAME_BYTES - "Mxx/".length;

/**
 * The facts that a tracker reads from the name in a query: characters 10 to 36, whatever stands before them. Undefined
 * for odd names; never throws (wire-protocol.md §5.3, §12 no. 21).
 */
export function factsOfQuery(logicalName: string): NameFacts | undefined {
  return parseNameFacts(logicalName, 10);
}
