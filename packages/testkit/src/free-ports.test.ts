import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { describe, expect, it } from "vitest";
import { freePorts, portsToHandOut } from "./free-ports.ts";

function listen(port: number): Promise<Server> {
  const server = createServer();
  server.listen(port, "127.0.0.1");
  return once(server, "listening").then(() => server);
}

const close = (server: Server) => new Promise((resolve) => server.close(resolve));

describe("free ports", () => {
  it("are handed out once, also when many ask at a time", async () => {
    const runs = await Promise.all(Array.from({ length: 30 }, () => freePorts(3)));
    const ports = runs.flatMap((first) => [first, first + 1, first + 2]);
    expect(new Set(ports).size).toBe(90);
    await Promise.all((await Promise.all(ports.map(listen))).map(close));
  });

  it("are none that the system would choose by itself", async () => {
    const [first, last] = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").split(/\s+/).map(Number);
    const port = await freePorts(15);
    expect(port > last! || port + 14 < first!).toBe(true);
  });

  it("stay ours: nobody else gets the lock of the block while we live", async () => {
    const lockPort = (await freePorts(1)) - 1;
    await expect(listen(lockPort)).rejects.toThrow("EADDRINUSE");
    // The lock does not serve anybody either.
    const socket = connect(lockPort, "127.0.0.1");
    await once(socket, "close");
  });

  it("are not those that somebody uses", async () => {
    const next = (await freePorts(1)) + 16;
    const stranger = await listen(next + 1).catch(() => undefined);
    const run = await freePorts(2);
    expect([run, run + 1]).not.toContain(next + 1);
    if (stranger !== undefined) await close(stranger);
  });

  it.each([0, 16])("come as runs that fit into a block, not %i", async (count) => {
    await expect(freePorts(count)).rejects.toThrow("1 to 15");
  });
});

describe("ports to hand out", () => {
  it.each([
    ["Linux", { first: 32_768, last: 60_999 }, { first: 10_240, last: 32_767 }],
    ["macOS", { first: 49_152, last: 65_535 }, { first: 10_240, last: 49_151 }],
    ["a machine with a range at the bottom", { first: 1024, last: 30_000 }, { first: 30_001, last: 65_535 }],
    ["a machine that uses all ports", { first: 1024, last: 65_535 }, { first: 10_240, last: 65_535 }],
  ])("on %s", (_, ephemeral, expected) => {
    expect(portsToHandOut(ephemeral)).toEqual(expected);
  });
});
