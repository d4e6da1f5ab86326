// Quantities as configuration files spell them, and back: "256KB", "20%", "02:00", "yes". The rules are C's
// (storage-formats.md §6.2). Units stand in the names of the functions and of their results.

/** A local time of day. */
export interface TimeOfDay {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** Space that uploads must leave free: a share of the disk (more than 0, less than 1) or a number of bytes. */
export type SpaceReserve =
  { readonly kind: "ratio"; readonly ratio: number } | { readonly kind: "bytes"; readonly bytes: number };

const sizeUnits = ["", "K", "M", "G", "T"] as const;

/** "256KB", "1 g", "512" → bytes (factor 1024). `undefined` if it is not a size or beyond 2^53. */
export function parseSizeBytes(text: string): number | undefined {
  const match = /^([+-]?\d+)[ \t]*(?:([KMGT])B?)?$/i.exec(text.trim());
  if (match === null) return undefined;
  const power = sizeUnits.indexOf((match[2] ?? "").toUpperCase() as (typeof sizeUnits)[number]);
  const bytes = Number(match[1]) * 1024 ** power;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Bytes → the shortest exact spelling: 262144 → "256KB", 1000 → "1000". */
export function printSizeBytes(bytes: number): string {
  let value = bytes;
  let power = 0;
  while (value !== 0 && value % 1024 === 0 && power < sizeUnits.length - 1) {
    value /= 1024;
    power++;
  }
  return power === 0 ? String(value) : `${value}${sizeUnits[power]!}B`;
}

/** "20%" → 0.2. `undefined` unless it is a number above 0 and below 100 followed by "%". */
export function parsePercentRatio(text: string): number | undefined {
  const match = /^(\d+(?:\.\d*)?|\.\d+)[ \t]*%$/.exec(text.trim());
  if (match === null) return undefined;
  const percent = Number(match[1]);
  return percent > 0 && percent < 100 ? percent / 100 : undefined;
}

/** 0.2 → "20%". */
export function printRatioPercent(ratio: number): string {
  // Twelve digits hide the noise of binary fractions (0.07 * 100 is 7.000000000000001).
  return `${Number((ratio * 100).toPrecision(12))}%`;
}

/** "20%" or "1GB". `undefined` for anything else, negative sizes included. */
export function parseSpaceReserve(text: string): SpaceReserve | undefined {
  if (text.trim().endsWith("%")) {
    const ratio = parsePercentRatio(text);
    return ratio === undefined ? undefined : { kind: "ratio", ratio };
  }
  const bytes = parseSizeBytes(text);
  return bytes === undefined || bytes < 0 ? undefined : { kind: "bytes", bytes };
}

export function printSpaceReserve(reserve: SpaceReserve): string {
  return reserve.kind === "ratio" ? printRatioPercent(reserve.ratio) : printSizeBytes(reserve.bytes);
}

/** "2:00", "02:00:30". `undefined` if it is not a time of day. */
export function parseTimeOfDay(text: string): TimeOfDay | undefined {
  const match = /^(\d{1,2})[ \t]*:[ \t]*(\d{1,2})(?:[ \t]*:[ \t]*(\d{1,2}))?$/.exec(text.trim());
  if (match === null) return undefined;
  const time = { hour: Number(match[1]), minute: Number(match[2]), second: Number(match[3] ?? 0) };
  return time.hour <= 23 && time.minute <= 59 && time.second <= 59 ? time : undefined;
}

/** "02:00", with seconds only if there are any. */
export function printTimeOfDay(time: TimeOfDay): string {
  const parts = time.second === 0 ? [time.hour, time.minute] : [time.hour, time.minute, time.second];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

/** True for `true`, `yes`, `on` (any case) and `1`; false for everything else, as C has it. */
export function parseBoolean(text: string): boolean {
  return /^(?:true|yes|on|1)$/i.test(text.trim());
}

/** Whether a value says yes or no at all; "enabled" does not, and `parseBoolean` takes it for no. */
export function isBooleanWord(text: string): boolean {
  return /^(?:true|yes|on|1|false|no|off|0)$/i.test(text.trim());
}

/** The leading decimal digits with an optional sign; 0 if there are none, as C has it. May be beyond 2^53. */
export function parseLeadingInteger(text: string): number {
  const match = /^[ \t]*([+-]?\d+)/.exec(text);
  return match === null ? 0 : Number(match[1]) + 0;
}
