import { StatisticsBlock } from "@fastdfs-ts/protocol";
import { describe, expect, it } from "vitest";

import { StorageStatistics } from "./stats.ts";

const connections = { allocated: 3, current: 2, maximum: 9 };

describe("StorageStatistics", () => {
  it("gives a block with exactly the fields of the wire", () => {
    const statistics = new StorageStatistics();
    statistics.successUploadBytes = 12;
    const block = statistics.block(connections);
    expect(Object.keys(block).sort()).toEqual(Object.keys(StatisticsBlock.fields).sort());
    expect(block).toMatchObject({ successUploadBytes: 12, connectionsCurrent: 2, connectionsMaximum: 9 });
    expect(StatisticsBlock.encode(block)).toHaveLength(348);
  });

  it("reports only what was not confirmed before, to each tracker by itself", () => {
    const statistics = new StorageStatistics();
    const first = statistics.reporter(() => connections);
    const second = statistics.reporter(() => connections);
    expect(first.changed()).toBeDefined();
    expect(first.changed(), "not confirmed yet").toBeDefined();
    first.confirm();
    expect(first.changed()).toBeUndefined();
    expect(second.changed()).toBeDefined();
    statistics.totalDownloadCount++;
    expect(first.changed()?.totalDownloadCount).toBe(1);
  });

  it("does not take the position of round robin for a counter", () => {
    const statistics = new StorageStatistics();
    const reporter = statistics.reporter(() => connections);
    reporter.changed();
    reporter.confirm();
    statistics.distWriteFileCount++;
    expect(reporter.changed()).toBeUndefined();
  });
});
