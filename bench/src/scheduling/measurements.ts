// What is made of the samples.
import type { LatencyHistogram } from "../load/latency-histogram.ts";

export interface GroupSample {
  readonly name: string;
  /** Clients' tasks that are assigned and not finished. */
  readonly tasks: number;
  /** Of the disk of the fullest member. */
  readonly usage: number;
  readonly takesUploads: boolean;
}

export interface Sample {
  readonly atMs: number;
  readonly groups: readonly GroupSample[];
  /** Tasks of the storage with the slow disk, of those of its group. */
  readonly slowShare: number;
}

/** Ten seconds. */
export interface Period extends Sample {
  /** Of all requests that ended in it. */
  readonly p99Ms: number;
}

interface Quantiles {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Summary {
  /** Largest disk usage of a group that takes uploads minus the smallest one, at the beginning and at the end. */
  readonly usageSpread: { readonly begin: number; readonly end: number };
  /** Tasks of the busiest group that takes uploads, of their mean; the mean over time. */
  readonly imbalance: number;
  /** Share of the samples in which a group has next to nothing to do while another has too much. */
  readonly idleWhileOverloaded: number;
  readonly uploads: Quantiles;
  readonly downloads: Quantiles;
  /** Of all requests, as long as one disk is slow. */
  readonly whileOneIsSlow: Quantiles;
  readonly uploaded: number;
  readonly rejected: number;
}

/** Of the mean of all groups. */
const IDLE = 0.1;
const OVERLOADED = 2;

export function summarize(
  samples: readonly Sample[],
  periods: readonly Period[],
  latencies: Readonly<Record<"uploads" | "downloads" | "whileOneIsSlow", LatencyHistogram>>,
  uploaded: number,
  rejected: number,
): Summary {
  const spreads = samples.map(usageSpread);
  return {
    usageSpread: { begin: spreads[0]!, end: spreads.at(-1)! },
    imbalance: mean(periods.map(imbalance)),
    idleWhileOverloaded: mean(periods.map((period) => (isIdleWhileOverloaded(period) ? 1 : 0))),
    uploads: quantiles(latencies.uploads),
    downloads: quantiles(latencies.downloads),
    whileOneIsSlow: quantiles(latencies.whileOneIsSlow),
    uploaded,
    rejected,
  };
}

/** The mean of some samples, so that what is asked is not how even chance is within a moment. */
export function periodOf(some: readonly Sample[], latencies: LatencyHistogram): Period {
  const last = some.at(-1)!;
  const groups = last.groups.map((group, index) => ({
    ...group,
    tasks: mean(some.map((sample) => sample.groups[index]!.tasks)),
    takesUploads: some.every((sample) => sample.groups[index]!.takesUploads),
  }));
  const slowShare = mean(some.map((sample) => sample.slowShare));
  return { atMs: last.atMs, groups, slowShare, p99Ms: latencies.quantileMs(0.99) };
}

function usageSpread({ groups }: Sample): number {
  const usages = groups.filter(({ takesUploads }) => takesUploads).map(({ usage }) => usage);
  return Math.max(...usages) - Math.min(...usages);
}

export function imbalance(sample: Sample): number {
  const tasks = tasksOf(sample);
  const average = mean(tasks);
  return average === 0 ? 1 : Math.max(...tasks) / average;
}

function isIdleWhileOverloaded(sample: Sample): boolean {
  const tasks = tasksOf(sample);
  const average = mean(tasks);
  return Math.min(...tasks) < IDLE * average && Math.max(...tasks) > OVERLOADED * average;
}

function tasksOf({ groups }: Sample): number[] {
  return groups.filter(({ takesUploads }) => takesUploads).map(({ tasks }) => tasks);
}

function quantiles(histogram: LatencyHistogram): Quantiles {
  return { p50Ms: histogram.quantileMs(0.5), p99Ms: histogram.quantileMs(0.99) };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
