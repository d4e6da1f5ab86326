// Reads the recorded exchanges of the C servers (packages/protocol/vectors) and gives frames their bytes back.
import { readFileSync } from "node:fs";

interface RecordedFrame {
  /** Bytes of the whole recording: more than one frame in two records. */
  readonly length: number;
  readonly hex?: string;
  readonly prefix_hex?: string;
  readonly status: number;
  readonly body_length: number;
}

interface RecordedExchange {
  readonly name: string;
  readonly cmd: number;
  readonly request: RecordedFrame;
  readonly response: RecordedFrame | null;
}

export interface Exchange extends RecordedExchange {
  readonly server: "tracker" | "storage";
}

const files = [
  ["client-tracker", "tracker"],
  ["storage-tracker", "tracker"],
  ["tracker-tracker", "tracker"],
  ["client-storage", "storage"],
  ["storage-storage", "storage"],
  ["tracker-storage", "storage"],
] as const;

/** All recorded exchanges, in the order of the files. */
export function recordedExchanges(): Exchange[] {
  return files.flatMap(([file, server]) => {
    const url = new URL(`../vectors/wire/${file}.json`, import.meta.url);
    const records = JSON.parse(readFileSync(url, "utf8")) as RecordedExchange[];
    return records.map((record) => ({ ...record, server }));
  });
}

/** The bytes that were recorded: all, or the first 256 of a frame above 4096. */
export function recordedBytes(frame: RecordedFrame): Buffer {
  return Buffer.from(frame.hex ?? frame.prefix_hex ?? "", "hex");
}
