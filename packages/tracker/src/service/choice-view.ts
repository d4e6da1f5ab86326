// Where would a client be sent, and why? The answer to 127 (ours).
import {
  type ChoiceExplanation,
  type ChoiceRequest,
  choicePurposeOf,
  FdfsError,
  printChoiceExplanation,
  trackerCommands,
} from "@fastdfs-ts/protocol";
import { answer, type Route } from "@fastdfs-ts/rpc";

import type { Cluster } from "../cluster/cluster.ts";
import type { Group } from "../cluster/group.ts";
import { sightName } from "../cluster/routing.ts";
import { suitedAddress } from "../cluster/suited-address.ts";
import { type ChoiceScene, explainHolder, explainUpload } from "../scheduling/explain-choice.ts";
import type { WatchedGroup } from "../scheduling/watched-picture.ts";
import { jsonAnswer } from "./json-answer.ts";

export function choiceRoute(cluster: Cluster): Route {
  return answer(trackerCommands.explainChoice, (request, session) =>
    jsonAnswer(printChoiceExplanation(explainFor(cluster, request, session.remote.host))),
  );
}

function explainFor(
  cluster: Cluster,
  { purpose: number, groupName, logicalName }: ChoiceRequest,
  peer: string,
): ChoiceExplanation {
  const purpose = choicePurposeOf(number);
  const scene: ChoiceScene = {
    groups: cluster.groups.map(stillPicture),
    groupCursor: cluster.groupCursor,
    policy: cluster.settings.policy,
    nowSeconds: cluster.now(),
    nowMs: cluster.monotonicMs(),
    addressOf: ({ addresses }) => suitedAddress(addresses, peer),
  };
  switch (purpose) {
    case undefined:
      throw new FdfsError("BAD_REQUEST", { reason: `nothing can be asked for with the number ${number}` });
    case "upload":
      return explainUpload(scene, groupName === "" ? undefined : groupName);
    case "download":
    case "change": {
      const group = cluster.findGroup(groupName);
      return explainHolder(scene, purpose, groupName, group && sightName(group, logicalName));
    }
  }
}

/** The group as it is, but for that its tasks can be asked without a trace. */
function stillPicture(group: Group): WatchedGroup {
  const { name, totalMib, freeMib, trunkFreeMib, promisedMib, storePathCount, typical } = group;
  const { sorted, readable, writable, readCursor, writeCursor, storeServer, sync } = group;
  return {
    name,
    totalMib,
    freeMib,
    trunkFreeMib,
    promisedMib,
    storePathCount,
    typical,
    sorted,
    readable,
    writable,
    readCursor,
    writeCursor,
    storeServer,
    sync,
    tasks: (nowMs) => group.peekTasks(nowMs),
  };
}
