import type { Session } from "@fastdfs-ts/rpc";
import { SimWorld } from "@fastdfs-ts/simulation";
import { describe, expect, it } from "vitest";

import { STATE_LOCK_MS } from "../limits.ts";
import { StateDonor } from "./state-donor.ts";
import type { StateFileContents } from "./state-files-of.ts";

/** A connection that can end. */
class Reader implements Session {
  subject = "";
  readonly remote = { host: "10.0.0.2", port: 50_000 };
  readonly local = { host: "10.0.0.1", port: 22_122 };
  private onEnd: (() => void)[] = [];

  onClosed(callback: () => void): void {
    this.onEnd.push(callback);
  }

  close(): void {
    for (const callback of this.onEnd.splice(0)) callback();
  }
}

function stage() {
  const sim = SimWorld.create("donor");
  const { clock } = sim.host("10.0.0.1").world;
  const state = { text: "first", saves: 0, saveFails: false };
  const donor = new StateDonor({
    clock,
    save: () => {
      state.saves++;
      return state.saveFails ? Promise.reject(new Error("disk full")) : Promise.resolve();
    },
    picture: (): StateFileContents | undefined => {
      const file = Buffer.from(state.text);
      return state.text === "" ? undefined : [file, file, file, Buffer.alloc(0)];
    },
  });
  const read = (reader: Reader, fileIndex = 0, offset = 0) =>
    donor.piece(reader, { fileIndex, offset }).content.toString();
  return { sim, donor, state, read };
}

const busy = expect.objectContaining({ kind: "BUSY" });
const badRequest = expect.objectContaining({ kind: "BAD_REQUEST" });

describe("the state files", () => {
  it("are those of the moment of 61, however long the reading takes", async () => {
    const { donor, state, read } = stage();
    const reader = new Reader();
    await donor.start(reader);
    state.text = "second";
    expect([read(reader, 0), read(reader, 2), read(reader, 1, 3), read(reader, 3)]).toEqual([
      "first",
      "first",
      "st",
      "",
    ]);
    await donor.start(reader);
    expect([read(reader), state.saves]).toEqual(["second", 2]);
  });

  it("are read by one at a time, until it ends, vanishes or falls silent", async () => {
    const { sim, donor, read } = stage();
    const [first, second] = [new Reader(), new Reader()];
    await donor.start(first);
    await expect(donor.start(second)).rejects.toEqual(busy);
    expect(() => read(second)).toThrow(badRequest);
    donor.end(second);
    donor.end(first);
    await donor.start(second);
    second.close();
    await donor.start(first);
    await sim.runFor(STATE_LOCK_MS - 1);
    expect(read(first)).toBe("first");
    await sim.runFor(STATE_LOCK_MS - 1);
    await expect(donor.start(second)).rejects.toEqual(busy);
    await sim.runFor(1);
    await donor.start(second);
    expect(() => read(first)).toThrow(badRequest);
    expect(read(second)).toBe("first");
    donor.stop();
    donor.stop();
  });

  it("are not given by a tracker that has none, and not locked if they cannot be saved", async () => {
    const { donor, state } = stage();
    state.text = "";
    await expect(donor.start(new Reader())).rejects.toEqual(expect.objectContaining({ kind: "NOT_FOUND" }));
    state.text = "first";
    state.saveFails = true;
    await expect(donor.start(new Reader())).rejects.toThrow("disk full");
    state.saveFails = false;
    await donor.start(new Reader());
  });

  it("have only so many bytes, and there are four of them", async () => {
    const { donor, read } = stage();
    const reader = new Reader();
    await donor.start(reader);
    expect(read(reader, 0, 5)).toBe("");
    expect(() => read(reader, 0, 6)).toThrow(badRequest);
    expect(() => read(reader, 0, -1)).toThrow(badRequest);
    expect(() => read(reader, 4)).toThrow(badRequest);
  });
});
