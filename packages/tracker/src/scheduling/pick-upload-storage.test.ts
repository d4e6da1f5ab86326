import { describe, expect, it } from "vitest";

import { group, member, moment, policy } from "../../test/pictures.ts";
import type { MemberPicture } from "./cluster-picture.ts";
import { nextWriteCursor, pickStoreServer, pickUploadStorage } from "./pick-upload-storage.ts";

const [a, b, c] = [member("a"), member("b", { uploadPriority: 5 }), member("c", { uploadPriority: 5 })];
const three = group("g", { writable: [a, b, c], storeServer: b });

describe("the member for an upload", () => {
  it("goes by turns", () => {
    const byTurns = policy();
    expect(pickUploadStorage({ ...three, writeCursor: 2 }, byTurns, moment())).toBe(2);
    expect(pickUploadStorage({ ...three, writeCursor: 3 }, byTurns, moment())).toBe(0);
    expect(nextWriteCursor(three, 2, byTurns)).toBe(0);
    expect(nextWriteCursor(three, 0, byTurns)).toBe(1);
  });

  it.each(["first-by-address", "lowest-priority"] as const)("is the store server with %s", (uploadStorageChoice) => {
    const always = policy({ uploadStorageChoice });
    expect(pickUploadStorage({ ...three, writeCursor: 2 }, always, moment())).toBe(1);
    expect(nextWriteCursor({ ...three, writeCursor: 2 }, 1, always)).toBe(2);
    expect(pickUploadStorage({ ...three, storeServer: undefined }, always, moment())).toBe(-1);
  });

  it("is nobody when nobody is writable", () => {
    expect(pickUploadStorage(group("g", { writable: [] }), policy(), moment())).toBe(-1);
  });
});

describe("the store server", () => {
  it.each([
    ["round-robin", a],
    ["first-by-address", a],
    ["lowest-priority", b],
  ] as const)("with %s", (uploadStorageChoice, expected) => {
    expect(pickStoreServer([a, b, c], policy({ uploadStorageChoice }))).toBe(expected);
    expect(pickStoreServer<MemberPicture>([], policy({ uploadStorageChoice }))).toBeUndefined();
  });
});
