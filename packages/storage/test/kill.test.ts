// Real processes on a real disk, killed with SIGKILL in the middle of uploads, appends, metadata and state files, a
// hundred times: what was answered is there, nothing half-written can be seen, the next process starts.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { Deadlines } from "@fastdfs-ts/runtime";
import { nodeWorld } from "@fastdfs-ts/runtime/node";
import { checkStore, Prng, RandomWorker } from "@fastdfs-ts/simulation";
import { afterAll, describe, expect, it } from "vitest";
import { StoreClient } from "./store-client.ts";

const world = nodeWorld();
const deadlines = Deadlines.open(world.clock, 50);
const script = fileURLToPath(new URL("storage-process.mjs", import.meta.url));
const seed = process.env.KILL_SEED ?? String(Date.now());

interface StorageProcess {
  readonly port: number;
  /** SIGKILL; settles when the process is gone. */
  kill(): Promise<void>;
}

const running = new Set<ChildProcessByStdio<Writable, Readable, Readable>>();

/** Starts a storage on a directory. Throws with what it said if it does not come up. */
async function start(directory: string): Promise<StorageProcess> {
  const child = spawn(process.execPath, [script, directory], { stdio: "pipe" });
  running.add(child);
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
  const gone = new Promise<void>((resolve) => {
    child.on("close", () => {
      running.delete(child);
      resolve();
    });
  });
  const port = await Promise.race([
    new Promise<number>((resolve) => child.stdout.once("data", (chunk: Buffer) => resolve(Number(chunk.toString())))),
    gone.then(() => undefined),
  ]);
  if (port === undefined) throw new Error(`the storage does not start: ${complaint}`);
  return {
    port,
    async kill() {
      child.kill("SIGKILL");
      await gone;
      if (complaint !== "") throw new Error(complaint);
    },
  };
}

afterAll(() => {
  for (const child of running) child.kill("SIGKILL");
});

describe("a storage process that is killed", () => {
  it.concurrent.each([1, 2])(
    `fifty times, store %i (KILL_SEED=${seed})`,
    async (number) => {
      const directory = mkdtempSync(join(tmpdir(), "fdfs-kill-"));
      const random = Prng.fromSeed(`${seed} ${number}`);
      const workers = ["a", "b", "c", "d"].map((id) => new RandomWorker(`${number}${id}`, random.fork(id)));
      let files = 0;
      for (let round = 0; round < 50; round++) {
        const storage = await start(directory);
        // What the start before left is judged now that this one has settled it, and before anybody works.
        const found = checkStore(world.disk, directory);
        const known = new Set(workers.flatMap((worker) => [...worker.compare(found)]));
        expect([...found.keys()].filter((name) => !known.has(name))).toEqual([]);
        files = found.size;

        const endpoint = { host: "127.0.0.1", port: storage.port };
        const clients = await Promise.all(workers.map(() => StoreClient.dial(world.network, deadlines, endpoint)));
        let left = 1 + random.below(120);
        let killed: Promise<void> | undefined;
        // Dies in the middle of whatever the others are doing when so much work was answered.
        const onAnswered = () => {
          if (--left === 0) killed = storage.kill();
        };
        await Promise.all(workers.map((worker, index) => worker.work(clients[index]!, { onAnswered })));
        await killed;
        for (const client of clients) client.close();
      }
      expect(files).toBeGreaterThan(20);
      rmSync(directory, { recursive: true, force: true });
    },
    600_000,
  );
});
