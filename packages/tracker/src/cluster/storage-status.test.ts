import { describe, expect, it } from "vitest";

import {
  correctedStatus,
  hasFiles,
  isTombstone,
  type MemberStatus,
  memberStatusOf,
  reportedStatusTable,
  type StorageEvent,
  storageStatusTable,
} from "./storage-status.ts";

const { states, events } = storageStatusTable;

/** Every transition of wire-protocol.md §6.12 and cluster-behaviour.md §2.3; what is not here changes nothing. */
const transitions: readonly (readonly [StorageEvent, readonly MemberStatus[], MemberStatus])[] = [
  ["joined", ["OFFLINE", "RECOVERY"], "ONLINE"],
  ["joined", ["DELETED", "IP_CHANGED"], "INIT"],
  ["joinedAnew", states, "INIT"],
  ["beat", ["OFFLINE", "ONLINE", "RECOVERY"], "ACTIVE"],
  ["disconnected", ["ONLINE", "ACTIVE"], "OFFLINE"],
  ["silent", ["ACTIVE"], "OFFLINE"],
  ["unresponsive", ["ACTIVE"], "OFFLINE"],
  ["sourceAssigned", ["INIT", "SYNCING", "OFFLINE", "ONLINE", "ACTIVE", "RECOVERY"], "WAIT_SYNC"],
  ["aloneInGroup", ["INIT", "WAIT_SYNC", "SYNCING", "OFFLINE", "RECOVERY"], "ONLINE"],
  ["sourceTold", ["INIT"], "WAIT_SYNC"],
  ["noSourceTold", ["INIT", "WAIT_SYNC", "SYNCING"], "ONLINE"],
  ["removed", ["INIT", "WAIT_SYNC", "SYNCING", "OFFLINE"], "DELETED"],
  ["removedElsewhere", states.filter((state) => !isTombstone(state)), "DELETED"],
  ["moved", ["INIT", "WAIT_SYNC", "SYNCING", "OFFLINE"], "IP_CHANGED"],
  ["trackerRestart", ["IP_CHANGED", "DELETED", "ONLINE", "ACTIVE", "RECOVERY"], "OFFLINE"],
];

/** Events that a state refuses. */
const refused: readonly (readonly [StorageEvent, readonly MemberStatus[]])[] = [
  ["sourceAssigned", ["IP_CHANGED", "DELETED"]],
  ["aloneInGroup", ["IP_CHANGED", "DELETED"]],
  ["sourceTold", ["IP_CHANGED", "DELETED"]],
  ["noSourceTold", ["IP_CHANGED", "DELETED"]],
  ["removed", ["IP_CHANGED", "DELETED", "ONLINE", "ACTIVE", "RECOVERY"]],
  ["removedElsewhere", ["IP_CHANGED", "DELETED"]],
  ["moved", ["IP_CHANGED", "DELETED", "ONLINE", "ACTIVE", "RECOVERY"]],
];

function expected(state: MemberStatus, event: StorageEvent): MemberStatus | undefined {
  if (refused.some(([of, from]) => of === event && from.includes(state))) return undefined;
  return transitions.find(([of, from]) => of === event && from.includes(state))?.[2] ?? state;
}

describe("the life of a storage at a tracker", () => {
  it.each(states.flatMap((state) => events.map((event) => [state, event] as const)))("%s, %s", (state, event) => {
    expect(storageStatusTable.next(state, event)).toBe(expected(state, event));
  });

  it("has 9 states and 14 events", () => {
    expect([states.length, events.length]).toEqual([9, 14]);
  });

  it("never makes a deleted or incomplete member active by a beat", () => {
    for (const state of ["INIT", "WAIT_SYNC", "SYNCING", "IP_CHANGED", "DELETED"] as const) {
      expect(storageStatusTable.next(state, "beat")).toBe(state);
    }
  });
});

describe("reports about others", () => {
  const overruled: readonly MemberStatus[] = ["WAIT_SYNC", "SYNCING", "OFFLINE"];

  it.each(states.flatMap((state) => states.map((told) => [state, told] as const)))("%s, reported %s", (state, told) => {
    const next = reportedStatusTable.next(state, told);
    if (!overruled.includes(state)) expect(next).toBe(state);
    else if (told === "DELETED" || told === "IP_CHANGED" || told === "RECOVERY") expect(next).toBe(told);
    else if (told === "ONLINE" || told === "ACTIVE") expect(next).toBe("OFFLINE");
    else expect(next).toBe(states.indexOf(told) > states.indexOf(state) ? told : state);
  });
});

describe("corrections by the storage itself", () => {
  it.each(states.flatMap((state) => states.map((told) => [state, told] as const)))("%s, told %s", (state, told) => {
    const next = correctedStatus(state, told);
    const available = ["ONLINE", "ACTIVE"];
    if (isTombstone(state) || (available.includes(state) && available.includes(told))) expect(next).toBe(state);
    else expect(next).toBe(state !== told && available.includes(told) ? "OFFLINE" : told);
  });
});

it("knows the wire numbers of members only", () => {
  expect([0, 1, 2, 3, 4, 5, 6, 7, 9].map(memberStatusOf)).toEqual([
    "INIT",
    "WAIT_SYNC",
    "SYNCING",
    "IP_CHANGED",
    "DELETED",
    "OFFLINE",
    "ONLINE",
    "ACTIVE",
    "RECOVERY",
  ]);
  expect([8, 99, -1, 255].map(memberStatusOf)).toEqual([undefined, undefined, undefined, undefined]);
});

it("counts OFFLINE, ONLINE and ACTIVE members as having the files", () => {
  expect(states.filter(hasFiles)).toEqual(["OFFLINE", "ONLINE", "ACTIVE"]);
});
