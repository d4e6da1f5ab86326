// A storage whose id is its address tells the trackers when that has changed since the last start, before it joins, so that
// its history goes on under the new one (cluster-behaviour.md §3.8). Then the address and port are remembered.
import { type FdfsError, trackerCommands } from "@fastdfs-ts/protocol";

import type { DataInitFile } from "../formats/data-init-file.ts";
import type { StartupFacts, StartupOptions } from "./startup-queries.ts";
import { TrackerQuestions } from "./tracker-questions.ts";

export interface SettleAddressOptions extends Omit<StartupOptions, "config">, StartupFacts {
  readonly config: Pick<StartupOptions["config"], "connectTimeoutMs" | "networkTimeoutMs">;
  readonly initFile: DataInitFile;
}

/** Refusals with which a tracker says that there is nothing (more) to do, or that the old address is still in use. */
const settled = new Set(["NOT_FOUND", "ALREADY_EXISTS", "ALREADY_DONE", "BUSY"]);

/**
 * Reports a changed address to every tracker that can be reached, waiting for one if there is none, and keeps address and
 * port in `.data_init_flag`. Throws FdfsError if all trackers refuse the change, and the signal's reason.
 */
export async function settleAddress(options: SettleAddressOptions): Promise<void> {
  const { identity, initFile, log, parameters } = options;
  const lastIpAddress = identity.addresses.join(",");
  const before = initFile.flag.lastIpAddress;
  if (before !== "" && before !== lastIpAddress) {
    log.notice("address.changed", { before, now: lastIpAddress });
    if (identity.mode === "ip" && parameters.storageIpChangedAutoAdjust) await reportChange(options, before);
  }
  initFile.update({ lastIpAddress, lastPort: identity.port });
}

async function reportChange(options: SettleAddressOptions, before: string): Promise<void> {
  const { identity, config, world } = options;
  const questions = new TrackerQuestions({ ...world, ...config, ...options });
  const request = {
    groupName: identity.groupName,
    oldIp: before.split(",")[0]!,
    newIp: identity.storageId,
  };
  const isSettled = ({ kind }: FdfsError) => settled.has(kind);
  await questions.tellEvery("change of my address", trackerCommands.ipChanged, request, isSettled);
}
