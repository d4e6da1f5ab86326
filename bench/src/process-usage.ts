// What a process has cost so far, from Linux' /proc: all its threads, kernel time included.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

/** Behind the closing bracket of the name: state is column 3 of proc(5), utime 14 and stime 15. */
const UTIME_COLUMN = 14 - 3;
const STIME_COLUMN = 15 - 3;

let ticksPerSecond: number | undefined;

/** User and system time, in microseconds; the kernel counts in steps of 10 ms. */
export function cpuMicroseconds(pid: number): number {
  ticksPerSecond ??= Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const columns = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(columns[UTIME_COLUMN]) + Number(columns[STIME_COLUMN])) * 1e6) / ticksPerSecond;
}

/** The most that was in use since the start, or since `resetPeak`, in MiB. */
export function peakMib(pid: number): number {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
  if (kib === undefined) throw new Error(`/proc/${pid}/status has no VmHWM`);
  return Number(kib) / 1024;
}

/** Lets the peak begin again at what is in use now. */
export function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}
