// The source in a file name: an IPv4 address in reading order, or a numeric storage id little-endian, told apart by
// value (wire-protocol.md §3.2).
import { FdfsError } from "../errors.ts";
import { MAX_NUMERIC_STORAGE_ID } from "../limits.ts";

/** The storage that took an upload, as its name tells it. */
export type FileSource =
  { readonly type: "id"; readonly storageId: string } | { readonly type: "ip"; readonly ip: string };

/** Reads the source word (the four bytes as a big-endian number) of a file name. */
export function fileSource(word: number): FileSource {
  const id = byteSwap(word);
  if (id >= 1 && id <= MAX_NUMERIC_STORAGE_ID) return { type: "id", storageId: String(id) };
  return { type: "ip", ip: `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}` };
}

/** The source word of an IPv4 address. Throws FdfsError BAD_REQUEST if it is not one. */
export function sourceOfIp(ip: string): number {
  const parts = ip.split(".");
  let word = 0;
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) throw notAnAddress(ip);
    word = word * 256 + Number(part);
  }
  if (parts.length !== 4) throw notAnAddress(ip);
  return word;
}

/** The source word of a numeric storage id. Throws FdfsError BAD_REQUEST unless it is 1 to 16777215. */
export function sourceOfStorageId(storageId: string): number {
  const id = /^\d{1,8}$/.test(storageId) ? Number(storageId) : 0;
  if (id < 1 || id > MAX_NUMERIC_STORAGE_ID) {
    throw new FdfsError("BAD_REQUEST", { reason: `storage id "${storageId}" is not a number from 1 to 16777215` });
  }
  return byteSwap(id);
}

function byteSwap(word: number): number {
  return (((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}

function notAnAddress(ip: string): FdfsError {
  return new FdfsError("BAD_REQUEST", { reason: `"${ip}" is not an IPv4 address` });
}
