import { Readable } from "node:stream";

import { describe, expect, it } from "vitest";

import { checkedChunks, counted, interruptible } from "./chunk-stream.ts";
import { inPieces } from "./upload-source.ts";

async function all(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const chunk of chunks) pieces.push(chunk);
  return Buffer.concat(pieces).toString();
}

const never = new AbortController().signal;
const abc = () => [Buffer.from("a"), Buffer.alloc(0), Buffer.from("bc")];

describe("checkedChunks", () => {
  it("gives what comes, without empty chunks", async () => {
    const seen: number[] = [];
    for await (const chunk of checkedChunks(abc())) seen.push(chunk.length);
    expect(seen).toEqual([1, 2]);
  });

  it("destroys a Node stream that is not read to its end", async () => {
    const stream = Readable.from(abc());
    for await (const chunk of checkedChunks(stream)) {
      expect(chunk.length).toBe(1);
      break;
    }
    expect(stream.destroyed).toBe(true);
  });
});

describe("interruptible", () => {
  it("passes everything on while nothing happens", async () => {
    expect(await all(interruptible(checkedChunks(abc()), never))).toBe("abc");
  });

  it("ends a wait that has begun, and tells the source", async () => {
    const controller = new AbortController();
    const stream = new Readable({ read() {} });
    const reading = all(interruptible(checkedChunks(stream), controller.signal));
    controller.abort();
    await expect(reading).rejects.toMatchObject({ kind: "ABORTED" });
    expect(stream.destroyed).toBe(true);
  });

  it("begins nothing when the signal has fired already", async () => {
    await expect(all(interruptible(checkedChunks(abc()), AbortSignal.abort()))).rejects.toMatchObject({
      kind: "ABORTED",
    });
  });
});

describe("counted", () => {
  it.each([
    ["memory", () => abc().filter(({ length }) => length > 0)],
    ["a stream", () => checkedChunks(abc())],
  ])("%s: reports each chunk once it was handed over", async (_, source) => {
    const seen: number[] = [];
    expect(await all(counted(source(), (doneBytes) => seen.push(doneBytes)))).toBe("abc");
    expect(seen).toEqual([1, 3]);
  });
});

describe("inPieces", () => {
  it.each([
    ["abcdef", 4, ["abcd", "ef"]],
    ["abcdef", 3, ["abc", "def"]],
    ["abcdef", 100, ["abcdef"]],
    ["", 3, []],
  ])("%j by %i", async (text, pieceBytes, expected) => {
    for (const chunkBytes of [1, 2, 5, 100]) {
      const chunks: Buffer[] = [];
      for (let at = 0; at < text.length; at += chunkBytes) chunks.push(Buffer.from(text.slice(at, at + chunkBytes)));
      const pieces: string[] = [];
      for await (const piece of inPieces(chunks, pieceBytes, never)) pieces.push(Buffer.concat(piece).toString());
      expect(pieces).toEqual(expected);
    }
  });
});
