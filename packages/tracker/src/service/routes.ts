// Every command that a tracker answers, with the handler behind it.
import { type ClusterParameters, trackerCommands } from "@fastdfs-ts/protocol";
import { answer, quit, type Route } from "@fastdfs-ts/rpc";
import type { TrackerConfig } from "@fastdfs-ts/runtime";

import type { Cluster } from "../cluster/cluster.ts";
import type { Handover } from "../handover/handover.ts";
import type { StateDonor } from "../handover/state-donor.ts";
import { choiceRoute } from "./choice-view.ts";
import { clientQueryRoutes } from "./client-queries.ts";
import { clusterAdminRoutes } from "./cluster-admin.ts";
import { clusterViewRoutes, type TrackerFacts } from "./cluster-views.ts";
import { explanationRoute } from "./explanation-view.ts";
import { JoinedConnections } from "./joined-connections.ts";
import { storageQuestionRoutes } from "./storage-questions.ts";
import { storageReportRoutes } from "./storage-reports.ts";
import { trackerPeerRoutes } from "./tracker-peers.ts";

export interface TrackerServices {
  readonly cluster: Cluster;
  readonly config: TrackerConfig;
  /** What storages are told of the configuration, now. */
  readonly parameters: () => ClusterParameters;
  readonly facts: TrackerFacts;
  /** Resolves when the present state of the cluster is on the disk. */
  readonly save: () => Promise<void>;
  readonly handover: Pick<Handover, "isDue" | "take">;
  readonly donor: StateDonor;
}

export function trackerRoutes({ cluster, config, parameters, facts, save, handover, donor }: TrackerServices): Route[] {
  return [
    ...clientQueryRoutes(cluster, config.responseAddressBytes),
    ...clusterViewRoutes(cluster, facts, config.responseAddressBytes),
    explanationRoute(cluster),
    choiceRoute(cluster),
    ...clusterAdminRoutes(cluster, save),
    ...storageQuestionRoutes(cluster, parameters),
    ...storageReportRoutes(cluster, new JoinedConnections(cluster), handover, save),
    ...trackerPeerRoutes(cluster, donor),
    answer(trackerCommands.activeTest, () => ({})),
    quit(trackerCommands.quit),
  ];
}
