// The machine itself: Node, the limit of open files.
import { type Finding, note, ok, warning } from "./finding.ts";

/** Files, logs and connections to trackers and peers, beside those of clients. */
const ownFilesMax = 128;

export function checkNode(): Finding {
  return ok("Node.js", process.version);
}

/** `maxConnections`: what a configuration allows; 0 if none was given. */
export function checkOpenFiles(maxConnections: number): Finding {
  const limit = openFilesLimit();
  if (limit === undefined) return note("open files", "the limit cannot be read on this system");
  // A download holds a connection and a file.
  const needed = Math.max(1024, maxConnections * 2 + ownFilesMax);
  if (limit >= needed) return ok("open files", `limit ${limit === Infinity ? "none" : limit}`);
  return warning(
    "open files",
    `the limit is ${limit}; ${maxConnections === 0 ? "a server" : `max_connections = ${maxConnections}`} may need ${needed}`,
    `raise it: ulimit -n ${needed} in the shell, LimitNOFILE=${needed} in a systemd unit, --ulimit nofile=${needed} for docker`,
  );
}

/** Node itself has raised the soft limit to the hard one when it started. */
function openFilesLimit(): number | undefined {
  const report = process.report.getReport() as { userLimits?: Record<string, { soft?: number | string }> };
  const soft = report.userLimits?.open_files?.soft;
  if (soft === "unlimited") return Infinity;
  return typeof soft === "number" ? soft : undefined;
}
