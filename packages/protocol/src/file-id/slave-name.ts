// Names of slave files: the master's name without its extension, a prefix, an extension (wire-protocol.md §3.6).
import { FdfsError } from "../errors.ts";
import { MAX_NAME_BYTES, METADATA_SUFFIX, MIN_MASTER_PATH_BYTES } from "../limits.ts";
import { checkExtension, checkSlavePrefix, extensionDot, extensionOfStoredName } from "./file-extension.ts";

/**
 * The name of a slave, with the rules of the storage. Throws FdfsError BAD_REQUEST if prefix or extension have foreign
 * characters, the prefix is empty, the master is too short, the result would be the master's metadata file, or longer
 * than any server accepts.
 */
export function slaveName(masterName: string, slavePrefix: string, extension: string): string {
  checkSlavePrefix(slavePrefix);
  checkExtension(extension);
  const masterPathBytes = masterName.startsWith("M") ? masterName.length - 4 : masterName.length;
  if (masterPathBytes < MIN_MASTER_PATH_BYTES) throw refused(`"${masterName}" is too short for a master file`);
  if (slavePrefix === METADATA_SUFFIX && extension === "") {
    throw refused(`prefix "-m" without an extension would be the metadata file of ${masterName}`);
  }
  return joinSlaveName(masterName, slavePrefix, extension);
}

/**
 * The name of a slave as the C client derives it without asking: no extension given means the master's. An empty prefix
 * is allowed if the extension differs.
 */
export function deriveSlaveName(masterName: string, slavePrefix: string, extension?: string): string {
  const inherited = extensionOfStoredName(masterName);
  const wanted = extension ?? inherited;
  if (slavePrefix !== "") return slaveName(masterName, slavePrefix, wanted);
  if (wanted === inherited) throw refused("without a prefix the extension must differ from the master's");
  checkExtension(wanted);
  return joinSlaveName(masterName, slavePrefix, wanted);
}

function joinSlaveName(masterName: string, slavePrefix: string, extension: string): string {
  const stem = masterName.slice(0, extensionDot(masterName));
  const name = extension === "" ? stem + slavePrefix : `${stem}${slavePrefix}.${extension}`;
  if (name.length > MAX_NAME_BYTES)
    throw refused(`the slave name would have ${name.length} characters, 127 are possible`);
  return name;
}

function refused(reason: string): FdfsError {
  return new FdfsError("BAD_REQUEST", { reason });
}
