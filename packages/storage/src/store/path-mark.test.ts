import { describe, expect, it } from "vitest";

import { type MarkRelation, type StorePathAction, storePathAction } from "./path-mark.ts";

// relation, directories there, files expected, action: every cell
const cells: [MarkRelation, boolean, boolean, StorePathAction][] = [
  ["neither", true, false, "mark"],
  ["neither", true, true, "mark"],
  ["neither", false, false, "initialise"],
  ["neither", false, true, "recover"],
  ["unconfirmed", true, false, "adopt"],
  ["unconfirmed", true, true, "adopt"],
  ["unconfirmed", false, false, "initialise"],
  ["unconfirmed", false, true, "recover"],
  ["only-in-path", true, false, "refuse"],
  ["only-in-path", true, true, "refuse"],
  ["only-in-path", false, false, "refuse"],
  ["only-in-path", false, true, "refuse"],
  ["same", true, false, "use"],
  ["same", true, true, "use"],
  ["same", false, false, "initialise"],
  ["same", false, true, "recover"],
  ["different", true, false, "refuse"],
  ["different", true, true, "refuse"],
  ["different", false, false, "refuse"],
  ["different", false, true, "refuse"],
  ["only-known", true, false, "re-mark"],
  ["only-known", true, true, "re-mark"],
  ["only-known", false, false, "recover"],
  ["only-known", false, true, "recover"],
];

describe("storePathAction", () => {
  it.each(cells)("%s, directories %s, files expected %s: %s", (relation, hasDirectories, isExpected, action) => {
    expect(storePathAction(relation, hasDirectories, isExpected)).toBe(action);
  });
});
