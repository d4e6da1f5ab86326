// Which start of the machine this is.
import { readFileSync } from "node:fs";

/** Linux makes a new random one at every boot; other systems have none, and containers may hide it. */
export function nodeBootId(): string | undefined {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim() || undefined;
  } catch {
    return undefined;
  }
}
