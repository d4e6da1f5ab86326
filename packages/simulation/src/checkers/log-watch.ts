// What servers must never log, whatever happens to them.
import type { LogRecord } from "@fastdfs-ts/runtime";
import type { SimCluster } from "../sim-cluster.ts";
import type { SimHost } from "../sim-host.ts";
import { isLegalTransition } from "./legal-transitions.ts";

/** Errors of our own code, in contrast to those that the world causes. */
const brokenCode = new Set(["InvariantError", "TypeError", "RangeError", "ReferenceError"]);

export class LogWatch {
  readonly complaints: string[] = [];
  #records = 0;

  constructor(cluster: SimCluster) {
    cluster.observeLogs((host, record) => this.#see(host, record));
  }

  /** Log records so far: a measure of how talkative everybody is. */
  get records(): number {
    return this.#records;
  }

  #see(host: SimHost, { message, fields }: LogRecord): void {
    this.#records++;
    for (const value of Object.values(fields)) {
      if (value instanceof Error && brokenCode.has(rootOf(value).name)) {
        this.complaints.push(
          `no error of our own code: ${host.address} logged ${message}: ${rootOf(value).stack ?? ""}`,
        );
      }
    }
    if (message !== "storage.status") return;
    const { from, to, reason } = fields;
    // A tracker that did not know a storage takes the status with which it joins, or which another one reports (§2.3 #2).
    const isNews = from === "INIT" && /reported an unknown storage$|^joined with this status$/.test(String(reason));
    if (!isNews && !isLegalTransition(String(from), String(to))) {
      this.complaints.push(`every state change is a legal one: ${String(from)} to ${String(to)} (${String(reason)})`);
    }
  }
}

function rootOf(error: Error): Error {
  return error.cause instanceof Error ? rootOf(error.cause) : error;
}
