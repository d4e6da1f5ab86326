// Everything a storage answers to clients: one table of routes.
import { connectionCommands } from "@fastdfs-ts/protocol";
import { answer, quit, type Route } from "@fastdfs-ts/rpc";

import type { FileStore } from "../files/file-store.ts";
import { appenderRoutes } from "./appender-changes.ts";
import { deleteRoutes } from "./deletes.ts";
import { downloadRoutes } from "./downloads.ts";
import { binlogRoutes } from "./fetch-binlog.ts";
import { fileInfoRoutes } from "./file-infos.ts";
import { linkRoutes } from "./links.ts";
import { metadataRoutes } from "./metadata.ts";
import { uploadRoutes } from "./uploads.ts";

export function fileRoutes(store: FileStore): Route[] {
  return [
    ...uploadRoutes(store),
    ...downloadRoutes(store),
    ...deleteRoutes(store),
    ...metadataRoutes(store),
    ...fileInfoRoutes(store),
    ...appenderRoutes(store),
    ...linkRoutes(store),
    ...binlogRoutes(store),
    answer(connectionCommands.activeTest, () => ({})),
    quit(connectionCommands.quit),
  ];
}
