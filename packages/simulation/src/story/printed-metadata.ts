// Names and values as a storage keeps them in the metadata file: in name order (storage-formats.md §5).
import { printMetadata } from "@fastdfs-ts/protocol";

export function printedMetadata(metadata: Readonly<Record<string, string>>): Buffer {
  return printMetadata(
    Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)),
    "latin1",
  );
}
