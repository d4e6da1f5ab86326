// When a disk counts as quick, slow or hung. The states and what leads from one to another; the limits, each with its
// reason. adaptive-disk.ts watches and acts.
import { REFUSED, stateTable, STAYS } from "@fastdfs-ts/runtime";

/**
 * quick   calls are made inline
 * slow    calls go to the disk's worker; new files go to other store paths
 * hung    the worker does not come back from a call: requests fail at once until it does
 */
export type DiskHealth = "quick" | "slow" | "hung";

export type DiskHealthEvent = (typeof diskHealth.events)[number];

/**
 * strained   inline calls took too long, or a probe did not end in time
 * stuck      a call on the worker has been under way for so long that it may never end
 * answered   the worker came back from a call
 * recovered  enough probes in a row were quick
 */
export const diskHealth = stateTable(["strained", "stuck", "answered", "recovered"], {
  //      strained  stuck   answered  recovered
  quick: ["slow", "hung", STAYS, STAYS],
  slow: [STAYS, "hung", STAYS, "quick"],
  hung: [STAYS, STAYS, "slow", REFUSED],
});

export const diskHealthLimits = {
  /** One inline call of this length is enough: every connection has waited half a second. */
  slowCallMs: 500,
  /** A hard disk that seeks and queues needs 10 to 30 ms: a call that takes longer waited for something else. */
  strainedCallMs: 50,
  /** So many of them within the window: one or two may be a pause of ours, such as garbage collection. */
  strainedCalls: 3,
  strainedWindowMs: 10_000,
  /**
   * And at least one in so many calls: a machine short of CPU, or a container at its quota, stops us for up to 100 ms in
   * the middle of a quick call now and then, but a slow disk makes many calls slow. Without this a busy server would take
   * its disk for slow and become busier still.
   */
  callsPerStrainedCall: 200,

  /** How often the worker is looked at. Waiting is counted in these ticks, so that our own standstills don't count. */
  tickMs: 250,
  /** A disk that hangs while nobody uses it is noticed within this and the next limit. A probe costs 0.3 ms of CPU. */
  probeIntervalMs: 1000,
  /** A call of a probe that is not back by then: the next inline call would have been the one that blocks everything. */
  probeLateMs: 500,
  /**
   * Writing and reading the small file may touch memory only, so that a dead device is not noticed. Every so many probes
   * wait for the platter too; each one would wear flash and keep an idle disk awake.
   */
  syncEveryProbes: 10,
  /** A disk that writes back a full page cache may well take seconds for a sync and still serve other calls. */
  syncLateMs: 5000,

  /** A probe is quick below this, all its calls together, and when so many were quick in a row the disk is. */
  quickProbeMs: 100,
  quickProbes: 5,

  /** Longer than the error recovery of most disks and controllers (7 s), shorter than the network timeout of clients (30 s). */
  hungMs: 10_000,
} as const;
