// Which trackers a command talks to, and the client for it: --tracker, --conf, FDFS_TRACKERS, a `fdfs up` below this
// folder, or the default port of this machine, in this order.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

import { type ClientOptions, FastDfsClient, readClientConfig } from "@fastdfs-ts/client";
import { parseServerAddress } from "@fastdfs-ts/runtime";

import { UsageFailure } from "../failure.ts";
import type { Context, ExitCode } from "../table/command-row.ts";
import { addresses, text, type ValuesOf } from "../table/option-kinds.ts";
import { upDirectoryDefault, upFiles } from "../up/up-layout.ts";

const trackerPortDefault = 22122;

export const clusterOptions = {
  tracker: addresses("HOST:PORT", "a tracker; may stand several times", trackerPortDefault),
  conf: text("FILE", "take trackers and timeouts from this client.conf"),
};

export type ClusterInput = ValuesOf<typeof clusterOptions>;

export interface ClientChoice {
  readonly options: ClientOptions;
  /** Where the addresses come from, for messages. */
  readonly origin: string;
}

/** Throws ConfigError or UsageFailure if the source that counts is no good. */
export function chooseCluster(context: Context, input: ClusterInput): ClientChoice {
  if (input.conf !== undefined) {
    const { options } = readClientConfig(context.world.disk, resolve(context.cwd, input.conf));
    if (input.tracker.length === 0) return { options, origin: input.conf };
    return { options: { ...options, trackers: input.tracker }, origin: "--tracker" };
  }
  if (input.tracker.length > 0) return { options: { trackers: input.tracker }, origin: "--tracker" };
  const fromEnvironment = context.env.FDFS_TRACKERS ?? "";
  if (fromEnvironment !== "") return { options: { trackers: listed(fromEnvironment) }, origin: "FDFS_TRACKERS" };
  const upConf = join(context.cwd, upDirectoryDefault, upFiles.clientConf);
  if (existsSync(upConf)) {
    return { options: readClientConfig(context.world.disk, upConf).options, origin: upConf };
  }
  return { options: { trackers: [`127.0.0.1:${trackerPortDefault}`] }, origin: "the default" };
}

function listed(trackers: string): string[] {
  // Two addresses of one tracker have a comma between them too, so trackers may also be separated by blanks.
  const parts = trackers.trim().split(/\s+/.test(trackers.trim()) ? /\s+/ : ",");
  for (const part of parts) {
    const address = parseServerAddress(part, trackerPortDefault);
    if (typeof address === "string") throw new UsageFailure(`FDFS_TRACKERS="${trackers}": ${address}`);
  }
  return parts;
}

/** Runs `work` with a client, and closes it. `connections`: how many it may hold to one server. */
export async function withClient(
  context: Context,
  input: ClusterInput,
  work: (client: FastDfsClient) => Promise<ExitCode>,
  extra: { readonly connections?: number; readonly storage?: string | undefined } = {},
): Promise<ExitCode> {
  const { options } = chooseCluster(context, input);
  const maxPerServer = Math.max(extra.connections ?? 1, 4);
  const client = FastDfsClient.open(
    {
      ...options,
      pool: { ...options.pool, maxPerServer },
      ...(extra.storage === undefined ? {} : { storageAddress: always(extra.storage) }),
    },
    context.world,
  );
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** Sends everything to one storage, whichever the trackers choose. */
function always(address: string): NonNullable<ClientOptions["storageAddress"]> {
  const parsed = parseServerAddress(address, 23000);
  if (typeof parsed === "string") throw new UsageFailure(`--storage "${address}": ${parsed}`);
  const endpoint = { host: parsed.hosts[0]!, port: parsed.port };
  return () => endpoint;
}
