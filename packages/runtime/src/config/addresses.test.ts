// Addresses in all their spellings: single ones, pairs with ports, lists of allowed peers.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AllowHosts } from "./allow-hosts.ts";
import { addressKind, parseIpAddress } from "./ip-address.ts";
import { editDistance, nearestName } from "./nearest-name.ts";
import { parseServerAddress, printServerAddress } from "./server-address.ts";

describe("IP addresses", () => {
  it.each([
    ["10.0.0.1", 4, 0x0a000001n],
    ["::", 6, 0n],
    ["::1", 6, 1n],
    ["2001:db8::1", 6, 0x20010db8000000000000000000000001n],
    ["1:2:3:4:5:6:7:8", 6, 0x00010002000300040005000600070008n],
    ["::ffff:10.0.0.1", 6, 0xffff0a000001n],
  ])("reads %s", (text, version, value) => expect(parseIpAddress(text)).toEqual({ version, value }));

  it.each([
    "",
    "1.2.3",
    "1.2.3.256",
    "1.2.3.4.5",
    "a",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "g::",
    "::1.2.3",
    "fe80::1%eth0",
  ])("refuses %j", (text) => expect(parseIpAddress(text)).toBeUndefined());

  it("knows the kinds of cluster-behaviour.md §3.10", () => {
    const kinds = ["10.1.1.1", "172.16.0.1", "172.32.0.1", "192.168.1.1", "8.8.8.8", "::1"];
    expect(kinds.map((text) => addressKind(parseIpAddress(text)!))).toEqual([
      "10/8",
      "172.16/12",
      "other IPv4",
      "192.168/16",
      "other IPv4",
      "IPv6",
    ]);
  });
});

describe("server addresses", () => {
  it.each([
    ["h", { hosts: ["h"], port: 7 }],
    ["10.0.0.1:1", { hosts: ["10.0.0.1"], port: 1 }],
    ["10.0.0.1,8.8.8.8:23001", { hosts: ["10.0.0.1", "8.8.8.8"], port: 23001 }],
    ["[::1]", { hosts: ["::1"], port: 7 }],
    ["[::1,10.0.0.1]:9", { hosts: ["::1", "10.0.0.1"], port: 9 }],
  ])("reads %s and prints it back", (text, address) => {
    expect(parseServerAddress(text, 7)).toEqual(address);
    expect(parseServerAddress(printServerAddress(address), 1)).toEqual(address);
  });

  it.each([
    "",
    ":1",
    "h:0",
    "h:65536",
    "h:x",
    "h:",
    "a,b,c",
    "a,a",
    "10.0.0.1,10.0.0.2",
    "::1",
    "[::1",
    "[::1]x",
    "a b",
    "1.2.3",
    "a:1,b:2",
  ])("refuses %j with a reason", (text) => expect(parseServerAddress(text, 7)).toBeTypeOf("string"));
});

describe("allow_hosts", () => {
  const list = (...entries: string[]) => {
    const { allowHosts, problems } = AllowHosts.parse(entries);
    expect(problems).toEqual([]);
    return allowHosts;
  };

  it("allows everybody without entries or with *", () => {
    expect(list().allows("1.2.3.4")).toBe(true);
    expect(list("10.0.0.1", "*").allowsEverybody).toBe(true);
  });

  it("knows addresses, blocks and ranges, in either version", () => {
    const hosts = list("10.0.1.[1-15,20]", "172.16.0.0/12", "2001:db8::/32", "::1");
    const allowed = [
      "10.0.1.1",
      "10.0.1.15",
      "10.0.1.20",
      "172.31.255.255",
      "2001:db8:ffff::1",
      "0:0::1",
      "::ffff:10.0.1.2",
    ];
    const refused = ["10.0.1.16", "10.0.1.0", "172.32.0.0", "2001:db9::", "::2", "nonsense", ""];
    expect(allowed.filter((ip) => !hosts.allows(ip))).toEqual([]);
    expect(refused.filter((ip) => hosts.allows(ip))).toEqual([]);
    expect(list("0.0.0.0/0").allows("9.9.9.9")).toBe(true);
  });

  it("keeps host names for the caller to resolve", () => {
    const hosts = list("host[08-10].x", "db");
    expect(hosts.hostNames).toEqual(["host08.x", "host09.x", "host10.x", "db"]);
    expect(hosts.allows("10.0.0.9")).toBe(false);
    expect(hosts.withAddresses(["10.0.0.9", "junk"]).allows("10.0.0.9")).toBe(true);
  });

  it.each([
    "",
    "10.0.0.0/33",
    "::/129",
    "x/8",
    "10.0.0.[1-",
    "10.0.0.[5-1]",
    "10.0.0.[]",
    "10.0.0.[a]",
    "10.0.0.300",
    "a]",
    "[0-99999999]",
  ])("refuses %j", (entry) => expect(AllowHosts.parse([entry]).problems).toHaveLength(1));

  it("agrees with the arithmetic of blocks", () => {
    const address = fc.nat(0xffffffff);
    const text = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");
    fc.assert(
      fc.property(address, address, fc.integer({ min: 1, max: 32 }), (block, ip, bits) => {
        const mask = 0xffffffff << (32 - bits);
        expect(list(`${text(block)}/${bits}`).allows(text(ip))).toBe((block & mask) === (ip & mask));
      }),
    );
  });
});

describe("nearest names", () => {
  it("counts typing mistakes", () => {
    expect(editDistance("kitten", "sitting")).toBe(3);
    expect(nearestName("trakcer_server", ["port", "tracker_server"])).toBe("tracker_server");
    expect(nearestName("prt", ["port", "base_path"])).toBe("port");
    expect(nearestName("something", ["port", "base_path"])).toBeUndefined();
  });
});
