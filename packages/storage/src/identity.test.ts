import { FdfsError } from "@fastdfs-ts/protocol";
import { describe, expect, it } from "vitest";

import { storageIdentity } from "./identity.ts";

const facts = { groupName: "group1", addresses: ["10.98.0.11"], port: 23000, idTypeInFileName: "ip" } as const;

describe("storageIdentity", () => {
  it("is the address without storage ids", () => {
    expect(storageIdentity(facts)).toMatchObject({
      mode: "ip",
      storageId: "10.98.0.11",
      sourceBytes: Buffer.from("0a62000b", "hex"),
    });
    const idInNames = storageIdentity({ ...facts, idTypeInFileName: "id" });
    expect(idInNames.sourceBytes).toEqual(Buffer.from("0a62000b", "hex"));
  });

  it("carries the id little-endian in names, or the address", () => {
    const withId = { ...facts, numericId: "100001" };
    expect(storageIdentity({ ...withId, idTypeInFileName: "id" })).toMatchObject({
      mode: "id",
      storageId: "100001",
      sourceBytes: Buffer.from("a1860100", "hex"),
    });
    expect(storageIdentity(withId).sourceBytes).toEqual(Buffer.from("0a62000b", "hex"));
  });

  it.each([
    { addresses: [] },
    { addresses: ["2001:db8::1"] },
    { addresses: ["10.0.0.256"] },
    { numericId: "0", idTypeInFileName: "id" as const },
    { numericId: "16777216", idTypeInFileName: "id" as const },
    { numericId: "one", idTypeInFileName: "id" as const },
  ])("refuses %o", (wrong) => {
    expect(() => storageIdentity({ ...facts, ...wrong })).toThrow(FdfsError);
  });
});
