import { describe, expect, it } from "vitest";

import { type ClientOptions, clientSettings } from "./options.ts";

describe("client options", () => {
  it("have defaults", () => {
    expect(clientSettings({ trackers: ["192.0.2.1"] })).toMatchObject({
      trackers: [{ hosts: ["192.0.2.1"], port: 22122 }],
      connectTimeoutMs: 5000,
      networkTimeoutMs: 30_000,
      maxPerServer: 32,
      connectAttempts: 3,
      group: undefined,
    });
  });

  it.each([
    ["192.0.2.1:22000", ["192.0.2.1"], 22000],
    ["tracker.example", ["tracker.example"], 22122],
    ["10.0.0.1,192.0.2.1:1", ["10.0.0.1", "192.0.2.1"], 1],
    ["[2001:db8::1]:22122", ["2001:db8::1"], 22122],
  ])("tracker %s", (text, hosts, port) => {
    expect(clientSettings({ trackers: [text] }).trackers).toEqual([{ hosts, port }]);
  });

  const wrong: [string, Partial<ClientOptions>, RegExp][] = [
    ["no tracker", { trackers: [] }, /trackers is empty/],
    ["a tracker that is none", { trackers: ["192.0.2.1:port"] }, /trackers "192.0.2.1:port"/],
    ["a timeout of nothing", { networkTimeoutMs: 0 }, /networkTimeoutMs is 0/],
    ["a timeout that is no number", { connectTimeoutMs: NaN }, /connectTimeoutMs is NaN/],
    ["a pool without room", { pool: { maxPerServer: 0 } }, /pool.maxPerServer is 0/],
    ["a group that cannot be", { group: "no group" }, /group name/],
  ];
  it.each(wrong)("%s is refused with the option's name", (_, options, message) => {
    expect(() => clientSettings({ trackers: ["192.0.2.1"], ...options })).toThrow(message);
  });
});
