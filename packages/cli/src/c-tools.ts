// The names and argument orders of the tools that come with FastDFS, one row each, as command lines of our own. Scripts
// written for them go on working.
import { statTools } from "./c-stat-tools.ts";
import { testTools } from "./c-test-tools.ts";
import type { CTool } from "./c-tool.ts";
import { UsageFailure } from "./failure.ts";

const storageOptions = (storage: string | undefined, pathIndex: string | undefined): string[] => [
  ...(storage === undefined ? [] : ["--storage", storage]),
  ...(pathIndex === undefined || pathIndex === "-1" ? [] : ["--path-index", pathIndex]),
];

/** `args` after the configuration file stand behind "--": a file may be called "-x". */
const plain =
  (...words: string[]) =>
  (args: readonly string[]): string[] => [...words, "--conf", args[0]!, "--", ...args.slice(1)];

const daemonUsage = "[-N | --no-daemon] <config_file> [start | stop | restart | status]";

const daemon =
  (kind: string) =>
  (args: readonly string[]): string[] | string => {
    const isFlag = (arg: string): boolean => arg === "-N" || arg === "--no-daemon";
    const [conf, action = "start", ...more] = args.filter((arg) => !isFlag(arg));
    if (conf === undefined) return "too few arguments";
    if (more.length > 0) return "too many arguments";
    const inForeground = args.some(isFlag) && action === "start";
    return [kind, "--", conf, ...(inForeground ? [] : [action])];
  };

export const cTools: Readonly<Record<string, CTool>> = {
  fdfs_upload_file: {
    usage: "<config_file> <local_filename> [storage_ip:port] [store_path_index]",
    min: 2,
    max: 4,
    translate: ([conf, file, storage, path]) => [
      "upload",
      "--conf",
      conf!,
      ...storageOptions(storage, path),
      "--",
      file!,
    ],
  },
  fdfs_upload_appender: {
    usage: "<config_file> <local_filename>",
    min: 2,
    max: 2,
    translate: plain("upload", "--appender"),
  },
  fdfs_append_file: {
    usage: "<config_file> <appender_file_id> <local_filename>",
    min: 3,
    max: 3,
    translate: plain("append"),
  },
  fdfs_regenerate_filename: {
    usage: "<config_file> <appender_file_id>",
    min: 2,
    max: 2,
    translate: plain("regenerate"),
  },
  fdfs_download_file: {
    usage: "<config_file> <file_id> [local_filename] [<download_offset> <download_bytes>]",
    min: 2,
    max: 5,
    translate([conf, id, file, offset, length]) {
      // As there: 0 bytes mean "to the end", and an offset without a number of bytes is not looked at.
      const range = length === undefined ? [] : ["--offset", offset!, ...(length === "0" ? [] : ["--length", length])];
      return ["download", "--conf", conf!, ...range, "--", id!, ...(file === undefined ? [] : [file])];
    },
  },
  fdfs_delete_file: { usage: "<config_file> <file_id>", min: 2, max: 2, translate: plain("delete") },
  fdfs_file_info: {
    usage: "[-s] [-n] <config_file> <file_id>",
    min: 2,
    max: 4,
    translate: translateFileInfo,
  },
  fdfs_crc32: { usage: "<filename>", min: 1, max: 1, translate: ([file]) => ["crc32", "--", file!] },
  fdfs_trackerd: { usage: daemonUsage, min: 1, max: 3, translate: daemon("tracker") },
  fdfs_storaged: { usage: daemonUsage, min: 1, max: 3, translate: daemon("storage") },
  ...statTools,
  ...testTools,
  fdfs_monitor: {
    usage: "<config_file> [-h <tracker_server>] [list|delete|set_trunk_server <group_name> [storage_id]]",
    min: 1,
    max: 6,
    translate: translateMonitor,
  },
};

function translateFileInfo(args: readonly string[]): string[] | string {
  const flags = args.filter((arg) => /^-[sn]+$/.test(arg));
  const [conf, id, ...more] = args.filter((arg) => !flags.includes(arg));
  if (id === undefined) return "too few arguments";
  if (more.length > 0) return "too many arguments";
  const has = (flag: string): boolean => flags.join("").includes(flag);
  const words = ["info", "--c-text", ...(has("s") ? ["--silent"] : []), ...(has("n") ? ["--skip-crc"] : [])];
  return [...words, "--conf", conf!, "--", id];
}

function translateMonitor([conf, ...rest]: readonly string[]): string[] | string {
  const hasHost = rest[0] === "-h";
  if (hasHost && rest[1] === undefined) return "-h needs a tracker";
  const from = ["--conf", conf!, ...(hasHost ? ["--tracker", rest[1]!] : [])];
  const [action = "list", group, id, ...more] = hasHost ? rest.slice(2) : rest;
  if (more.length > 0) return "too many arguments";
  if (action === "list") {
    const filter = group === undefined ? [] : ["--group", group, ...(id === undefined ? [] : ["--storage", id])];
    return ["monitor", "--c-text", ...from, ...filter];
  }
  if (action !== "delete" && action !== "set_trunk_server")
    return `"${action}" is not list, delete or set_trunk_server`;
  if (group === undefined) return `${action} needs a group`;
  if (action === "set_trunk_server")
    return ["set-trunk-server", ...from, "--", group, ...(id === undefined ? [] : [id])];
  return id === undefined ? ["delete-group", ...from, "--", group] : ["delete-storage", ...from, "--", group, id];
}

/** Our command line for a call of a C tool. Throws UsageFailure if its arguments are wrong. */
export function translateCTool(name: string, args: readonly string[]): string[] {
  const tool = cTools[name]!;
  const usage = `Usage: ${name} ${tool.usage}`;
  if (args.length < tool.min) throw new UsageFailure(`${name}: too few arguments. ${usage}`);
  if (args.length > tool.max) throw new UsageFailure(`${name}: too many arguments. ${usage}`);
  const translated = tool.translate(args);
  if (typeof translated === "string") throw new UsageFailure(`${name}: ${translated}. ${usage}`);
  return translated;
}
