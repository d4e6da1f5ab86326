// The configuration of a client or tool: from client.conf, or in code with the same defaults.
import type { Disk } from "../ports/disk.ts";
import { ConfigProblems } from "./config-problems.ts";
import { readIniFile } from "./ini-file.ts";
import { collectOptions, defaultValues } from "./option-reading.ts";
import type { ConfValues } from "./option-table.ts";
import { clientConf } from "./options/client-options.ts";
import type { ServerAddress } from "./server-address.ts";
import { type LoadedConfig, trackerServersOf } from "./server-config.ts";
import { loadStorageIds, type StorageIdEntry } from "./storage-ids-file.ts";

type Values = ConfValues<typeof clientConf.tables>;

export interface ClientConfig
  extends
    Readonly<Pick<Values["connection"], "connectTimeoutMs" | "networkTimeoutMs" | "connectFirstBy">>,
    Readonly<Values["connectionPool"]>,
    Readonly<Pick<Values["identity"], "loadParametersFromTracker" | "useStorageId">>,
    Readonly<Values["logging"]> {
  readonly trackerServers: readonly ServerAddress[];
  /** The entries of storage_ids.conf; empty if they come from the tracker or are not used. */
  readonly storageIds: readonly StorageIdEntry[];
  /** The secret of tokens in printed web addresses; `undefined`: none are printed. */
  readonly tokenSecretKey: string | undefined;
}

/**
 * Reads client.conf and the id list it names.
 * @throws ConfigError with everything that keeps a client from working.
 */
export function loadClientConfig(disk: Disk, path: string): LoadedConfig<ClientConfig> {
  const ini = readIniFile(disk, path);
  const problems = new ConfigProblems();
  const values = collectOptions(clientConf, ini, problems);
  const { identity, token } = values;
  const readsIds = identity.useStorageId && !identity.loadParametersFromTracker;
  if (readsIds && identity.storageIdsFile === undefined) {
    const remedy = "Add storage_ids_filename, or set load_fdfs_parameters_from_tracker = true.";
    problems.refuse(ini.place("use_storage_id"), `use_storage_id needs a list of ids. ${remedy}`);
  }
  if (token.checkToken && token.tokenSecretKey === "") {
    const text = "http.anti_steal.check_token needs http.anti_steal.secret_key. Add the key, the same as in http.conf.";
    problems.refuse(ini.place("http.anti_steal.check_token"), text);
  }
  const storageIds = readsIds ? loadStorageIds(disk, identity.storageIdsFile, ini, problems) : [];
  problems.throwIfRefused();
  return { config: clientConfigOf(values, storageIds), warnings: problems.warnings };
}

/** A client's configuration made in code; everything that is not given has the default of client.conf. */
export function defaultClientConfig(
  overrides: Partial<ClientConfig> & Pick<ClientConfig, "trackerServers">,
): ClientConfig {
  return { ...clientConfigOf(defaultValues(clientConf), []), ...overrides };
}

function clientConfigOf(values: Values, storageIds: readonly StorageIdEntry[]): ClientConfig {
  const { connection, identity, token } = values;
  return {
    trackerServers: trackerServersOf(connection.trackerServers),
    connectTimeoutMs: connection.connectTimeoutMs,
    networkTimeoutMs: connection.networkTimeoutMs,
    connectFirstBy: connection.connectFirstBy,
    ...values.connectionPool,
    ...values.logging,
    loadParametersFromTracker: identity.loadParametersFromTracker,
    useStorageId: identity.useStorageId,
    storageIds,
    tokenSecretKey: token.checkToken ? token.tokenSecretKey : undefined,
  };
}
