import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { expectReadAsPrinted, expectSoundReader } from "../test/json-explanations.ts";
import { type ClusterExplanation, parseExplanation, printExplanation } from "./cluster-explanation.ts";
import { type ReplicatorState, replicatorStates } from "./messages/extensions.ts";
import { type StorageStatus, storageStatuses } from "./storage-statuses.ts";

const seconds = fc.integer({ min: 0, max: 2 ** 31 });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const explanations: fc.Arbitrary<ClusterExplanation> = fc.record({
  version: fc.constant(1),
  takenSeconds: seconds,
  groups: fc.array(
    fc.record({
      groupName: fc.string(),
      storages: fc.array(
        fc.record({
          storageId: fc.string(),
          address: fc.string(),
          port: seconds,
          status: fc.constantFrom(...(Object.keys(storageStatuses) as StorageStatus[])),
          reason: fc.string({ unit: "grapheme" }),
          sinceSeconds: seconds,
          sourceId: fc.string(),
          untilSeconds: seconds,
          progress: maybe(fc.record({ doneBytes: fc.maxSafeNat(), totalBytes: fc.maxSafeNat() })),
          estimatedEndSeconds: maybe(seconds),
          lastBeatSecondsAgo: maybe(seconds),
          isReadable: fc.boolean(),
          isWritable: fc.boolean(),
          reportsReplication: fc.boolean(),
        }),
        { maxLength: 3 },
      ),
      replication: fc.array(
        fc.record({
          sourceId: fc.string(),
          peerId: fc.string(),
          state: maybe(fc.constantFrom(...(Object.keys(replicatorStates) as ReplicatorState[]))),
          reason: fc.string(),
          sinceSeconds: seconds,
          lagSeconds: maybe(seconds),
          lagBytes: maybe(fc.maxSafeNat()),
          parkedRecords: seconds,
        }),
        { maxLength: 3 },
      ),
      removed: fc.array(fc.record({ storageId: fc.string(), removedSeconds: seconds }), { maxLength: 2 }),
    }),
    { maxLength: 3 },
  ),
});

describe("an explanation of the cluster", () => {
  it("is read as it was printed", () => {
    expectReadAsPrinted(explanations, printExplanation, parseExplanation);
  });

  it("is refused where it makes no sense, and never crashes the reader", () => {
    expectSoundReader(explanations, parseExplanation, 40);
  });

  it("of another version is refused with both numbers", () => {
    const json = Buffer.from(JSON.stringify({ version: 2, takenSeconds: 1, groups: [] }));
    expect(() => parseExplanation(json)).toThrow(/version 2, this client understands 1/);
  });
});
