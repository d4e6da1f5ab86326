// client.conf as the C tools know it, read into client options (storage-formats.md §6.7).
import { type ConfigWarning, type Disk, loadClientConfig, printServerAddress } from "@fastdfs-ts/runtime";

import type { ClientOptions } from "./options.ts";

export interface ConfigFileReading {
  readonly options: ClientOptions;
  /** Secret of access tokens (http.anti_steal.*), if links shall carry one. */
  readonly tokenSecretKey: string | undefined;
  /** What looks like a mistake in the file. */
  readonly warnings: readonly ConfigWarning[];
}

/**
 * Reads client.conf. `use_connection_pool` changes nothing: connections are always kept, but only with it does
 * `connection_pool_max_idle_time` say for how long. Throws ConfigError naming file, line and remedy of everything that
 * is wrong.
 */
export function readClientConfig(disk: Disk, path: string): ConfigFileReading {
  const { config, warnings } = loadClientConfig(disk, path);
  const { connectTimeoutMs, networkTimeoutMs, useConnectionPool, connectionPoolMaxIdleMs } = config;
  return {
    warnings,
    tokenSecretKey: config.tokenSecretKey,
    options: {
      trackers: config.trackerServers.map(printServerAddress),
      connectTimeoutMs,
      networkTimeoutMs,
      pool: useConnectionPool ? { maxIdleMs: connectionPoolMaxIdleMs } : {},
    },
  };
}
