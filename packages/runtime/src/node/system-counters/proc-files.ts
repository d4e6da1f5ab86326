// What Linux writes into /proc about the whole machine. Pure functions of the text: a file that is missing, cut or made up by
// a container gives undefined or fewer lines, never NaN.
import type { DiskCounters, MemoryState, ProcessorTimes } from "../../ports/system-counters.ts";

/** The kernel counts in sectors of this size, whatever the device's own are. */
const SECTOR_BYTES = 512;

/** The sum line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal. What guests use is in user. */
export function parseProcessorTimes(stat: string): ProcessorTimes | undefined {
  const line = stat.split("\n").find((each) => each.startsWith("cpu "));
  if (line === undefined) return undefined;
  const ticks = counters(words(line).slice(1, 9));
  if (ticks === undefined || ticks.length < 4) return undefined;
  const total = ticks.reduce((sum, each) => sum + each, 0);
  const [, , , idle = 0, waiting = 0] = ticks;
  return { used: total - idle - waiting, total };
}

/** /proc/meminfo. Kernels before 3.14 do not say what is available. */
export function parseMemory(meminfo: string): MemoryState | undefined {
  const kibOf = (key: string) => counter(new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(meminfo)?.[1]);
  const total = kibOf("MemTotal");
  const available = kibOf("MemAvailable");
  if (total === undefined || available === undefined || total === 0 || available > total) return undefined;
  return { totalBytes: total * 1024, availableBytes: available * 1024 };
}

/** /proc/diskstats: the devices whose "major:minor" is among `devices`. Partitions have lines of their own. */
export function parseDisks(diskstats: string, devices: ReadonlySet<string>): DiskCounters[] {
  return diskstats.split("\n").flatMap((line) => {
    const [major, minor, , ...rest] = words(line);
    const device = `${major}:${minor}`;
    if (!devices.has(device)) return [];
    // reads, merged, sectors read, ms reading, writes, merged, sectors written, ms writing, in flight, ms busy
    const fields = counters(rest.slice(0, 10));
    if (fields === undefined || fields.length < 10) return [];
    return [{ device, busyMs: fields[9]!, bytes: (fields[2]! + fields[6]!) * SECTOR_BYTES }];
  });
}

export interface InterfaceBytes {
  readonly name: string;
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** /proc/net/dev without loopback. */
export function parseInterfaces(netDev: string): InterfaceBytes[] {
  return netDev.split("\n").flatMap((line) => {
    // A long number may follow the colon without a space.
    const [, name, rest] = /^\s*([^\s:]+):(.*)$/.exec(line) ?? [];
    if (name === undefined || name === "lo") return [];
    const fields = counters(words(rest!).slice(0, 9));
    if (fields === undefined || fields.length < 9) return [];
    return [{ name, receivedBytes: fields[0]!, sentBytes: fields[8]! }];
  });
}

/** /sys/class/net/NAME/speed, in Mbit/s; -1 and 0 mean that the driver does not know. */
export function parseSpeed(speed: string): number | undefined {
  const megabits = counter(speed.trim());
  return megabits === undefined || megabits === 0 ? undefined : megabits * 1_000_000;
}

/** "major:minor" of `stat().dev`, which packs them as glibc does: 12 and 8 low bits, the high ones above. */
export function deviceName(dev: number): string {
  const packed = BigInt(dev);
  const major = ((packed >> 8n) & 0xfffn) | ((packed >> 32n) & ~0xfffn);
  const minor = (packed & 0xffn) | ((packed >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}

function words(line: string): string[] {
  return line.trim().split(/\s+/);
}

function counter(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d+$/.test(text)) return undefined;
  const value = Number(text);
  // Beyond 2^53 differences would be rounded.
  return Number.isSafeInteger(value) ? value : undefined;
}

/** All of them, or undefined. */
function counters(texts: readonly string[]): number[] | undefined {
  const values = texts.map(counter);
  return values.every((value) => value !== undefined) ? values : undefined;
}
