// A record on its way to one peer.
import type { BinlogPosition } from "../binlog/binlog-position.ts";
import { type BinlogRecord, binlogOps, type SourceOp } from "../binlog/binlog-record.ts";
import type { KeptContent } from "../binlog/content-ring.ts";
import type { ParkedRecord } from "./parked-records.ts";
import { formOf, type PushForm } from "./push-forms.ts";

export interface PushTask {
  readonly record: BinlogRecord;
  readonly names: readonly string[];
  /** Of a new file, if it may still be in memory (binlog/log-tail.ts). */
  readonly content: KeptContent | undefined;
  /** How it is sent; an answer may ask for another form. */
  form: PushForm;
  /** Where the log goes on once this is confirmed. Undefined for a parked record that is tried again. */
  after: BinlogPosition | undefined;
  readonly parked: ParkedRecord | undefined;
  /** An earlier process or queue may have left out earlier changes of its file (stale-names.ts). */
  readonly mayFollowLeftOut: boolean;
  /** The peer has lost its power since it was given this, and may have a torn copy of the file (stale-names.ts). */
  readonly mayBeTornThere: boolean;
  /** How many of its names others are still at. */
  blockedBy: number;
  isSettled: boolean;
  /** How often the connection was lost while this was the one being answered. */
  losses: number;
  /** Of the request prepared last. */
  contentBytes: number;
  requestBytes: number;
}

export function pushTask(
  record: BinlogRecord,
  where:
    | (Pick<PushTask, "mayFollowLeftOut" | "mayBeTornThere" | "content"> & { readonly after: BinlogPosition })
    | { readonly parked: ParkedRecord },
): PushTask {
  return {
    record,
    names: namesOf(record),
    content: "after" in where ? where.content : undefined,
    form: formOf(record),
    after: "after" in where ? where.after : undefined,
    parked: "parked" in where ? where.parked : undefined,
    mayFollowLeftOut: "parked" in where || where.mayFollowLeftOut,
    mayBeTornThere: "mayBeTornThere" in where && where.mayBeTornThere,
    blockedBy: 0,
    isSettled: false,
    losses: 0,
    contentBytes: 0,
    requestBytes: 0,
  };
}

/** The files that a record is about: order counts among records that share one. */
export function namesOf({ op, logicalName, extra }: BinlogRecord): readonly string[] {
  const kind = binlogOps[op.toUpperCase() as SourceOp].extra;
  const hasOtherName = kind === "target name" || kind === "old name";
  return hasOtherName && extra !== undefined && extra !== logicalName ? [logicalName, extra] : [logicalName];
}

/** Whether a client of this server asked for it; otherwise a peer pushed it here. */
export function isOwn({ op }: BinlogRecord): boolean {
  return op < "a";
}
