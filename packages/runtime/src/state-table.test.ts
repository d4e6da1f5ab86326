import { describe, expect, it } from "vitest";
import { invariant, InvariantError } from "./invariant.ts";
import { REFUSED as XX, stateTable, STAYS as __ } from "./state-table.ts";

const door = stateTable(["open", "close", "lock"], {
  //        open    close     lock
  OPEN: [__, "CLOSED", XX],
  CLOSED: ["OPEN", __, "LOCKED"],
  LOCKED: [XX, __, __],
});

describe("stateTable", () => {
  it("answers every state and event", () => {
    const cells = door.states.map((state) => door.events.map((event) => door.next(state, event)));
    expect(cells).toEqual([
      ["OPEN", "CLOSED", undefined],
      ["OPEN", "CLOSED", "LOCKED"],
      [undefined, "LOCKED", "LOCKED"],
    ]);
  });

  it("draws itself, one arrow for all events between two states", () => {
    const lamp = stateTable(["press", "power cut", "replace"], { OFF: ["ON", __, __], ON: ["OFF", "OFF", XX] });
    expect(lamp.toMermaid()).toBe(
      ["stateDiagram-v2", "  OFF --> ON: press", "  ON --> OFF: press, power cut", ""].join("\n"),
    );
    expect(door.toMermaid()).toContain("  CLOSED --> LOCKED: lock\n");
  });

  it("does not compile with a missing cell, a misspelt state or an unknown event", () => {
    // @ts-expect-error -- the second row has no cell for "close"
    stateTable(["open", "close"], { OPEN: [__, "CLOSED"], CLOSED: ["OPEN"] });
    // @ts-expect-error -- there is no state "CLOSE"
    stateTable(["open", "close"], { OPEN: [__, "CLOSE"], CLOSED: ["OPEN", __] });
    // @ts-expect-error -- there is no event "kick"
    expect(() => door.next("OPEN", "kick")).not.toThrow();
    const next: "OPEN" | "CLOSED" | "LOCKED" | undefined = door.next("OPEN", "close");
    expect(next).toBe("CLOSED");
  });
});

describe("invariant", () => {
  it("throws what was assumed, and narrows", () => {
    const value: string | undefined = ["x"][0];
    invariant(value !== undefined, "there is a value");
    expect(value.length).toBe(1);
    expect(() => invariant(0, "zero is not true")).toThrow(new InvariantError("zero is not true"));
  });
});
