// Every command that a tracker answers, with the handler behind it.
import { trackerCommands } from "@fastdfs-ts/protocol";
import { answer, quit, type Route } from "@fastdfs-ts/rpc";
import type { TrackerConfig } from "@fastdfs-ts/runtime";

import type { Cluster } from "../cluster/cluster.ts";
import { clusterParametersOf } from "../config.ts";
import { clientQueryRoutes } from "./client-queries.ts";
import { clusterAdminRoutes } from "./cluster-admin.ts";
import { clusterViewRoutes, type TrackerFacts } from "./cluster-views.ts";
import { explanationRoute } from "./explanation-view.ts";
import { JoinedConnections } from "./joined-connections.ts";
import { storageQuestionRoutes } from "./storage-questions.ts";
import { storageReportRoutes } from "./storage-reports.ts";
import { trackerPeerRoutes } from "./tracker-peers.ts";

/** `save` resolves when the present state of the cluster is on the disk. */
export function trackerRoutes(
  cluster: Cluster,
  config: TrackerConfig,
  facts: TrackerFacts,
  save: () => Promise<void>,
): Route[] {
  return [
    ...clientQueryRoutes(cluster, config.responseAddressBytes),
    ...clusterViewRoutes(cluster, facts, config.responseAddressBytes),
    explanationRoute(cluster),
    ...clusterAdminRoutes(cluster, save),
    ...storageQuestionRoutes(cluster, clusterParametersOf(config)),
    ...storageReportRoutes(cluster, new JoinedConnections(cluster), save),
    ...trackerPeerRoutes(cluster),
    answer(trackerCommands.activeTest, () => ({})),
    quit(trackerCommands.quit),
  ];
}
