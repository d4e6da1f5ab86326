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
    readonly source: { type: "ipv4"; ip: string } | { type: "storage_id"; id?: number; storage_id?: number };
    readonly timestamp: number;
    readonly size_field_hex: string;
    readonly flags: { masked: boolean; appender: boolean; trunk: boolean };
    readonly random23: number | null;
    readonly file_size: number | null;
    readonly crc32: number;
    readonly trunk: Record<string, number> | null;
    readonly after_encoded: string;
    readonly random_tail_digits?: string;
    readonly ext?: string;
  };
  readonly fdfs_file_info: {
    readonly get_from_server: boolean;
    readonly file_type: string;
    readonly file_size: number;
    readonly crc32: number;
  };
}

const url = new URL("../vectors/file-ids.json", import.meta.url);
const { entries } = JSON.parse(readFileSync(url, "utf8")) as { entries: RecordedFileId[] };

it("are 101", () => {
  expect(entries).toHaveLength(101);
});
