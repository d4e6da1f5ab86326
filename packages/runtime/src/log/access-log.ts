// The access log of a storage, in C's layout (storage-formats.md §7.2): one line per client request, written in
// batches. This is on the path of every request: one string, no object, no system call.
import type { LogFileConfig } from "../config/server-config.ts";
import type { Clock } from "../ports/clock.ts";
import type { Disk } from "../ports/disk.ts";
import { LocalTimeText } from "./local-time.ts";
import { RotatingFile, type RotatingFileOptions } from "./rotating-file.ts";

/** C's words for what a client asked. */
export type AccessAction =
  | "upload"
  | "download"
  | "delete"
  | "append"
  | "modify"
  | "truncate"
  | "set_metadata"
  | "get_metadata"
  | "status"
  | "rename";

export type TimePrecision = "ms" | "us";

export interface AccessLogOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  /** `<base_path>/logs/storage_access.log` */
  readonly path: string;
  readonly config: LogFileConfig & { readonly timePrecision: TimePrecision };
  readonly onError?: RotatingFileOptions["onError"];
}

export class AccessLog {
  readonly #clock: Clock;
  readonly #file: RotatingFile;
  readonly #format: AccessLineFormat;

  private constructor(clock: Clock, file: RotatingFile, format: AccessLineFormat) {
    this.#clock = clock;
    this.#file = file;
    this.#format = format;
  }

  /** @throws the system error if the file cannot be opened. */
  static open(options: AccessLogOptions): AccessLog {
    const { config, onError, ...rest } = options;
    const format = new AccessLineFormat(config.timePrecision);
    const header = (timeMs: number): string => format.header(timeMs);
    const file = RotatingFile.open({ ...rest, config, header, ...(onError === undefined ? {} : { onError }) });
    return new AccessLog(options.clock, file, format);
  }

  /**
   * Notes the end of a request.
   * @param fileName logical name without group, `old=>new` for rename, the `-m` file for set_metadata
   * @param status 0 or errno
   * @param startedMs `Clock.monotonic()` at its beginning
   * @param requestBytes whole message, 10-byte header included; `responseBytes` too
   */
  request(
    clientIp: string,
    action: AccessAction,
    fileName: string,
    status: number,
    startedMs: number,
    requestBytes: number,
    responseBytes: number,
  ): void {
    const usedMs = this.#clock.monotonic() - startedMs;
    this.#file.append(
      this.#format.line(this.#clock.now(), clientIp, action, fileName, status, usedMs, requestBytes, responseBytes),
    );
  }

  flush(): void {
    this.#file.flush();
  }

  /** Writes what is in memory and closes. May be called twice. */
  close(): void {
    this.#file.close();
  }
}

/** The lines themselves. */
export class AccessLineFormat {
  readonly #time = new LocalTimeText();
  readonly #precision: TimePrecision;

  constructor(precision: TimePrecision) {
    this.#precision = precision;
  }

  header(timeMs: number): string {
    const time = this.#time.fraction(timeMs, this.#precision);
    return `[${time}] client_ip action filename status time_used_${this.#precision} req_len resp_len\n`;
  }

  line(
    timeMs: number,
    clientIp: string,
    action: AccessAction,
    fileName: string,
    status: number,
    usedMs: number,
    requestBytes: number,
    responseBytes: number,
  ): string {
    const used = Math.max(0, Math.floor(this.#precision === "ms" ? usedMs : usedMs * 1000));
    const head = `[${this.#time.fraction(timeMs, this.#precision)}] ${clientIp} ${action} ${columnText(fileName)}`;
    return `${head} ${status} ${used} ${requestBytes} ${responseBytes}\n`;
  }
}

/** A name that a peer sent must neither move the columns nor start a line of its own. */
function columnText(fileName: string): string {
  if (fileName === "") return "-";
  if (!/[\s\p{Cc}]/u.test(fileName)) return fileName;
  return fileName.replace(/[\s\p{Cc}]/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
