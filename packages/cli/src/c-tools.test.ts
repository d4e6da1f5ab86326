import { describe, expect, it } from "vitest";

import { cTools, translateCTool } from "./c-tools.ts";
import { commands } from "./commands.ts";
import { UsageFailure } from "./failure.ts";
import { optionText } from "./program.ts";

const calls: [tool: string, args: string[], ours: string][] = [
  ["fdfs_upload_file", ["c", "f"], "upload --conf c -- f"],
  ["fdfs_upload_file", ["c", "f", "10.0.0.1:23000"], "upload --conf c --storage 10.0.0.1:23000 -- f"],
  ["fdfs_upload_file", ["c", "f", "10.0.0.1", "1"], "upload --conf c --storage 10.0.0.1 --path-index 1 -- f"],
  ["fdfs_upload_appender", ["c", "f"], "upload --appender --conf c -- f"],
  ["fdfs_append_file", ["c", "id", "f"], "append --conf c -- id f"],
  ["fdfs_regenerate_filename", ["c", "id"], "regenerate --conf c -- id"],
  ["fdfs_download_file", ["c", "id"], "download --conf c -- id"],
  ["fdfs_download_file", ["c", "id", "f"], "download --conf c -- id f"],
  ["fdfs_download_file", ["c", "id", "f", "5", "10"], "download --conf c --offset 5 --length 10 -- id f"],
  ["fdfs_download_file", ["c", "id", "f", "5"], "download --conf c -- id f"],
  ["fdfs_download_file", ["c", "id", "f", "5", "0"], "download --conf c --offset 5 -- id f"],
  ["fdfs_delete_file", ["c", "id"], "delete --conf c -- id"],
  ["fdfs_file_info", ["c", "id"], "info --c-text --conf c -- id"],
  ["fdfs_file_info", ["-s", "-n", "c", "id"], "info --c-text --silent --skip-crc --conf c -- id"],
  ["fdfs_file_info", ["-sn", "c", "id"], "info --c-text --silent --skip-crc --conf c -- id"],
  ["fdfs_file_info", ["-s", "c", "id"], "info --c-text --silent --conf c -- id"],
  ["fdfs_file_info", ["-n", "c", "id"], "info --c-text --skip-crc --conf c -- id"],
  ["fdfs_trackerd", ["c"], "tracker -- c start"],
  ["fdfs_trackerd", ["c", "restart"], "tracker -- c restart"],
  ["fdfs_storaged", ["c", "stop"], "storage -- c stop"],
  ["fdfs_storaged", ["-N", "c"], "storage -- c"],
  ["fdfs_crc32", ["f"], "crc32 -- f"],
  ["fdfs_tracker_stat", [], "stat trackers --conf /etc/fdfs/client.conf"],
  ["fdfs_tracker_stat", ["-c", "c", "-A", "-F", "-d"], "stat trackers --conf c --active yes --leader no"],
  ["fdfs_tracker_stat", ["-NLc", "c"], "stat trackers --conf c --active no --leader yes"],
  ["fdfs_storage_stat", ["-N", "-t", "-c", "c"], "stat storages --conf c --active no --trunk no"],
  ["fdfs_storage_stat", ["-A", "-T", "-d"], "stat storages --conf /etc/fdfs/client.conf --active yes --trunk yes"],
  ["fdfs_volumn_stat", ["-ADT", "-c", "c"], "stat groups --conf c --space yes --disk yes --trunk yes"],
  ["fdfs_volumn_stat", ["-Ndt", "-c", "c"], "stat groups --conf c --space no --disk no --trunk no"],
  ["fdfs_test", ["c", "upload", "f"], "upload --conf c -- f"],
  ["fdfs_test", ["c", "upload", "f", "BUFF"], "upload --conf c -- f"],
  ["fdfs_test", ["c", "download", "g", "M00/x"], "download --conf c -- g/M00/x"],
  ["fdfs_test", ["c", "download", "g", "M00/x", "f"], "download --conf c -- g/M00/x f"],
  ["fdfs_test", ["c", "getmeta", "g", "M00/x"], "meta get --conf c -- g/M00/x"],
  ["fdfs_test", ["c", "setmeta", "g", "M00/x", "o", "a=1,b=2"], "meta set --conf c -- g/M00/x a=1 b=2"],
  ["fdfs_test", ["c", "delete", "g", "M00/x"], "delete --conf c -- g/M00/x"],
  ["fdfs_test", ["c", "query_servers", "g", "M00/x"], "locate --conf c -- g/M00/x"],
  ["fdfs_test1", ["c", "download", "id", "f"], "download --conf c -- id f"],
  ["fdfs_test1", ["c", "setmeta", "id", "m", "a=1"], "meta merge --conf c -- id a=1"],
  ["fdfs_monitor", ["c"], "monitor --c-text --conf c"],
  ["fdfs_monitor", ["c", "-h", "10.0.0.2"], "monitor --c-text --conf c --tracker 10.0.0.2"],
  ["fdfs_monitor", ["c", "list", "g", "1"], "monitor --c-text --conf c --group g --storage 1"],
  ["fdfs_monitor", ["c", "delete", "g", "1"], "delete-storage --conf c -- g 1"],
  ["fdfs_monitor", ["c", "delete", "g"], "delete-group --conf c -- g"],
  ["fdfs_monitor", ["c", "-h", "h:1", "set_trunk_server", "g", "1"], "set-trunk-server --conf c --tracker h:1 -- g 1"],
];

