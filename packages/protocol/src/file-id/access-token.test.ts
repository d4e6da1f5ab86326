import { createHash } from "node:crypto";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { accessToken, checkAccessToken } from "./access-token.ts";
import { md5Hex } from "./md5.ts";

describe("MD5", () => {
  it.each([
    ["", "d41d8cd98f00b204e9800998ecf8427e"],
    ["a", "0cc175b9c0f1b6a831c399e269772661"],
    ["abc", "900150983cd24fb0d6963f7d28e17f72"],
    ["message digest", "f96b697d7cb7938d525a2f31aaf161d0"],
    ["abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"],
    ["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f"],
    [
      "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
      "57edf4a22be3c955ac49da2e2107b67a",
    ],
  ])("of %j as in RFC 1321", (text, digest) => {
    expect(md5Hex(Buffer.from(text))).toBe(digest);
  });

  it("agrees with the platform's", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(md5Hex(bytes)).toBe(createHash("md5").update(bytes).digest("hex"));
      }),
    );
  });
});

describe("access tokens", () => {
  const logicalName = "M00/07/08/CmMAC2sCbBqAAX3xAAAABTYQpoY390.txt";
  const secret = "FastDFS1234567890";
  const timestampSeconds = 1_795_320_900;
  const token = "f860070cf03327d4fcbed67c86bef079";
  const check = {
    logicalName,
    secret,
    token,
    timestampSeconds,
    nowSeconds: timestampSeconds + 60,
    lifetimeSeconds: 60,
  };

  it("are those of C", () => {
    expect(accessToken(logicalName, secret, timestampSeconds)).toBe(token);
  });

  it("pass until they expire", () => {
    expect(() => checkAccessToken(check)).not.toThrow();
    expect(() => checkAccessToken({ ...check, nowSeconds: timestampSeconds + 61 })).toThrow(
      expect.objectContaining({ kind: "TIMED_OUT" }),
    );
  });

  it("of time 0 never expire", () => {
    const forever = { ...check, timestampSeconds: 0, token: accessToken(logicalName, secret, 0) };
    expect(() => checkAccessToken(forever)).not.toThrow();
  });

  it("are refused when they do not match", () => {
    expect(() => checkAccessToken({ ...check, token: token.slice(1) })).toThrow(
      expect.objectContaining({ kind: "BAD_REQUEST" }),
    );
    expect(() => checkAccessToken({ ...check, token: `0${token.slice(1)}` })).toThrow(
      expect.objectContaining({ kind: "NOT_PERMITTED" }),
    );
  });
});
