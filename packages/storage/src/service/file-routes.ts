// Everything a storage answers to clients: one table of routes.
import { connectionCommands } from "@fastdfs-ts/protocol";
import { answer, quit, type Route } from "@fastdfs-ts/rpc";

import type { FileStore } from "../files/file-store.ts";
import { appenderRoutes } from "./appender-changes.ts";
import { deleteRoutes } from "./deletes.ts";
import { downloadRoutes, type GroupOfFiles } from "./downloads.ts";
import { binlogRoutes } from "./fetch-binlog.ts";
import { fileInfoRoutes } from "./file-infos.ts";
import { linkRoutes } from "./links.ts";
import { metadataRoutes } from "./metadata.ts";
import { uploadRoutes } from "./uploads.ts";

/** With a `group`, files that have not come here yet are fetched from the member that took them. */
export function fileRoutes(store: FileStore, group?: GroupOfFiles): Route[] {
  const readThrough = group?.readThrough;
  return [
    ...uploadRoutes(store),
    ...downloadRoutes(store, group),
    ...deleteRoutes(store),
    ...metadataRoutes(store, readThrough),
    ...fileInfoRoutes(store, readThrough),
    ...appenderRoutes(store),
    ...linkRoutes(store),
    ...binlogRoutes(store),
    answer(connectionCommands.activeTest, () => ({})),
    quit(connectionCommands.quit),
  ];
}