describe("the names of the C tools", () => {
  it.each(calls)("%s %j", (tool, args, ours) => {
    expect(translateCTool(tool, args).join(" ")).toBe(ours);
  });

  it("become commands and options that exist", () => {
    for (const [, , ours] of calls) {
      const row = commands.find(({ name }) => ours.startsWith(`${name} `));
      const known = Object.entries(row!.options).flatMap(([name, spec]) => /--[\w-]+/.exec(optionText(name, spec))!);
      for (const option of ours.match(/--\w[\w-]*/g) ?? []) expect(known).toContain(option);
    }
  });

  it("are all tried above", () => {
    expect(Object.keys(cTools).sort()).toEqual([...new Set(calls.map(([tool]) => tool))].sort());
  });

  it.each<[string, string[], string]>([
    ["fdfs_upload_file", ["c"], "too few arguments"],
    ["fdfs_delete_file", ["c", "id", "x"], "too many arguments"],
    ["fdfs_file_info", ["-s", "c"], "too few arguments"],
    ["fdfs_file_info", ["c", "id", "x"], "too many arguments"],
    ["fdfs_tracker_stat", ["-x"], "there is no option -x"],
    ["fdfs_tracker_stat", ["c"], '"c" is no option'],
    ["fdfs_storage_stat", ["-c"], "-c needs a file"],
    [
      "fdfs_test",
      ["c", "frob", "g", "M00/x"],
      '"frob" is not upload, download, getmeta, setmeta, delete, query_servers',
    ],
    ["fdfs_test", ["c", "delete", "g", "M00/x", "y"], "too many arguments"],
    ["fdfs_test1", ["c", "setmeta", "id", "m"], "too few arguments"],
    ["fdfs_test1", ["c", "setmeta", "id", "x", "a=1"], '"x" is not o (overwrite) or m (merge)'],
    ["fdfs_monitor", ["c", "remove", "g"], '"remove" is not list, delete or set_trunk_server'],
    ["fdfs_monitor", ["c", "delete"], "delete needs a group"],
    ["fdfs_monitor", ["c", "-h"], "-h needs a tracker"],
  ])("%s %j is refused with the tool's usage", (tool, args, message) => {
    expect(() => translateCTool(tool, args)).toThrow(UsageFailure);
    expect(() => translateCTool(tool, args)).toThrow(`${tool}: ${message}. Usage: ${tool} `);
  });
});
