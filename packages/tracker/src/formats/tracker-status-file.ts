// .tracker_status: when this tracker started and when it was last known to run (storage-formats.md §3.6). The next run
// computes from it how long the tracker was down, which elections compare.

export interface LastRun {
  /** Unix seconds. */
  readonly startedAt: number;
  readonly lastCheckAt: number;
}

/** `undefined` if the file is damaged; then the next run counts as a first one. */
export function parseTrackerStatusFile(text: string): LastRun | undefined {
  const startedAt = /^up_time=(\d{1,15})$/m.exec(text)?.[1];
  const lastCheckAt = /^last_check_time=(\d{1,15})$/m.exec(text)?.[1];
  if (startedAt === undefined || lastCheckAt === undefined) return undefined;
  return { startedAt: Number(startedAt), lastCheckAt: Number(lastCheckAt) };
}

export function printTrackerStatusFile({ startedAt, lastCheckAt }: LastRun): string {
  return `up_time=${startedAt}\nlast_check_time=${lastCheckAt}\n`;
}
