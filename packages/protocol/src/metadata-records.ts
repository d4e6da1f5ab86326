// What the bytes of metadata mean: "name 0x02 value", joined by 0x01 (wire-protocol.md §8.5). Names and values are UTF-8
// for clients; a storage reads them as latin1, so that bytes and their order survive whatever they encode.
import { FdfsError } from "./errors.ts";

export type MetadataEncoding = "utf8" | "latin1";
export type MetadataRecord = readonly [name: string, value: string];

const RECORD_SEPARATOR = "\x01";
const FIELD_SEPARATOR = "\x02";

/** The records in the order in which they came. Records without a field separator are dropped, as C does. Never throws. */
export function parseMetadata(bytes: Buffer, encoding: MetadataEncoding = "utf8"): MetadataRecord[] {
  const records: MetadataRecord[] = [];
  for (const record of bytes.toString(encoding).split(RECORD_SEPARATOR)) {
    const separator = record.indexOf(FIELD_SEPARATOR);
    if (separator >= 0) records.push([record.slice(0, separator), record.slice(separator + 1)]);
  }
  return records;
}

/** The bytes of these records. Throws FdfsError BAD_REQUEST if a name or value has a separator or a NUL in it. */
export function printMetadata(records: Iterable<MetadataRecord>, encoding: MetadataEncoding = "utf8"): Buffer {
  const parts: string[] = [];
  for (const [name, value] of records) {
    if (hasControlByte(name) || value.includes(RECORD_SEPARATOR) || value.includes("\0")) {
      throw new FdfsError("BAD_REQUEST", { reason: `metadata ${JSON.stringify(name)} has a byte 0, 1 or 2 in it` });
    }
    parts.push(name + FIELD_SEPARATOR + value);
  }
  return Buffer.from(parts.join(RECORD_SEPARATOR), encoding);
}

function hasControlByte(text: string): boolean {
  return text.includes(RECORD_SEPARATOR) || text.includes(FIELD_SEPARATOR) || text.includes("\0");
}
