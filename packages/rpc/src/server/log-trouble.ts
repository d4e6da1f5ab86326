// What went wrong at the door of a server, for its log.
import type { Logger } from "@fastdfs-ts/runtime";

import type { ServerTrouble } from "./rpc-server.ts";

export function logTrouble(log: Logger, trouble: ServerTrouble): void {
  switch (trouble.kind) {
    case "handler-failed":
      log.error("request.handler-failed", { command: trouble.command, peer: trouble.peer, error: trouble.error });
      return;
    case "request-failed": {
      // The reason first: a full disk refuses everybody alike, and equal lines are collapsed.
      log.error("request.failed", { reason: trouble.error.message, command: trouble.command });
      return;
    }
    case "connection-limit":
      log.warn("connection.limit-reached", {
        peer: trouble.peer,
        limit: trouble.limit,
        remedy: "raise max_connections",
      });
      return;
    case "host-not-allowed":
      log.warn("connection.host-not-allowed", { peer: trouble.peer, remedy: "see allow_hosts" });
  }
}
