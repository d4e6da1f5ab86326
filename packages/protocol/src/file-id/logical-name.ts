// What a storage checks on every name that comes in, and where the name leads (wire-protocol.md §3.8). No further slash
// is allowed behind the two directories, which is what keeps ".." harmless.
import { FdfsError } from "../errors.ts";
import { LOGIC_PATH_BYTES, TRUE_PATH_BYTES } from "../limits.ts";

export interface LogicalName {
  /** Which disk; 0 for a name without "Mxx/" (before 1.12). */
  readonly storePathIndex: number;
  /** Path below the `data` folder of the store path: "HH/HH/name". */
  readonly pathInStore: string;
  /** The last part of the path. */
  readonly fileName: string;
}

/**
 * Takes a logical name apart. Throws FdfsError BAD_REQUEST if its shape is wrong or the store path does not exist on a
 * server with `storePathCount` of them.
 */
export function parseLogicalName(name: string, storePathCount: number): LogicalName {
  if (name.length <= LOGIC_PATH_BYTES) throw refused(name, "is too short");
  if (name.includes("\0")) throw refused(name, "has a NUL");
  let storePathIndex = 0;
  let pathInStore = name;
  if (name.charCodeAt(0) === 0x4d) {
    if (name.charCodeAt(3) !== 0x2f) throw refused(name, 'must go on with two digits and "/"');
    const high = hexValue(name.charCodeAt(1), true);
    const low = hexValue(name.charCodeAt(2), true);
    if (high < 0 || low < 0) throw refused(name, "names no store path");
    storePathIndex = high * 16 + low;
    if (storePathIndex >= storePathCount) throw refused(name, `names store path ${storePathIndex}, which is not here`);
    pathInStore = name.slice(4);
  }
  if (!hasTrueNameShape(pathInStore)) throw refused(name, 'must go on with "HH/HH/" in upper-case hex and one name');
  return { storePathIndex, pathInStore, fileName: pathInStore.slice(TRUE_PATH_BYTES) };
}

/** "HH/HH/" in upper-case hex and no further slash. */
function hasTrueNameShape(path: string): boolean {
  return (
    path.length >= TRUE_PATH_BYTES &&
    hexValue(path.charCodeAt(0), false) >= 0 &&
    hexValue(path.charCodeAt(1), false) >= 0 &&
    path.charCodeAt(2) === 0x2f &&
    hexValue(path.charCodeAt(3), false) >= 0 &&
    hexValue(path.charCodeAt(4), false) >= 0 &&
    path.charCodeAt(5) === 0x2f &&
    !path.includes("/", TRUE_PATH_BYTES)
  );
}

function hexValue(code: number, allowLowerCase: boolean): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  if (code >= 0x41 && code <= 0x46) return code - 0x41 + 10;
  if (allowLowerCase && code >= 0x61 && code <= 0x66) return code - 0x61 + 10;
  return -1;
}

const HEX = Array.from({ length: 256 }, (_, n) => n.toString(16).toUpperCase().padStart(2, "0"));

/** "Mxx/HH/HH/name". The numbers are 0 to 255. */
export function printLogicalName(
  storePathIndex: number,
  subdirHigh: number,
  subdirLow: number,
  fileName: string,
): string {
  return `M${HEX[storePathIndex] ?? ""}/${HEX[subdirHigh] ?? ""}/${HEX[subdirLow] ?? ""}/${fileName}`;
}

function refused(name: string, why: string): FdfsError {
  return new FdfsError("BAD_REQUEST", { fileName: name, reason: `the name ${why}` });
}
