// Numbers as people read them: sizes, rates, durations, local times.

const units = ["B", "KB", "MB", "GB", "TB", "PB"] as const;

/** 1536 → "1.5 KB". Units are powers of 1024, as in the configuration files. */
export function printBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  // 1023.96 KB would print as "1024.0 KB".
  if (unit > 0 && unit < units.length - 1 && Math.abs(value) >= 1023.95) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? String(value) : value.toFixed(Math.abs(value) < 100 ? 1 : 0)} ${units[unit]!}`;
}

/** MiB, as trackers count. */
export function printMib(mib: number): string {
  return printBytes(mib * 1024 * 1024);
}

/** 12345 → "12,345". */
export function printCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** "1 file", "2 files". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${printCount(count)} ${count === 1 ? one : many}`;
}

/** 3 of 4 → "75%", rounded down: 100% is all. */
export function printPercent(part: number, whole: number): string {
  return `${whole <= 0 ? 0 : Math.floor((Math.min(part, whole) / whole) * 100)}%`;
}

/** 65000 → "1m 05s"; below a second in ms. */
export function printDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)}s`;
  const pad = (value: number): string => String(value).padStart(2, "0");
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${pad(seconds % 60)}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ${pad(Math.floor((seconds % 3600) / 60))}m`;
  return `${Math.floor(seconds / 86_400)}d ${pad(Math.floor((seconds % 86_400) / 3600))}h`;
}

/** Unix time → "2026-11-23 05:15:18" in local time. */
export function printTime(unixSeconds: number): string {
  const time = new Date(unixSeconds * 1000);
  const pad = (value: number): string => String(value).padStart(2, "0");
  const day = `${time.getFullYear()}-${pad(time.getMonth() + 1)}-${pad(time.getDate())}`;
  return `${day} ${pad(time.getHours())}:${pad(time.getMinutes())}:${pad(time.getSeconds())}`;
}

/** Unix time → how long ago, "" for 0 (never). */
export function printAgo(unixSeconds: number, nowMs: number): string {
  if (unixSeconds === 0) return "";
  const ms = nowMs - unixSeconds * 1000;
  // Trackers count in whole seconds.
  return ms < 1000 ? "now" : `${printDuration(Math.floor(ms / 1000) * 1000).replace(".0s", "s")} ago`;
}
