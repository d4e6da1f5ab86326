// Whom a client is sent to with a file: the steps of a choice in their order, and where they leave the cursors
// (wire-protocol.md §5.3). Each step is a function of its own in pick-download-storage.ts and pick-upload-storage.ts.
import type { GroupPicture, MemberPicture, Moment, SchedulingPolicy } from "./cluster-picture.ts";
import { type NameSight, pickReplica, pickSource, pickUpdateReplica } from "./pick-download-storage.ts";
import { nextWriteCursor, pickUploadStorage } from "./pick-upload-storage.ts";

export interface HolderChoice<Member> {
  readonly member: Member;
  /** source: it is asked first · replica: it counts as having the file · anybody: nobody does, and it may have it. */
  readonly how: "source" | "replica" | "anybody";
  /** Where the rotation stands afterwards: `readCursor` of a reader, `writeCursor` of a change. */
  readonly cursor: number;
}

/** Who is read from (102): the source where it has to be asked, else one that has the file, else anybody who may have it. */
export function chooseReader<Member extends MemberPicture>(
  group: GroupPicture<Member>,
  sight: NameSight<Member>,
  nowSeconds: number,
  policy: SchedulingPolicy,
  moment: Moment,
): HolderChoice<Member> | "group-not-readable" | "nobody-has-it" {
  const { readable, readCursor } = group;
  if (readable.length === 0) return "group-not-readable";
  const source = pickSource(sight, policy);
  if (source !== undefined) return { member: source, how: "source", cursor: readCursor };
  const index = pickReplica(group, sight, nowSeconds, policy, moment);
  if (index >= 0) {
    const cursor = sight.isNormal ? (index + 1) % readable.length : readCursor;
    return { member: readable[index]!, how: "replica", cursor };
  }
  const member = pickAnybody(group, sight);
  return member === undefined ? "nobody-has-it" : { member, how: "anybody", cursor: readCursor };
}

/**
 * Who changes a file (103): its source, where all changes come together, else the next one that has it. If none has,
 * whoever takes the next upload: a slave can be stored where its master is not, everything else is refused there.
 */
export function chooseChanger<Member extends MemberPicture>(
  group: GroupPicture<Member>,
  sight: NameSight<Member>,
  nowSeconds: number,
  policy: SchedulingPolicy,
  moment: Moment,
): HolderChoice<Member> | "group-not-writable" {
  const { writable, writeCursor } = group;
  if (sight.source?.isWritable === true) return { member: sight.source, how: "source", cursor: writeCursor };
  const replica = pickUpdateReplica(group, sight, nowSeconds, policy);
  const index = replica >= 0 ? replica : pickUploadStorage(group, policy, moment);
  if (index < 0) return "group-not-writable";
  const cursor = nextWriteCursor(group, index, policy);
  return { member: writable[index]!, how: replica >= 0 ? "replica" : "anybody", cursor };
}

/**
 * Where the source is no member, or the name says nothing, nobody is known to have the file, but anybody may: as C, the
 * store server is asked. A file whose source is a member is not looked for where that source has not brought it (W11).
 */
export function pickAnybody<Member extends MemberPicture>(
  { storeServer, readable }: GroupPicture<Member>,
  { source }: NameSight<Member>,
): Member | undefined {
  if (source !== undefined) return undefined;
  return storeServer?.isReadable === true ? storeServer : readable[0];
}
