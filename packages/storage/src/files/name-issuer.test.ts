import { parseFileId } from "@fastdfs-ts/protocol";
import type { Random } from "@fastdfs-ts/runtime";
import { Prng } from "@fastdfs-ts/simulation";
import { describe, expect, it } from "vitest";

import { NameIssuer } from "./name-issuer.ts";

const oneDirectory = { next: () => ({ high: 0, low: 0 }) };
const facts = {
  kind: "normal",
  source: 0x7f00_0001,
  createdSeconds: 1_700_000_000,
  fileBytes: 5,
  crc32: 7,
  extension: "txt",
} as const;

describe("NameIssuer", () => {
  it("gives out no name twice in 100,000 of one second", () => {
    const names = new NameIssuer(Prng.fromSeed(7), oneDirectory);
    const issued = new Set(Array.from({ length: 100_000 }, () => names.issue(0, facts)));
    expect(issued.size).toBe(100_000);
  });

  it("does not need a random source for that", () => {
    const stuck: Random = { uint32: () => 4, bytes: (length) => Buffer.alloc(length) };
    const names = new NameIssuer(stuck, oneDirectory);
    const issued = new Set(Array.from({ length: 50_000 }, () => names.issue(0, facts)));
    for (let i = 0; i < 50_000; i++) issued.add(names.issueInPlaceOf(names.issue(0, facts), facts));
    expect(issued.size).toBe(100_000);
  });

  it("begins elsewhere in another process", () => {
    const starts = Array.from({ length: 50 }, (_, seed) => new NameIssuer(Prng.fromSeed(seed), oneDirectory));
    const issued = starts.flatMap((names) => Array.from({ length: 100 }, () => names.issue(0, facts).slice(0, -7)));
    expect(new Set(issued).size).toBe(5000);
  });

  it("puts the facts into the name", () => {
    const names = new NameIssuer(Prng.fromSeed(7), { next: () => ({ high: 10, low: 255 }) });
    expect(parseFileId(`group1/${names.issue(3, facts)}`)).toMatchObject({
      storePathIndex: 3,
      kind: "normal",
      fileBytes: 5,
      crc32: 7,
      extension: "txt",
      pathInStore: expect.stringMatching(/^0A\/FF\//) as string,
      facts: { createdSeconds: 1_700_000_000 },
    });
  });

  it("keeps directory and tail of the file that gets another name", () => {
    const names = new NameIssuer(Prng.fromSeed(7), oneDirectory);
    const old = `M02/0B/0C/${"x".repeat(27)}123.log`;
    const name = names.issueInPlaceOf(old, { ...facts, extension: "" });
    expect(name).toMatch(/^M02\/0B\/0C\/.{27}123\.log$/);
    expect(parseFileId(`group1/${name}`)).toMatchObject({ fileBytes: 5, crc32: 7 });
  });
});
