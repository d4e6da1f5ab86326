// Where a server's messages go: into the log file that its configuration describes, and the serious ones also to the
// terminal in whose foreground it runs.
import { join } from "node:path";

import {
  collapseRepeats,
  consoleSink,
  fileSink,
  jsonFormat,
  Logger,
  logLevels,
  type LogSink,
  RotatingFile,
  type ServerConfig,
  systemErrorCode,
  teeSink,
  textFormat,
  type World,
} from "@fastdfs-ts/runtime";

import { CommandFailure } from "../failure.ts";
import type { Terminal } from "../terminal/terminal.ts";

export interface ServerLog {
  readonly log: Logger;
  readonly path: string;
  close(): void;
}

/** "trackerd.log" or "storaged.log" below `<base_path>/logs`, as C. Throws CommandFailure if it cannot be written. */
export function openServerLog(
  config: ServerConfig,
  world: World,
  terminal: Terminal,
  fileName: "trackerd.log" | "storaged.log",
  /** In front of lines on the terminal, where several servers share it. */
  label: string,
): ServerLog {
  const { disk, clock } = world;
  const path = join(config.basePath, "logs", fileName);
  const shown = onlyFrom(
    "warn",
    consoleSink((text) => terminal.tellRaw(`${label}${text}`)),
  );
  const file = openFile(path, config, world, terminal);
  const format = config.errorLog.format === "json" ? jsonFormat() : textFormat();
  const sink = collapseRepeats(teeSink(fileSink(file, format), shown), { clock });
  disk.makeDirectory(join(config.basePath, "data"));
  return { log: Logger.create({ sink, clock, level: config.logLevel }), path, close: () => sink.close() };
}

function openFile(path: string, config: ServerConfig, { disk, clock }: World, terminal: Terminal): RotatingFile {
  try {
    return RotatingFile.open({
      disk,
      clock,
      path,
      config: config.errorLog,
      onError(error, concerns) {
        const code = systemErrorCode(error) ?? String(error);
        terminal.tell(
          concerns === "lines"
            ? `fdfs: the log ${path} cannot be written (${code}). Lines are lost.`
            : `fdfs: old copies of the log ${path} cannot be compressed or deleted (${code}).`,
        );
      },
    });
  } catch (error) {
    const code = systemErrorCode(error) ?? String(error);
    throw new CommandFailure(
      `the log ${path} cannot be opened (${code}). Check permissions and space below base_path.`,
      {
        cause: error,
      },
    );
  }
}

function onlyFrom(level: (typeof logLevels)[number], inner: LogSink): LogSink {
  const least = logLevels.indexOf(level);
  return {
    write(record) {
      if (logLevels.indexOf(record.level) <= least) inner.write(record);
    },
    close: () => inner.close(),
  };
}
