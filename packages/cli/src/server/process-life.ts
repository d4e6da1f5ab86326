// Tells a process from the one that had its number before: numbers are used again, soon in a container, where each start may
// have the same ones.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

import { systemErrorCode } from "@fastdfs-ts/runtime";

/** Of a process that lives, but whose start cannot be told here. */
export const UNKNOWN_LIFE = "unknown";

/** When the process with this number started, as letters, digits and dashes; undefined if there is none, or only its remains. */
export function lifeOf(pid: number): string | undefined {
  if (!isThere(pid)) return undefined;
  return process.platform === "linux" ? lifeOnLinux(pid) : lifeByPs(pid);
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === "EPERM"; // alive, but somebody else's
  }
}

/** The ticks from the start of the machine, and which start of it that was. Neither changes when the clock is set. */
function lifeOnLinux(pid: number): string | undefined {
  try {
    const [boot] = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").split("-");
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name before may hold anything, blanks and parentheses too; then follow fields 3 (state), 4 …
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const [state, startTicks] = [fields[0], fields[22 - 3]];
    // It is dead, and nobody has asked for its exit status, as is usual in containers.
    if (state === "Z" || state === "X") return undefined;
    return `${boot}-${startTicks}`;
  } catch {
    return isThere(pid) ? UNKNOWN_LIFE : undefined;
  }
}

/** The second of the start, which is enough: no system uses a number again within one. */
function lifeByPs(pid: number): string | undefined {
  const env = { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" };
  const { stdout, error } = spawnSync("ps", ["-o", "stat=", "-o", "lstart=", "-p", String(pid)], {
    env,
    encoding: "latin1",
  });
  if (error !== undefined) return UNKNOWN_LIFE;
  const [, state, started] = /^\s*(\S+)\s+(\S.*\S)\s*$/.exec(stdout) ?? [];
  if (state?.startsWith("Z") === true) return undefined;
  const startMs = Date.parse(`${started} UTC`);
  if (Number.isNaN(startMs)) return isThere(pid) ? UNKNOWN_LIFE : undefined;
  return String(startMs / 1000);
}
