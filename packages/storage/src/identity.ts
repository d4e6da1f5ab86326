// Who this storage is: its group, its id, and what its file names carry (cluster-behaviour.md §3.1). An address is only
// what a storage announced last; the UUID in its data directory stays when id and address change.
import { join } from "node:path";

import { FdfsError, MAX_NUMERIC_STORAGE_ID } from "@fastdfs-ts/protocol";
import type { Disk, Random } from "@fastdfs-ts/runtime";

import { damagedFile, StateFile } from "./formats/state-file.ts";

export interface StorageIdentity {
  readonly groupName: string;
  /** ip: the address is the id · id: the id comes from storage_ids.conf. */
  readonly mode: "ip" | "id";
  /** What trackers and other members call this storage: an address as text, or a decimal number. */
  readonly storageId: string;
  /** The four bytes with which the names of its files begin (storage-formats.md §1.3.1). */
  readonly sourceBytes: Buffer;
  /** One or two; the first is the one it uses towards trackers. */
  readonly addresses: readonly string[];
  readonly port: number;
}

export interface IdentityFacts {
  readonly groupName: string;
  readonly addresses: readonly string[];
  readonly port: number;
  /** Undefined where storage ids are off. */
  readonly numericId?: string | undefined;
  /** What file names carry. Without storage ids always the address. */
  readonly idTypeInFileName: "ip" | "id";
}

/** Builds an identity. Throws FdfsError BAD_REQUEST if the facts do not make one. */
export function storageIdentity(facts: IdentityFacts): StorageIdentity {
  const { groupName, addresses, port, numericId } = facts;
  const address = addresses[0];
  if (address === undefined) throw impossible("this storage has no address");
  const namesCarryId = numericId !== undefined && facts.idTypeInFileName === "id";
  return {
    groupName,
    mode: numericId === undefined ? "ip" : "id",
    storageId: numericId ?? address,
    sourceBytes: namesCarryId ? idBytes(numericId) : addressBytes(address),
    addresses,
    port,
  };
}

/**
 * Whether a text can be the id of a storage: an address, a number, or the short code of an IPv6 address. Ids come from
 * trackers and become parts of file names and lines of state files.
 */
export function isStorageId(text: string): boolean {
  return /^[\w:-][\w.:-]{0,14}$/.test(text);
}

function idBytes(numericId: string): Buffer {
  const id = Number(numericId);
  if (!/^\d+$/.test(numericId) || id < 1 || id > MAX_NUMERIC_STORAGE_ID) {
    throw impossible(`the storage id "${numericId}" is not a number from 1 to ${MAX_NUMERIC_STORAGE_ID}`);
  }
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(id);
  return bytes;
}

function addressBytes(address: string): Buffer {
  const parts = address.split(".");
  const isIpv4 = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
  if (!isIpv4) {
    throw impossible(
      `file names cannot carry the address ${address}. Set use_storage_id = true and id_type_in_filename = id at the trackers`,
    );
  }
  return Buffer.from(parts.map(Number));
}

function impossible(reason: string): FdfsError {
  return new FdfsError("BAD_REQUEST", { reason });
}

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * The UUID of the storage that lives in `<basePath>/data`, kept in `.storage_uuid` (invisible to C) and made at the first
 * start. Throws FdfsError IO_FAILED if the file holds something else.
 */
export function readOrCreateStorageUuid(disk: Disk, random: Random, basePath: string): string {
  const file = new StateFile(disk, join(basePath, "data", ".storage_uuid"));
  const found = file.read()?.trim();
  if (found !== undefined) {
    if (uuidForm.test(found)) return found;
    throw damagedFile(file.path, "this is not a UUID", "Restore the file, or remove it to give this storage a new one");
  }
  const uuid = randomUuid(random);
  file.replace(`${uuid}\n`);
  return uuid;
}

/** A version 4 UUID. */
function randomUuid(random: Random): string {
  const bytes = random.bytes(16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
