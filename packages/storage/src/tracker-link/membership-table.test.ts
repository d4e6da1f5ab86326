import { storageStatuses, type StorageStatus } from "@fastdfs-ts/protocol";
import { describe, expect, it } from "vitest";

import { type KnownStatus, mergeAction, type MergeAction } from "./membership-table.ts";

const statuses = Object.keys(storageStatuses) as StorageStatus[];
const gone: readonly KnownStatus[] = ["DELETED", "IP_CHANGED"];

/** The rules of cluster-behaviour.md §3.4 in their order, but for two of our own. */
function byTheRules(told: StorageStatus, known: KnownStatus): MergeAction {
  if (told === "NONE") return known === "unknown" ? "ignore" : "keep";
  const isTombstone = gone.includes(told);
  if (known === "unknown") return isTombstone ? "ignore" : "add";
  if (told === known) return "keep";
  // Ours: a member that came back is fed again.
  if (gone.includes(known) && !isTombstone && told !== "OFFLINE") return "start";
  if (told === "OFFLINE") {
    if (known === "ACTIVE" || known === "ONLINE") return "take";
    return known === "NONE" || known === "INIT" ? "keep" : "differ";
  }
  if (known === "OFFLINE") return "take";
  if (known === "NONE") return isTombstone ? "keep" : "start";
  // Ours: C answers "differ" to WAIT_SYNC and SYNCING of a member that it knows to be further.
  return "take";
}

describe("the table of member lists", () => {
  const cells = statuses.flatMap((told) => ["unknown" as const, ...statuses].map((known) => [told, known] as const));

  it.each(cells)("told %s, known %s", (told, known) => {
    expect(mergeAction(told, known)).toBe(byTheRules(told, known));
  });
});
