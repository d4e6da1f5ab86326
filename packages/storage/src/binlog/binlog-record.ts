// One line of the operation log ⇄ one record (storage-formats.md §2.6.1). An upper-case letter is an operation that a
// client asked this server for, the lower-case one the same received from a peer.
import { FdfsError, MAX_BINLOG_LINE_BYTES, MAX_NAME_BYTES } from "@fastdfs-ts/protocol";

/** The operations, by the letter of their source form, and what follows the name. */
export const binlogOps = {
  C: { name: "create", extra: "none" },
  D: { name: "delete", extra: "none" },
  U: { name: "update", extra: "none" },
  A: { name: "append", extra: "offset and length" },
  M: { name: "modify", extra: "offset and length" },
  T: { name: "truncate", extra: "old and new size" },
  L: { name: "link", extra: "target name" },
  R: { name: "rename", extra: "old name" },
} as const satisfies Record<
  string,
  { name: string; extra: "none" | "offset and length" | "old and new size" | "target name" | "old name" }
>;

export type SourceOp = keyof typeof binlogOps;
export type ReplicaOp = Lowercase<SourceOp>;
export type BinlogOp = SourceOp | ReplicaOp;

/** The letter of an operation that a peer pushed. */
export function replicaOp(op: SourceOp): ReplicaOp {
  return op.toLowerCase() as ReplicaOp;
}

export interface BinlogRecord {
  /** Unix time of the operation at its source. Not monotonic within a log. */
  readonly seconds: number;
  readonly op: BinlogOp;
  readonly logicalName: string;
  /** Two numbers for A, M and T, a name for L and R. */
  readonly extra: string | undefined;
}

/** A line with its newline. */
export function printBinlogRecord({ seconds, op, logicalName, extra }: BinlogRecord): string {
  return extra === undefined ? `${seconds} ${op} ${logicalName}\n` : `${seconds} ${op} ${logicalName} ${extra}\n`;
}

/** Parses a line without its newline. Throws FdfsError BAD_REQUEST for anything that is not a record. */
export function parseBinlogRecord(line: string): BinlogRecord {
  if (line.length >= MAX_BINLOG_LINE_BYTES) throw invalid(line, `longer than ${MAX_BINLOG_LINE_BYTES} bytes`);
  const [time, op, logicalName, ...rest] = line.split(" ");
  if (time === undefined || op === undefined || logicalName === undefined)
    throw invalid(line, "fewer than three columns");
  if (!/^\d{1,10}$/.test(time)) throw invalid(line, "no time");
  if (op.length !== 1 || !(op.toUpperCase() in binlogOps)) throw invalid(line, "an unknown operation");
  if (logicalName.length === 0 || logicalName.length > MAX_NAME_BYTES)
    throw invalid(line, "no name, or too long a one");
  const { extra: wanted } = binlogOps[op.toUpperCase() as SourceOp];
  const columns = wanted === "none" ? 0 : wanted === "target name" || wanted === "old name" ? 1 : 2;
  if (rest.length !== columns) throw invalid(line, `${columns} columns should follow the name`);
  if (columns === 2 && !rest.every((column) => /^\d{1,19}$/.test(column)))
    throw invalid(line, `${wanted} should be numbers`);
  if (columns === 1 && rest[0] === "") throw invalid(line, `the ${wanted} is empty`);
  return { seconds: Number(time), op: op as BinlogOp, logicalName, extra: columns === 0 ? undefined : rest.join(" ") };
}

function invalid(line: string, reason: string): FdfsError {
  return new FdfsError("BAD_REQUEST", { reason: `binlog line "${line.slice(0, 80)}": ${reason}` });
}
