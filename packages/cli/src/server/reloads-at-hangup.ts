// SIGHUP makes a running tracker read its configuration again. What came of it is told on the terminal, and written where
// `fdfs reload` looks for it.
import { rmSync } from "node:fs";

import { type Logger, systemErrorCode } from "@fastdfs-ts/runtime";
import type { ReloadOutcome, TrackerServer } from "@fastdfs-ts/tracker";

import type { Context } from "../table/command-row.ts";
import { outcomeLine } from "./reload-outcome.ts";
import { reloadRecordPath, writeReloadRecord } from "./reload-record.ts";

interface ReloadModules extends Pick<Context, "terminal" | "hangups"> {
  readonly log: Logger;
  readonly conf: string;
  readonly basePath: string;
}

export class ReloadsAtHangup implements Disposable {
  readonly #modules: ReloadModules;
  #listening: Disposable | undefined;
  #server: TrackerServer | undefined;
  #isAskedEarly = false;
  #reloads = 0;

  private constructor(modules: ReloadModules) {
    this.#modules = modules;
  }

  /** From now on SIGHUP does not end the process; one that comes before `serve` is answered then. */
  static listen(modules: ReloadModules): ReloadsAtHangup {
    const reloads = new ReloadsAtHangup(modules);
    reloads.#listening = modules.hangups.listen(() => reloads.#onHangup());
    reloads.#record(undefined);
    return reloads;
  }

  serve(server: TrackerServer): void {
    this.#server = server;
    if (this.#isAskedEarly) this.#onHangup();
  }

  [Symbol.dispose](): void {
    rmSync(reloadRecordPath(this.#modules.basePath), { force: true });
    this.#listening?.[Symbol.dispose]();
  }

  #onHangup(): void {
    if (this.#server === undefined) {
      this.#isAskedEarly = true;
      return;
    }
    const outcome = this.#server.reload();
    this.#reloads++;
    this.#record(outcome);
    const { terminal, conf } = this.#modules;
    terminal.tell(outcomeLine(conf, outcome));
  }

  #record(outcome: ReloadOutcome | undefined): void {
    const { basePath, conf, log } = this.#modules;
    try {
      writeReloadRecord(basePath, { pid: process.pid, conf, reloads: this.#reloads, outcome });
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === undefined) throw error;
      log.error("reload.not-recorded", { file: reloadRecordPath(basePath), code });
    }
  }
}
