// How a change is told to a peer, and what its answer means (wire-protocol.md §9.3 to §9.10, cluster-behaviour.md §4.7).
import { storageCommands } from "@fastdfs-ts/protocol";

import type { BinlogRecord, SourceOp } from "../binlog/binlog-record.ts";

interface PushFormRow {
  readonly command: {
    readonly code: number;
    readonly doc: string;
    readonly request: { readonly fixedSize: number };
  };
  /** Answers after which the record is confirmed. 2: what is missing there need not be changed. 17: it is there already. */
  readonly done: readonly number[];
  /** What is sent instead, or then, by the peer's answer. 2: it has not got the file, or less of it. */
  readonly next?: Readonly<Record<number, "create" | "update">>;
}

export const pushForms = {
  create: { command: storageCommands.syncCreateFile, done: [0, 17] },
  // What the peer has may be torn, which its size does not tell (stale-names.ts). The creation is for its log.
  createAndUpdate: { command: storageCommands.syncCreateFile, done: [], next: { 0: "update", 17: "update" } },
  update: { command: storageCommands.syncUpdateFile, done: [0, 17] },
  delete: { command: storageCommands.syncDeleteFile, done: [0, 2] },
  append: { command: storageCommands.syncAppendFile, done: [0, 17], next: { 2: "update" } },
  modify: { command: storageCommands.syncModifyFile, done: [0, 17], next: { 2: "update" } },
  // C repeats this one for ever if the peer has lost the file (cluster-behaviour.md §11.1, W6).
  truncate: { command: storageCommands.syncTruncateFile, done: [0, 17], next: { 2: "update" } },
  link: { command: storageCommands.syncCreateLink, done: [0, 2] },
  rename: { command: storageCommands.syncRenameFile, done: [0, 17], next: { 2: "create" } },
  // The peer may hold an older content under the old name (stale-names.ts).
  renameAndUpdate: {
    command: storageCommands.syncRenameFile,
    done: [],
    next: { 0: "update", 17: "update", 2: "create" },
  },
} as const satisfies Record<string, PushFormRow>;

export type PushForm = keyof typeof pushForms;

const formByOp: Readonly<Record<SourceOp, PushForm>> = {
  C: "create",
  D: "delete",
  U: "update",
  A: "append",
  M: "modify",
  T: "truncate",
  L: "link",
  R: "rename",
};

/** How a record is pushed first. */
export function formOf({ op }: BinlogRecord): PushForm {
  return formByOp[op.toUpperCase() as SourceOp];
}

/**
 * done      confirmed
 * instead   to be pushed again, or further, as `form`
 * refused   this record, and it will be refused again
 * trouble   the peer can take nothing now
 */
export type PushOutcome =
  { readonly kind: "done" | "refused" | "trouble" } | { readonly kind: "instead"; readonly form: PushForm };

const done = { kind: "done" } as const;
const refused = { kind: "refused" } as const;
const trouble = { kind: "trouble" } as const;

/** Statuses that say something of the peer and nothing of the record: stopping, busy, no memory, no descriptors, disk full, slow disk. */
const troubles: ReadonlySet<number> = new Set([4, 11, 12, 16, 24, 28, 110, 122]);

/** What the answer `status` to a push in this form means. */
export function outcomeOf(form: PushForm, status: number): PushOutcome {
  const row: PushFormRow = pushForms[form];
  if (row.done.includes(status)) return done;
  const next = row.next?.[status];
  if (next !== undefined) return { kind: "instead", form: next };
  return troubles.has(status) ? trouble : refused;
}
