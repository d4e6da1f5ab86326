// The extension of a file name: which one a client sends for a local name, what a server accepts, and where it is found
// in a stored name (wire-protocol.md §10.4, §3.4, storage-formats.md §1.6).
import { FdfsError } from "../errors.ts";
import { EXTENSION_BYTES, SLAVE_PREFIX_BYTES, TAIL_CHARS } from "../limits.ts";

/**
 * The extension that the C client derives from a local name: what follows the last dot if that is at most 6 characters,
 * with one more part to its left if both fit: "a.tar.gz" gives "tar.gz", "c.backup.gz" gives "gz".
 */
export function extensionOfLocalName(localName: string): string {
  const lastDot = localName.lastIndexOf(".");
  if (lastDot < 0) return "";
  const extension = localName.slice(lastDot + 1);
  if (extension.length > EXTENSION_BYTES || extension.includes("/")) return "";
  const dotBefore = lastDot === 0 ? -1 : localName.lastIndexOf(".", lastDot - 1);
  const longer = localName.slice(dotBefore + 1);
  return dotBefore >= 0 && longer.length <= EXTENSION_BYTES && !longer.includes("/") ? longer : extension;
}

/** Where the extension of a stored name begins (at its dot), or the length of the name if it has none. */
export function extensionDot(name: string): number {
  const dot = name.indexOf(".", Math.max(0, name.length - TAIL_CHARS));
  return dot < 0 ? name.length : dot;
}

/** The extension of a stored name, without the dot; empty if it has none. */
export function extensionOfStoredName(name: string): string {
  return name.slice(extensionDot(name) + 1);
}

/** Throws FdfsError BAD_REQUEST unless a server accepts this extension: letters, digits, - _ . and at most 6 of them. */
export function checkExtension(extension: string): void {
  checkText(extension, EXTENSION_BYTES, "extension");
}

/** Throws FdfsError BAD_REQUEST unless a server accepts this slave prefix: 1 to 16 letters, digits, - _ and dots. */
export function checkSlavePrefix(slavePrefix: string): void {
  if (slavePrefix === "") throw new FdfsError("BAD_REQUEST", { reason: "the slave prefix is empty" });
  checkText(slavePrefix, SLAVE_PREFIX_BYTES, "slave prefix");
}

function checkText(text: string, maxChars: number, what: string): void {
  if (text.length > maxChars) {
    throw new FdfsError("BAD_REQUEST", { reason: `${what} "${text}" is longer than ${maxChars} characters` });
  }
  for (let i = 0; i < text.length; i++) {
    if (!isNameChar(text.charCodeAt(i))) {
      throw new FdfsError("BAD_REQUEST", { reason: `${what} "${text}" may only have letters, digits, - _ and dots` });
    }
  }
}

function isNameChar(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x2d ||
    code === 0x5f ||
    code === 0x2e
  );
}
