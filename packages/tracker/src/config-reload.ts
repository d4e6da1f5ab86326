// A running tracker reads its configuration again: what can be taken over counts at once, everything is logged. If anything
// in the file is refused, all stays as it was.
import type { ClusterParameters } from "@fastdfs-ts/protocol";
import {
  ConfigError,
  type KeyChange,
  type Logger,
  printConfigProblem,
  type ReloadedConfig,
  type TrackerConfig,
} from "@fastdfs-ts/runtime";

import type { Cluster } from "./cluster/cluster.ts";
import { clusterParametersOf, schedulingPolicyOf } from "./config.ts";

/** How to read the configuration again (`TrackerConfigFile`). Throws ConfigError, and then nothing has changed. */
export type RereadConfig = () => ReloadedConfig;

export type ReloadOutcome =
  | {
      readonly kind: "reloaded";
      /** What counts from now on. */
      readonly changed: readonly KeyChange[];
      /** What the file says and the tracker does not go by. */
      readonly needsRestart: readonly KeyChange[];
      /** What looks like a mistake: file, line, what to do. */
      readonly warnings: readonly string[];
    }
  | {
      readonly kind: "refused";
      /** File, line, key and what to do. */
      readonly problems: readonly string[];
    };

export interface ConfigReloadModules {
  readonly cluster: Cluster;
  readonly log: Logger;
  /** `undefined` for a configuration that was made in code. */
  readonly reread: RereadConfig | undefined;
}

export class ConfigReload {
  private readonly modules: ConfigReloadModules;
  private answer: ClusterParameters;

  constructor(config: TrackerConfig, modules: ConfigReloadModules) {
    this.modules = modules;
    this.answer = clusterParametersOf(config);
  }

  /** The answer to 75. */
  get parameters(): ClusterParameters {
    return this.answer;
  }

  run(): ReloadOutcome {
    const { cluster, log, reread } = this.modules;
    if (reread === undefined) return this.refuse(["this tracker was not started from a file. Restart it."]);
    let read: ReloadedConfig;
    try {
      read = reread();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return this.refuse(error.problems.map(printConfigProblem));
    }
    const { config, changed, needsRestart } = read;
    cluster.usePolicy(schedulingPolicyOf(config));
    this.answer = clusterParametersOf(config);
    const warnings = read.warnings.filter(({ severity }) => severity === "warning").map(printConfigProblem);
    for (const warning of warnings) log.warn("config.warning", { warning });
    for (const { key, from, to } of changed) log.info("config.changed", { key, from, to });
    for (const { key, from, to } of needsRestart) log.warn("config.needs-restart", { key, running: from, file: to });
    log.info("config.reloaded", { changed: changed.length, needsRestart: needsRestart.length });
    return { kind: "reloaded", changed, needsRestart, warnings };
  }

  private refuse(problems: readonly string[]): ReloadOutcome {
    for (const problem of problems) this.modules.log.error("config.refused", { problem });
    return { kind: "refused", problems };
  }
}
