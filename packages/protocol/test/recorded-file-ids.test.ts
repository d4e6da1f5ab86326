// The 101 recorded file ids of the C servers: parsed as decoded, printed as they were, minted again from their facts.
import { readFileSync } from "node:fs";

import {
  composeName,
  parseFileId,
  printFileId,
  printLogicalName,
  printNameFacts,
  slaveName,
  sourceOfIp,
  sourceOfStorageId,
  splitFileId,
} from "@fastdfs-ts/protocol";
import { describe, expect, it } from "vitest";

interface RecordedFileId {
  readonly file_id: string;
  readonly kind: string;
  readonly content_size: number;
  readonly content_crc32: number;
  readonly master_file_id?: string;
  readonly prefix?: string;
  readonly requested_ext?: string;
  readonly decoded: {
    readonly group: string;
    readonly store_path_index: number;
    readonly dir_high: number;
    readonly dir_low: number;
    readonly encoded: string;
    readonly source: { type: "ipv4"; ip: string } | { type: "server_id"; id: number };
    readonly timestamp: number;
    readonly size_field_hex: string;
    readonly flags: { masked: boolean; appender: boolean; trunk: boolean };
    readonly random23: number | null;
    readonly file_size: number;
    readonly crc32: number;
    readonly trunk: { file_id: number; offset: number; alloc_size: number } | null;
    readonly after_encoded: string;
    readonly random_tail_digits?: string;
    readonly ext?: string;
  };
  readonly fdfs_file_info: {
    /** Missing where the C client refuses the name as too short. */
    readonly file_type?: string;
    readonly get_from_server?: boolean;
    readonly file_size?: number;
    readonly crc32?: number;
  };
}

const url = new URL("../vectors/file-ids.json", import.meta.url);
const { entries } = JSON.parse(readFileSync(url, "utf8")) as { entries: RecordedFileId[] };

describe("recorded file ids", () => {
  it("are 101", () => {
    expect(entries).toHaveLength(101);
  });

  it.each(entries)("$file_id parses as decoded", ({ file_id, decoded }) => {
    const parsed = parseFileId(file_id);
    expect(parsed).toMatchObject({
      groupName: decoded.group,
      storePathIndex: decoded.store_path_index,
      source:
        decoded.source.type === "ipv4"
          ? { type: "ip", ip: decoded.source.ip }
          : { type: "id", storageId: String(decoded.source.id) },
    });
    expect(parsed.facts).toEqual({
      source: Buffer.from(decoded.encoded, "base64url").readUInt32BE(0),
      createdSeconds: decoded.timestamp,
      sizeHigh: parseInt(decoded.size_field_hex.slice(0, 8), 16),
      sizeLow: parseInt(decoded.size_field_hex.slice(8), 16),
      crc32: decoded.crc32,
    });
    expect(parsed.slice).toEqual(
      decoded.trunk === null || parsed.logicalName.length !== 60
        ? undefined
        : {
            trunkFileId: decoded.trunk.file_id,
            offset: decoded.trunk.offset,
            slotBytes: decoded.trunk.alloc_size,
          },
    );
    if (decoded.ext !== undefined) expect(parsed.extension).toBe(decoded.ext);
  });

  it.each(entries)("$file_id is told apart as the C client does", ({ file_id, kind, fdfs_file_info: info }) => {
    const parsed = parseFileId(file_id);
    if (info.file_type === undefined) {
      expect(parsed.logicalName.length).toBeLessThan(44);
      return;
    }
    expect(parsed.kind === "trunk" ? "normal" : parsed.kind).toBe(info.file_type);
    expect(parsed.fileBytes).toBe(info.get_from_server ? undefined : info.file_size);
    expect(parsed.crc32).toBe(info.get_from_server ? undefined : info.crc32);
    if (kind === "trunk") expect(parsed.kind).toBe("trunk");
  });

  it.each(entries)("$file_id prints as it was", ({ file_id, decoded }) => {
    const { facts, ...parsed } = parseFileId(file_id);
    expect(printFileId(parsed)).toBe(file_id);
    expect(printNameFacts(facts!)).toBe(decoded.encoded);
    const printed = printLogicalName(decoded.store_path_index, decoded.dir_high, decoded.dir_low, parsed.fileName);
    expect(printed).toBe(parsed.logicalName);
  });

  const minted = entries.filter(({ decoded }) => decoded.random_tail_digits !== undefined);
  it("were minted by servers, but for the slaves", () => {
    expect(minted).toHaveLength(77);
  });

  it.each(minted)("$file_id is minted from its facts", ({ file_id, decoded }) => {
    const { fileName } = parseFileId(file_id);
    const { source, flags, trunk } = decoded;
    const name = composeName(
      {
        source: source.type === "ipv4" ? sourceOfIp(source.ip) : sourceOfStorageId(String(source.id)),
        createdSeconds: decoded.timestamp,
        kind: flags.appender ? "appender" : flags.trunk ? "trunk" : "normal",
        fileBytes: decoded.file_size,
        crc32: decoded.crc32,
        extension: decoded.ext ?? "",
        slice: trunk ? { trunkFileId: trunk.file_id, offset: trunk.offset, slotBytes: trunk.alloc_size } : undefined,
      },
      decoded.random23 ?? 0,
      decoded.after_encoded,
    );
    expect(name).toBe(fileName);
  });

  const slaves = entries.filter(({ master_file_id }) => master_file_id !== undefined);
  it("have 24 slaves among them", () => {
    expect(slaves).toHaveLength(24);
  });

  it.each(slaves)("$file_id is the slave of its master", ({ file_id, master_file_id, prefix, requested_ext }) => {
    const master = splitFileId(master_file_id!).logicalName;
    expect(slaveName(master, prefix!, requested_ext ?? "")).toBe(splitFileId(file_id).logicalName);
  });
});
