import { describe, expect, it } from "vitest";

import { commands, findCommand } from "./commands.ts";

describe.each(["tracker", "storage"] as const)("commands of a %s", (server) => {
  const rows = Object.entries(commands[server]);

  it("have a code of their own each", () => {
    expect(new Set(rows.map(([, row]) => row.code)).size).toBe(rows.length);
  });

  it("are found by their code", () => {
    for (const [name, row] of rows) expect(findCommand(server, row.code)).toEqual({ name, command: row });
    expect(findCommand(server, 100)).toBeUndefined();
  });

  it("say who answers them", () => {
    for (const [, row] of rows) expect([server, "both"]).toContain(row.server);
  });
});

it("every number of the reference is taken, and beyond it those of our extensions", () => {
  const codes = (server: "tracker" | "storage") =>
    Object.values(commands[server])
      .map((row) => row.code)
      .sort((a, b) => a - b);
  expect(codes("tracker")).toEqual([
    ...range(58, 79),
    ...range(81, 98),
    ...range(101, 109),
    111,
    120,
    121,
    124,
    126,
    127,
  ]);
  expect(codes("storage")).toEqual([9, ...range(11, 38), 40, 82, 111, 122, 123, 125]);
});

it("commands with file content say in their head how much of it follows", () => {
  for (const row of Object.values(commands.storage)) {
    if (row.payload === "upload") expect(Object.keys(row.request.fields)).toContain("contentBytes");
  }
});

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
