// Choices by load with real servers: a member whose disk turns slow gets less to do within seconds, and its share again when
// the disk is quick again.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { it } from "vitest";

import { ClusterLab } from "../cluster/cluster-lab.ts";
import { ClientsAtWork } from "./clients-at-work.ts";

const slowDisk = fileURLToPath(new URL("slow-disk.cjs", import.meta.url));
const CLIENTS = 4;
/** Few enough to see a change soon, enough to tell a share from chance. */
const UPLOADS_PER_WINDOW = 150;
/** Of one of two groups in all uploads, and of one of two members in those of its group. */
const FAIR = 0.5;
/** How far a share of a window may be from fair: three times the standard deviation. */
const CHANCE = 0.15;
/** Every file that is opened, without counting as a disk that is ill (50 ms). */
const SLOW_MS = 25;
/** As promised: within that a slow member is avoided. */
const AVOIDED_WITHIN_MS = 10_000;
/** Longer than anything takes on a machine that is busy with something else. */
const PATIENCE_MS = 60_000;

/** Of a member in its group, and of its group in all. */
interface Shares {
  readonly ofGroup: number;
  readonly ofAll: number;
  /** How many of the others got anything. */
  readonly others: number;
}

it.skipIf(process.platform !== "linux")(
  "a member whose disk turns slow is avoided until it is quick again",
  async ({ annotate }) => {
    await using lab = await ClusterLab.start({
      trackers: 1,
      groups: { group1: 2, group2: 2 },
      spareHosts: 0,
      isOnLoopback: true,
      trackerConf: { store_lookup: 3, store_server: 3, download_server: 3 },
      storageNodeOptions: ["--require", slowDisk],
    });
    const [member, peer] = lab.members("group1");
    const order = join(member!.folder, "slow");
    await using clients = new ClientsAtWork(lab.trackerAddresses, CLIENTS);

    const nextShares = async (): Promise<Shares> => {
      const taken = await clients.next(UPLOADS_PER_WINDOW);
      const own = taken.get(member!.host.address) ?? 0;
      const ofGroup = own + (taken.get(peer!.host.address) ?? 0);
      return { ofGroup: own / ofGroup, ofAll: ofGroup / UPLOADS_PER_WINDOW, others: taken.size - (own > 0 ? 1 : 0) };
    };
    /** Looks at one window after the other until one is as wanted, and tells of one in every second. */
    const until = async (what: string, isWanted: (shares: Shares) => boolean, limitMs: number): Promise<void> => {
      const seen: string[] = [];
      const beganMs = performance.now();
      for (;;) {
        const shares = await nextShares();
        const afterMs = performance.now() - beganMs;
        const isMet = isWanted(shares);
        const isOver = isMet || afterMs > limitMs;
        if (isOver || afterMs > 1000 * seen.length) {
          seen.push(`${(afterMs / 1000).toFixed(1)} s ${shares.ofGroup.toFixed(2)}`);
        }
        if (!isOver) continue;
        await annotate(`${what}: ${seen.join(", ")}`);
        if (isMet) return;
        throw new Error(`${what}: not within ${limitMs / 1000} s; its share of its group was ${seen.join(", ")}`);
      }
    };

    await until("even", ({ ofGroup }) => Math.abs(ofGroup - FAIR) < CHANCE, PATIENCE_MS);

    writeFileSync(order, String(SLOW_MS));
    // The other member of its group takes its part, and the group no more than its share.
    const isAvoided = ({ ofGroup, ofAll, others }: Shares) =>
      ofGroup < FAIR / 2 && ofAll < FAIR + CHANCE && others === 3;
    await until("avoided", isAvoided, AVOIDED_WITHIN_MS);
    await until("hardly used", ({ ofGroup }) => ofGroup < 0.1, PATIENCE_MS);

    rmSync(order);
    await until("back", ({ ofGroup }) => ofGroup > 0.7 * FAIR, PATIENCE_MS);
    await clients.stop();
  },
  4 * PATIENCE_MS,
);
