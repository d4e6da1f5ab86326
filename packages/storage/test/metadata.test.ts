// Metadata against a model: whatever clients set, overwrite and merge, everyone reads the same sorted list.
import { readFileSync } from "node:fs";
import {
  MAX_METADATA_NAME_BYTES,
  MAX_METADATA_VALUE_BYTES,
  metadataName,
  type MetadataRecord,
  printMetadata,
} from "@fastdfs-ts/protocol";
import { Deadlines } from "@fastdfs-ts/runtime";
import { nodeWorld } from "@fastdfs-ts/runtime/node";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ServedStore, serveStore } from "./served-store.ts";
import { StoreClient } from "./store-client.ts";

const world = nodeWorld();
let served: ServedStore;
let client: StoreClient;

beforeAll(async () => {
  served = await serveStore();
  const endpoint = { host: "127.0.0.1", port: served.port };
  client = await StoreClient.dial(world.network, Deadlines.open(world.clock, 50), endpoint);
});

afterAll(async () => {
  client.close();
  await served.remove();
  expect(served.troubles).toEqual([]);
});

/** What a storage should hold: undefined for no metadata file. */
type Model = readonly MetadataRecord[] | undefined;

interface Setting {
  readonly operation: "O" | "M";
  readonly records: readonly MetadataRecord[];
}

function after(model: Model, { operation, records }: Setting): Model {
  if (records.length === 0) return operation === "O" ? undefined : model;
  const cut = records.map(
    ([name, value]) =>
      [name.slice(0, MAX_METADATA_NAME_BYTES), value.slice(0, MAX_METADATA_VALUE_BYTES)] as MetadataRecord,
  );
  const kept = operation === "O" ? [] : (model ?? []).filter(([name]) => !cut.some(([sent]) => sent === name));
  // Array.prototype.sort is stable: records of one name stay in their order.
  return [...kept, ...cut].sort(([a], [b]) => Buffer.compare(Buffer.from(a, "latin1"), Buffer.from(b, "latin1")));
}

const anyByte = fc.integer({ min: 3, max: 255 }).map((code) => String.fromCharCode(code));
const fewNames = fc.constantFrom("width", "height", "a", "A", "z", "\xe4", "", "n".repeat(64), "n".repeat(70));
const record = fc.tuple(
  fc.oneof(fewNames, fc.string({ unit: anyByte, maxLength: 80 })),
  fc.oneof(fc.constant(""), fc.string({ unit: anyByte, maxLength: 300 })),
);
const setting: fc.Arbitrary<Setting> = fc.record({
  operation: fc.constantFrom("O", "M"),
  records: fc.array(record, { maxLength: 6 }),
});

describe("metadata", () => {
  it("is what a list of settings leaves", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(setting, { minLength: 1, maxLength: 8 }), async (settings) => {
        const name = await client.upload(Buffer.from("x"));
        let model: Model = undefined;
        for (const each of settings) {
          await client.setMetadata(name, each.operation, printMetadata(each.records, "latin1"));
          model = after(model, each);
          if (model === undefined) await expect(client.metadata(name)).rejects.toMatchObject({ kind: "NOT_FOUND" });
          else expect(await client.metadata(name)).toEqual(printMetadata(model, "latin1"));
        }
        await client.delete(name);
      }),
      { numRuns: 150 },
    );
  });

  it("of many clients at once is merged one after the other: none is lost", async () => {
    const name = await client.upload(Buffer.from("x"));
    const endpoint = { host: "127.0.0.1", port: served.port };
    const deadlines = Deadlines.open(world.clock, 50);
    await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        const one = await StoreClient.dial(world.network, deadlines, endpoint);
        await one.setMetadata(name, "M", printMetadata([[`key${String(index).padStart(2, "0")}`, String(index)]]));
        one.close();
      }),
    );
    const expected = Array.from({ length: 30 }, (_, index): MetadataRecord => [
      `key${String(index).padStart(2, "0")}`,
      String(index),
    ]);
    expect(await client.metadata(name)).toEqual(printMetadata(expected));
  });

  it("that is too long is cut, and the file is as long as what is left (wire-protocol.md §12 no. 18)", async () => {
    const name = await client.upload(Buffer.from("x"));
    await client.setMetadata(name, "O", Buffer.from(`${"n".repeat(100)}\x02${"v".repeat(1000)}\x01a\x02b`));
    const expected = Buffer.from(`a\x02b\x01${"n".repeat(64)}\x02${"v".repeat(256)}`);
    expect(readFileSync(served.store.paths.all[0]!.fileAt(metadataName(name.slice(4))))).toEqual(expected);
    expect(await client.metadata(name)).toEqual(expected);
  });

  it("without any separator is an empty list (wire-protocol.md §12 no. 19)", async () => {
    const name = await client.upload(Buffer.from("x"));
    await client.setMetadata(name, "O", Buffer.from("no separators at all"));
    expect(readFileSync(served.store.paths.all[0]!.fileAt(metadataName(name.slice(4))))).toEqual(Buffer.alloc(0));
    expect(await client.metadata(name)).toEqual(Buffer.alloc(0));
    // Merged into something, it changes nothing.
    await client.setMetadata(name, "O", Buffer.from("a\x02b"));
    await client.setMetadata(name, "M", Buffer.from("no separators at all"));
    expect(await client.metadata(name)).toEqual(Buffer.from("a\x02b"));
  });

  it("with a byte 0 in it is refused and changes nothing", async () => {
    const name = await client.upload(Buffer.from("x"));
    await client.setMetadata(name, "O", Buffer.from("a\x021"));
    const own = await StoreClient.dial(world.network, Deadlines.open(world.clock, 50), {
      host: "127.0.0.1",
      port: served.port,
    });
    await expect(own.setMetadata(name, "O", Buffer.from("a\x02\0"))).rejects.toMatchObject({ kind: "BAD_REQUEST" });
    expect(await client.metadata(name)).toEqual(Buffer.from("a\x021"));
  });
});
