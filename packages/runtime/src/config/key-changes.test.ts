import { describe, expect, it } from "vitest";
import { parseIni } from "./ini-file.ts";
import { compareValues, takeReloadable } from "./key-changes.ts";
import { readOptions } from "./option-reading.ts";
import { trackerConf } from "./options/tracker-options.ts";

const valuesOf = (lines: string) => readOptions(trackerConf, parseIni(`base_path=/d\n${lines}`, "x.conf")).values;

describe("two readings of a file", () => {
  it.each([
    ["store_lookup=3", "store_lookup", "0", "3"],
    ["store_group=g2", "store_group", "not set", "g2"],
    ["reserved_storage_space=12.5%", "reserved_storage_space", "1GB", "12.5%"],
    ["storage_sync_file_max_time = 7", "storage_sync_file_max_time", "300", "7"],
    ["use_trunk_file=yes", "use_trunk_file", "false", "true"],
    ["trunk_file_size=128MB", "trunk_file_size", "64MB", "128MB"],
    ["trunk_create_file_time_base=3:05", "trunk_create_file_time_base", "02:00", "03:05"],
    ["bind_addr=127.0.0.1", "bind_addr", "empty", "127.0.0.1"],
    ["allow_hosts=10.0.0.1\nallow_hosts=10.0.0.2", "allow_hosts", "not set", "10.0.0.1, 10.0.0.2"],
    ["[error-log]\nlog_format=json", "[error-log] log_format", "text", "json"],
  ])("%j differ in the spelling of the file", (lines, key, from, to) => {
    const { changed, needsRestart } = compareValues(trackerConf, valuesOf(""), valuesOf(lines));
    expect([...changed, ...needsRestart]).toEqual([{ key, from, to }]);
    const back = compareValues(trackerConf, valuesOf(lines), valuesOf(""));
    expect([...back.changed, ...back.needsRestart]).toEqual([{ key, from: to, to: from }]);
  });

  it("do not differ by another spelling", () => {
    const { changed, needsRestart } = compareValues(
      trackerConf,
      valuesOf("reserved_storage_space=1024MB\nuse_trunk_file=0\ntrunk_create_file_time_base=2:0"),
      valuesOf("use_trunk_file=off\nstore_server = 0"),
    );
    expect([changed, needsRestart]).toEqual([[], []]);
  });

  it("are joined by what can be reloaded", () => {
    const joined = takeReloadable(trackerConf, valuesOf("port=1\nstore_lookup=2"), valuesOf("port=2\nstore_server=2"));
    expect(joined).toEqual(valuesOf("port=1\nstore_server=2"));
  });
});
