import { expect, it } from "vitest";

import {
  compareStorageStatuses,
  isAvailable,
  type StorageStatus,
  storageStatuses,
  storageStatusOf,
  storageStatusValue,
} from "./storage-statuses.ts";

const all = Object.keys(storageStatuses) as StorageStatus[];

it("statuses and wire values are one to one", () => {
  for (const status of all) expect(storageStatusOf(storageStatusValue(status))).toBe(status);
  expect([8, 10, -1, 255].map(storageStatusOf)).toEqual([undefined, undefined, undefined, undefined]);
});

it("statuses are listed in the order in which reports are merged", () => {
  expect([...all].sort(compareStorageStatuses)).toEqual(all);
});

it("ONLINE and ACTIVE are available, nothing else", () => {
  expect(all.filter(isAvailable)).toEqual(["ONLINE", "ACTIVE"]);
});
