// Sizes as the C tools print them: three digits of room, one decimal below ten.

const units = [" B", "KB", "MB", "GB", "TB", "PB"] as const;

/** MiB as trackers count → " 1.0 MB", "  79 GB", "1023 MB", "   0  B". */
export function printCMib(mib: number): string {
  let value = mib * 1024 * 1024;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  // 9.96 would become "10.0".
  const digits = unit > 0 && value < 9.95 ? value.toFixed(1) : String(Math.round(value));
  return `${digits.padStart(4)} ${units[unit]!}`;
}
