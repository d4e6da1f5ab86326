// The same work for many files: some at a time, going on after single failures, giving up when nothing works any more.
import type { FastDfsClient } from "@fastdfs-ts/client";

import { CommandFailure, errnoOf, exitCodes, kindOf, reasonOf } from "../failure.ts";
import type { Context, ExitCode } from "../table/command-row.ts";
import { ProgressBar, type ProgressTotals } from "../terminal/progress-bar.ts";
import { plural, printBytes, printDuration } from "../terminal/units.ts";

/** A server that is gone would otherwise be asked once for each of a million files. */
const failuresInARowMax = 50;
const failuresShownMax = 10;

interface FailedFile {
  readonly name: string;
  readonly error: string;
  /** "NOT_FOUND", "EACCES" …; missing for what only the error text says. */
  readonly kind: string | undefined;
  readonly errno: number;
}

export interface ManyOutcome {
  readonly done: number;
  readonly failed: readonly FailedFile[];
  readonly bytes: number;
  readonly elapsedMs: number;
}

export interface ManyWork<Item> {
  readonly client: FastDfsClient;
  readonly items: readonly Item[];
  readonly totals: ProgressTotals;
  readonly jobs: number;
  nameOf(item: Item): string;
  /** Does one; tells the bar how many bytes have gone, and prints results above it. */
  run(item: Item, bar: Pick<ProgressBar, "addBytes" | "print">): Promise<void>;
}

/**
 * Runs the work with a progress bar. Failures of single items are told at once and collected. Throws CommandFailure if
 * 50 in a row failed, what the client throws if no tracker answers, and what the signal was aborted with.
 */
export async function runMany<Item>(context: Context, work: ManyWork<Item>): Promise<ManyOutcome> {
  const { terminal, world, signal } = context;
  // One question first: trackers that cannot be reached are one failure, not one for each file.
  if (work.items.length > 1) await work.client.cluster.listGroups({ signal });
  const bar = new ProgressBar(terminal, world.clock, work.totals);
  const failed: FailedFile[] = [];
  let done = 0;
  let failedInARow = 0;
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < work.items.length && failedInARow < failuresInARowMax) {
      signal.throwIfAborted();
      const item = work.items[next++]!;
      try {
        await work.run(item, bar);
        done++;
        failedInARow = 0;
      } catch (error) {
        signal.throwIfAborted();
        failedInARow++;
        failed.push({ name: work.nameOf(item), error: reasonOf(error), kind: kindOf(error), errno: errnoOf(error) });
        if (failed.length <= failuresShownMax) bar.tell(`fdfs: ${work.nameOf(item)}: ${reasonOf(error)}`);
        if (failed.length === failuresShownMax) bar.tell("fdfs: further failures are only counted.");
      }
      bar.addFile();
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(work.jobs, work.items.length) }, worker));
  } finally {
    bar.end();
  }
  if (next < work.items.length) {
    throw new CommandFailure(
      `gave up after ${failuresInARowMax} failures in a row; ${done} of ${plural(work.items.length, "file")} done. The last: ${failed.at(-1)!.error}`,
    );
  }
  return { done, failed, bytes: bar.doneBytes, elapsedMs: bar.elapsedMs };
}

/** The exit code for an outcome. */
export function exitCodeOf({ isCTool }: Context, { failed }: ManyOutcome): ExitCode {
  if (failed.length === 0) return exitCodes.ok;
  return isCTool === true ? failed[0]!.errno : exitCodes.failed;
}

/** "uploaded 120 files, 3.4 MB in 1.2s (100 files/s, 2.8 MB/s); 2 failed". */
export function printOutcome(verb: string, { done, failed, bytes, elapsedMs }: ManyOutcome): string {
  const seconds = Math.max(elapsedMs, 1) / 1000;
  const rates = [`${(done / seconds).toFixed(0)} files/s`, ...(bytes > 0 ? [`${printBytes(bytes / seconds)}/s`] : [])];
  const size = bytes > 0 ? `, ${printBytes(bytes)}` : "";
  const failures = failed.length === 0 ? "" : `; ${failed.length} failed`;
  return `${verb} ${plural(done, "file")}${size} in ${printDuration(elapsedMs)} (${rates.join(", ")})${failures}`;
}

/** Turns progress reports of one file ("so far") into increments. */
export function increments(bar: Pick<ProgressBar, "addBytes">): (progress: { readonly doneBytes: number }) => void {
  let before = 0;
  return ({ doneBytes }) => {
    // A transfer that is begun anew reports from zero again.
    if (doneBytes > before) bar.addBytes(doneBytes - before);
    before = Math.max(before, doneBytes);
  };
}
