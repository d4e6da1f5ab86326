// The real daemons, killed with SIGKILL while clients upload, append, modify, set metadata, and while they start: what was
// answered is there byte for byte, nothing half-written can be seen, state files can be read, and they start again.
// KILL_ROUNDS=100 for more.
import { nodeDisk } from "@fastdfs-ts/runtime/node";
import { checkStore, Prng, RandomWorker } from "@fastdfs-ts/simulation";
import { describe, expect, it } from "vitest";

import { temporaryFolder } from "./fdfs-process.ts";
import { type DaemonKind, KilledDaemons, workloadOf } from "./killed-daemons.ts";

const rounds = Number(process.env.KILL_ROUNDS ?? 10);
const seed = process.env.KILL_SEED ?? String(Date.now());
const victims: readonly (readonly DaemonKind[])[] = [["storage"], ["tracker"], ["storage", "tracker"]];
/** Longer than a start takes on a machine that is not busy. */
const startMs = 700;

function pick<T>(random: Prng, items: readonly T[]): T {
  return items[random.below(items.length)]!;
}

describe("fdfs tracker and fdfs storage, killed", () => {
  it(
    `lose nothing (KILL_ROUNDS=${rounds} KILL_SEED=${seed})`,
    async () => {
      using folder = temporaryFolder();
      const random = Prng.fromSeed(seed);
      await using daemons = await KilledDaemons.create(folder.path);
      const workers = ["a", "b", "c", "d"].map((id) => new RandomWorker(id, random.fork(id)));
      for (let round = 0; round < rounds; round++) {
        if (random.chance(0.3)) {
          daemons.spawn();
          await new Promise((resolve) => setTimeout(resolve, random.below(startMs)));
          await daemons.kill(pick(random, victims));
        }
        await daemons.start();
        // What the killed ones left is judged now that the start has settled it, and before anybody works.
        const found = checkStore(nodeDisk, daemons.storagePath);
        const known = new Set(workers.flatMap((worker) => [...worker.compare(found)]));
        expect([...found.keys()].filter((name) => !known.has(name))).toEqual([]);

        await using client = daemons.openClient();
        let left = 1 + random.below(120);
        let killed: Promise<void> | undefined;
        // They die in the middle of whatever the others are doing when so much work was answered.
        const onAnswered = (): void => {
          if (--left === 0) killed = daemons.kill(pick(random, victims));
        };
        const isTheEnd = (): boolean => killed !== undefined;
        const workload = workloadOf(client, "group7");
        await Promise.all(workers.map((worker) => worker.work(workload, { onAnswered, isTheEnd })));
        await killed;
      }

      await daemons.start();
      const found = checkStore(nodeDisk, daemons.storagePath);
      for (const worker of workers) worker.compare(found);
      await using client = daemons.openClient();
      const expected = workers.flatMap(({ expected }) => [...expected]).filter(([name]) => !name.endsWith("-m"));
      for (const [name, content] of expected) {
        const download = await client.download(`group7/${name}`);
        expect((await download.bytes()).equals(Buffer.from(content, "latin1")), name).toBe(true);
      }
      expect(expected.length).toBeGreaterThan(rounds);
      await daemons.kill(["tracker", "storage"]);
      expect(daemons.complaints()).toEqual([]);
    },
    rounds * 60_000,
  );
});
