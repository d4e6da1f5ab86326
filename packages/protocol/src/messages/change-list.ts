// The answer to 83, 84 and 89: what has changed since this storage was told last (wire-protocol.md §6.4). A flag byte
// says which of three parts follow, so it is not a plain table of fields.
import { FdfsError } from "../errors.ts";
import { MAX_STORAGES_PER_GROUP } from "../limits.ts";
import { listOf, optional, u8 } from "../wire/fields.ts";
import type { Message } from "../wire/message.ts";
import { StorageBrief } from "./storage-brief.ts";

/** Which parts a change list has. */
export const changeFlags = { leader: 1, trunkServer: 2, storages: 4 } as const;

export interface ChangeList {
  /** The leading tracker; an all-zero record: there is none. */
  readonly leader: StorageBrief | undefined;
  /** The trunk server of the group; an all-zero record: there is none. */
  readonly trunkServer: StorageBrief | undefined;
  /** All servers of the group in id order, the asking one and tombstones included. */
  readonly storages: readonly StorageBrief[] | undefined;
}

const BRIEF_BYTES = StorageBrief.fixedSize;
const MAX_BYTES = 1 + (2 + MAX_STORAGES_PER_GROUP) * BRIEF_BYTES;

/** An empty body is accepted as "nothing has changed"; encoding always writes the flag byte. */
export const ChangeList: Message<ChangeList> = {
  name: "ChangeList",
  fields: {
    flags: u8("bits: 1 leader, 2 trunkServer, 4 storages"),
    leader: optional(StorageBrief, "the leading tracker, if flags & 1; all zero: there is none"),
    trunkServer: optional(StorageBrief, "the trunk server of the group, if flags & 2; all zero: there is none"),
    storages: listOf(StorageBrief, "all servers of the group in id order, if flags & 4", 0, MAX_STORAGES_PER_GROUP),
  },
  fixedSize: 1,
  minSize: 0,
  maxSize: MAX_BYTES,

  decode(body) {
    if (body.length === 0) return { leader: undefined, trunkServer: undefined, storages: undefined };
    if (body.length > MAX_BYTES || (body.length - 1) % BRIEF_BYTES !== 0) throw malformed(`${body.length} bytes`);
    const flags = body[0] ?? 0;
    let at = 1;
    const next = (): StorageBrief => {
      const brief = StorageBrief.decodeAt(body, at);
      at += BRIEF_BYTES;
      return brief;
    };
    const leader = (flags & changeFlags.leader) === 0 ? undefined : next();
    const trunkServer = (flags & changeFlags.trunkServer) === 0 ? undefined : next();
    if ((flags & changeFlags.storages) === 0) {
      if (at !== body.length) throw malformed(`${body.length - at} bytes too many`);
      return { leader, trunkServer, storages: undefined };
    }
    const storages: StorageBrief[] = [];
    while (at < body.length) storages.push(next());
    return { leader, trunkServer, storages };
  },

  decodeAt(from, at) {
    return ChangeList.decode(from.subarray(at));
  },

  headSize() {
    throw new TypeError("ChangeList has no content behind it");
  },

  sizeOf({ leader, trunkServer, storages }) {
    const briefs = (leader ? 1 : 0) + (trunkServer ? 1 : 0) + (storages?.length ?? 0);
    return 1 + briefs * BRIEF_BYTES;
  },

  encode(value) {
    const out = Buffer.allocUnsafe(ChangeList.sizeOf(value));
    ChangeList.encodeInto(out, 0, value);
    return out;
  },

  encodeInto(into, at, { leader, trunkServer, storages }) {
    if ((storages?.length ?? 0) > MAX_STORAGES_PER_GROUP) throw malformed(`${storages?.length} storages`);
    into[at] =
      (leader ? changeFlags.leader : 0) |
      (trunkServer ? changeFlags.trunkServer : 0) |
      (storages ? changeFlags.storages : 0);
    let end = at + 1;
    for (const brief of [leader, trunkServer, ...(storages ?? [])]) {
      if (brief === undefined) continue;
      StorageBrief.encodeInto(into, end, brief);
      end += BRIEF_BYTES;
    }
  },
};

function malformed(reason: string): FdfsError {
  return new FdfsError("BAD_REQUEST", { reason: `ChangeList: ${reason} do not fit` });
}
