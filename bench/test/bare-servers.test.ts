import { freePorts } from "@fastdfs-ts/testkit/free-ports";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { serveBareEcho } from "../src/bare/bare-echo.ts";
import { serveBareStorage } from "../src/bare/bare-storage.ts";
import type { OperationName } from "../src/load/operations.ts";
import { loadPayload } from "../src/load/payload.ts";
import { runLoad } from "../src/load/run-load.ts";

let root: string;
let server: Server | undefined;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "fdfs-bench-test-"));
});

afterEach(async () => {
  const closing = server;
  server = undefined;
  if (closing !== undefined) await new Promise((resolve) => closing.close(resolve));
  rmSync(root, { recursive: true });
});

const at = (running: Server) => ({ host: "127.0.0.1", port: (running.address() as AddressInfo).port });

function incomingFiles(): string[] {
  return readdirSync(join(root, "data/.incoming"));
}

describe("the bare storage and the load generator", () => {
  it.each([0, 1, 5120, 64 * 1024, 64 * 1024 + 1, 3_000_000])("exchange files of %i bytes", async (size) => {
    const running = (server = await serveBareStorage(root, 0, 1));
    const files = { payload: loadPayload(size), ids: [] as string[] };
    const run = (operation: OperationName, expected = files.payload) =>
      runLoad({ operation, address: at(running), count: 7, connections: 3 }, { payload: expected, ids: files.ids });

    expect(await run("upload")).toMatchObject({ ok: 7, errors: 0 });
    expect(new Set(files.ids).size).toBe(7);
    expect(incomingFiles()).toEqual([]);
    expect(await run("download")).toMatchObject({ ok: 7, errors: 0 });
    expect(await run("delete")).toMatchObject({ ok: 7, errors: 0 });
  });

  it("counts content that is not what was uploaded", async () => {
    const running = (server = await serveBareStorage(root, 0, 1));
    const payload = loadPayload(5120);
    const ids: string[] = [];
    await runLoad({ operation: "upload", address: at(running), count: 2, connections: 1 }, { payload, ids });
    payload[5000]! ^= 1;
    const options = { operation: "download" as const, address: at(running), count: 2, connections: 1 };
    expect(await runLoad(options, { payload, ids })).toMatchObject({ ok: 0, errors: 2, first_error: "a wrong body" });
    const longer = Buffer.concat([loadPayload(5120), Buffer.alloc(1)]);
    expect(await runLoad(options, { payload: longer, ids })).toMatchObject({ ok: 0, errors: 2 });
  });
});

describe("the load generator", () => {
  it("asks the bare echo", async () => {
    server = await serveBareEcho(0);
    const report = await runLoad(
      { operation: "query", address: at(server), count: 100, connections: 16 },
      { payload: Buffer.alloc(0), ids: [] },
    );
    expect(report).toMatchObject({ ok: 100, errors: 0, conns: 16 });
    expect(report.p99_ms).toBeGreaterThanOrEqual(report.p50_ms);
    expect(report.max_ms).toBeGreaterThanOrEqual(report.p99_ms);
  });

  it.each<[string, (socket: Socket) => void, string]>([
    ["an error status", (socket) => socket.write(Buffer.from("0000000000000000641c", "hex")), "status 28"],
    [
      "too many bytes",
      (socket) => socket.write(Buffer.from("00000000000000006400ff", "hex")),
      "more bytes than announced",
    ],
    ["a closed connection", (socket) => socket.destroy(), "the server closed the connection"],
  ])("counts %s and goes on", async (_, answer, reason) => {
    const running = (server = createServer((socket) => {
      socket.on("data", () => answer(socket));
      socket.on("error", () => undefined);
    }));
    await new Promise<void>((resolve) => running.listen(0, "127.0.0.1", resolve));
    const report = await runLoad(
      { operation: "query", address: at(running), count: 9, connections: 2 },
      { payload: Buffer.alloc(0), ids: [] },
    );
    expect(report).toMatchObject({ ok: 0, errors: 9, first_error: reason });
  });

  it("says so when nobody listens", async () => {
    const gone = await serveBareEcho(await freePorts(1));
    const address = at(gone);
    await new Promise((resolve) => gone.close(resolve));
    const run = runLoad(
      { operation: "query", address, count: 1, connections: 1 },
      { payload: Buffer.alloc(0), ids: [] },
    );
    await expect(run).rejects.toThrow("ECONNREFUSED");
  });
});
