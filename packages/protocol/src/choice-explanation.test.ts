import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { expectReadAsPrinted, expectSoundReader } from "../test/json-explanations.ts";
import {
  type ChoiceExplanation,
  type ChoicePurpose,
  choicePurposeOf,
  choicePurposes,
  parseChoiceExplanation,
  printChoiceExplanation,
} from "./choice-explanation.ts";
import { type StorageStatus, storageStatuses } from "./storage-statuses.ts";

const count = fc.maxSafeNat();
const share = fc.double({ min: 0, max: 2, noNaN: true }).map((value) => value + 0);
const text = fc.string({ unit: "grapheme" });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const explanations: fc.Arbitrary<ChoiceExplanation> = fc.record({
  version: fc.constant(1),
  takenSeconds: count,
  purpose: fc.constantFrom(...(Object.keys(choicePurposes) as ChoicePurpose[])),
  settings: fc.array(fc.record({ key: text, value: text, meaning: text }), { maxLength: 2 }),
  file: maybe(fc.record({ sourceId: text, createdSeconds: maybe(count), mayChange: fc.boolean() })),
  groups: fc.array(
    fc.record({
      groupName: text,
      ruledOut: maybe(text),
      totalMib: count,
      freeMib: count,
      reservedMib: count,
      trunkFreeMib: count,
      promisedMib: share,
      writableMembers: count,
      diskUsage: share,
      taskRatio: share,
      load: share,
      chance: share,
    }),
    { maxLength: 2 },
  ),
  groupName: text,
  members: fc.array(
    fc.record({
      storageId: text,
      address: text,
      port: count,
      status: fc.constantFrom(...(Object.keys(storageStatuses) as StorageStatus[])),
      ruledOut: maybe(text),
      trouble: maybe(text),
      hasFile: maybe(text),
      isSource: fc.boolean(),
      syncedSeconds: maybe(count),
      totalMib: count,
      freeMib: count,
      uploadPriority: fc.integer(),
      tasks: share,
      latencyMicros: maybe(share),
      diskSpeed: maybe(count),
      report: maybe(
        fc.record({
          ageMs: share,
          cpuPermille: maybe(count),
          memoryPermille: maybe(count),
          diskPermille: maybe(count),
          diskBytesPerSecond: maybe(count),
          networkPermille: maybe(count),
        }),
      ),
      capacity: share,
      cost: share,
      chance: share,
    }),
    { maxLength: 2 },
  ),
  paths: fc.array(
    fc.record({ index: count, totalMib: count, freeMib: count, reservedMib: count, ruledOut: maybe(text) }),
    { maxLength: 2 },
  ),
  choice: maybe(
    fc.record({
      groupName: text,
      storageId: text,
      address: text,
      port: count,
      storePathIndex: maybe(count),
      chance: share,
      reasons: fc.array(text),
    }),
  ),
  refusal: maybe(
    fc.record({
      status: count,
      reason: text,
      groupName: maybe(text),
      storageId: maybe(text),
      storePathIndex: maybe(count),
      freeMib: maybe(count),
      limitMib: maybe(count),
      setting: maybe(text),
    }),
  ),
});

describe("an explanation of a choice", () => {
  it("is read as it was printed", () => {
    expectReadAsPrinted(explanations, printChoiceExplanation, parseChoiceExplanation);
  });

  it("is refused where it makes no sense, and never crashes the reader", () => {
    expectSoundReader(explanations, parseChoiceExplanation, 80);
  });

  it("of another version is refused with both numbers", () => {
    expect(() => parseChoiceExplanation(Buffer.from(`{"version": 2}`))).toThrow(/version 2, this client understands 1/);
  });

  it("is asked for by a number", () => {
    for (const [purpose, number] of Object.entries(choicePurposes)) expect(choicePurposeOf(number)).toBe(purpose);
    expect(choicePurposeOf(9)).toBeUndefined();
  });
});
