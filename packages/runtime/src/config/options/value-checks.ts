// Checks of texts that several option tables share. Each answers what is wrong and what to do, or `undefined`.
import { parseIpAddress } from "../ip-address.ts";
import { parseServerAddress, trackerPortDefault } from "../server-address.ts";

/** Ids have 24 bits in a file id (storage-formats.md §6.8). */
export const storageIdMax = 16_777_215;

export function checkGroupName(value: string): string | undefined {
  if (/^[A-Za-z0-9]{1,16}$/.test(value)) return undefined;
  return "is not a group name. Use 1 to 16 letters and digits, such as group1.";
}

/** Empty: no preference. */
export function checkBindAddresses(value: string): string | undefined {
  if (value === "") return undefined;
  const versions = value.split(",").map((part) => parseIpAddress(part.trim())?.version);
  if (versions.includes(undefined)) return "is not an IP address. Set an address of this host, or leave it empty.";
  if (versions.length > 2 || new Set(versions).size < versions.length) {
    return "names too many addresses. One IPv4 and one IPv6 address are possible.";
  }
  return undefined;
}

export function checkTrackerServer(value: string): string | undefined {
  const address = parseServerAddress(value, trackerPortDefault);
  return typeof address === "string" ? `is not a tracker's address: ${address}` : undefined;
}

/** Empty: the storage asks a tracker for its id. */
export function checkServerId(value: string): string | undefined {
  if (value === "") return undefined;
  if (/^[1-9]\d{0,7}$/.test(value) && Number(value) <= storageIdMax) return undefined;
  return `is not a storage id. Set a number from 1 to ${storageIdMax} as it stands in storage_ids.conf.`;
}

export function checkNotEmpty(value: string): string | undefined {
  return value === "" ? "is empty. Set a value or remove the line." : undefined;
}
