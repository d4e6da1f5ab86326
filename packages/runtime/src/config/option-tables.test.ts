// Every row of every option table: its default, the limits of its range and a bad value behave as the row says.
import { describe, expect, it } from "vitest";
import { parseIni } from "./ini-file.ts";
import { readOptions } from "./option-reading.ts";
import { type ConfFile, matchRowName, type OptionRow } from "./option-table.ts";
import { readOptionValue } from "./option-value.ts";
import { clientConf } from "./options/client-options.ts";
import { storageConf } from "./options/storage-options.ts";
import { trackerConf } from "./options/tracker-options.ts";
import { renderConfigurationPage } from "./reference-page.ts";
import { printSample } from "./sample.ts";

const confs: readonly ConfFile[] = [trackerConf, storageConf, clientConf];
const rows = confs.flatMap((conf) =>
  Object.entries(conf.tables).flatMap(([tableName, table]) =>
    Object.entries(table.rows).map(([name, row]) => ({ conf, tableName, table, name, row })),
  ),
);

/** A value that no row of the type takes as it is. */
const badValues: Readonly<Partial<Record<OptionRow["type"], string>>> = {
  boolean: "enabled",
  integer: "many",
  duration: "soon",
  size: "huge",
  time: "noon",
  choice: "none of them",
  "space-reserve": "half",
};

function scaled(row: OptionRow, value: number): number {
  return row.type === "duration" && row.unit === "s" ? value * 1000 : value;
}

describe.each(rows)("$conf.name $table.section $row.name", ({ row, conf, tableName, name }) => {
  it("has a default and a sample that it reads without complaint", () => {
    for (const text of [row.default, row.sample]) {
      if (text === undefined) continue;
      expect(readOptionValue(row, text)).toMatchObject({ kind: "value", warning: undefined });
    }
    const required = { base_path: "/x", tracker_server: "10.0.0.1" };
    const lines = Object.entries(required).map(([key, value]) => `${key}=${value}\n`);
    const values = readOptions(conf, parseIni(lines.join(""), conf.name)).values as Record<
      string,
      Record<string, unknown>
    >;
    if (row.default !== undefined && row.indexed !== true) {
      const read = readOptionValue(row, row.default);
      const base = row.name in required ? required[row.name as keyof typeof required] : undefined;
      expect(values[tableName]?.[name]).toEqual(base ?? (read.kind === "value" ? read.value : undefined));
    }
  });

  it("keeps its range", () => {
    const { min, below, max, above } = row.range ?? {};
    for (const [limit, step, rule] of [
      [min, -1, below ?? "refuse"],
      [max, 1, above ?? "refuse"],
    ] as const) {
      if (limit === undefined) continue;
      expect(readOptionValue(row, String(limit))).toEqual({
        kind: "value",
        value: scaled(row, limit),
        warning: undefined,
      });
      const beyond = readOptionValue(row, String(limit + step));
      if (rule === "refuse") expect(beyond.kind).toBe("refused");
      else {
        const used = rule === "limit" ? scaled(row, limit) : undefined;
        const fallback = row.default === undefined ? undefined : readOptionValue(row, row.default);
        const value = used ?? (fallback?.kind === "value" ? fallback.value : undefined);
        expect(beyond).toMatchObject({ kind: "value", value, warning: expect.stringMatching(/used\.$/) });
      }
    }
  });

  it("complains of a bad value", () => {
    const bad = badValues[row.type];
    if (bad === undefined) {
      expect(["text", "path"]).toContain(row.type);
      return;
    }
    const read = readOptionValue(row, bad);
    const otherwise = row.otherwise;
    if (read.kind === "refused") expect(read.error).toMatch(/\.$/);
    else expect(read.warning).toMatch(/\.$/);
    if (row.type === "choice" && row.numeric !== true) {
      expect(read).toMatchObject(otherwise === undefined ? { kind: "refused" } : { kind: "value", value: otherwise });
    }
    if (row.type === "boolean") expect(read).toMatchObject({ value: false });
  });

  it("names only rows and choices that exist", () => {
    if (row.otherwise !== undefined) expect(Object.keys(row.choices ?? {})).toContain(row.otherwise);
    if (row.onlyWith !== undefined) expect(conf.tables[tableName]?.rows[row.onlyWith]?.type).toBe("boolean");
    expect(row.indexed === true).toBe(row.name.includes("{n}"));
  });
});

describe("documents made from the tables", () => {
  it.each(confs)("prints a sample of $name that reads back without a warning", (conf) => {
    const reading = readOptions(conf, parseIni(printSample(conf), conf.name));
    expect(reading.warnings).toEqual([]);
  });

  it("prints given values instead of samples, one line each", () => {
    const sample = printSample(clientConf, { tracker_server: ["10.0.0.1:22122", "10.0.0.2:22122"] });
    const reading = readOptions(clientConf, parseIni(sample, "client.conf"));
    expect(reading.values.connection.trackerServers).toEqual(["10.0.0.1:22122", "10.0.0.2:22122"]);
  });

  it("describes every key on the reference page", () => {
    const page = renderConfigurationPage();
    for (const { row } of rows) expect(page).toContain(`| \`${row.name.replace("{n}", "N")}\` |`);
  });

  it("matches indexed keys by whole numbers only", () => {
    const row = storageConf.tables.storePaths.rows.storePaths;
    expect(matchRowName(row, "store_path12")).toEqual({ index: 12 });
    for (const key of ["store_path", "store_path01", "store_path0_readonly", "store_path_count", "store_path-1"]) {
      expect(matchRowName(row, key)).toBeUndefined();
    }
  });
});
