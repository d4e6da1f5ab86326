import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { ChunkQueue } from "./chunk-queue.ts";

/** The queue as one buffer: what it must be like from outside. */
interface Model {
  bytes: Buffer;
}

type Step = fc.Command<Model, ChunkQueue>;

const push = (chunk: Uint8Array): Step => ({
  check: () => true,
  run(model, queue) {
    model.bytes = Buffer.concat([model.bytes, chunk]);
    queue.push(Buffer.from(chunk));
    expect(queue.length).toBe(model.bytes.length);
  },
  toString: () => `push(${chunk.length})`,
});

const take = (share: number): Step => ({
  check: () => true,
  run(model, queue) {
    const count = Math.floor(share * model.bytes.length);
    expect(queue.peek(count)).toEqual(model.bytes.subarray(0, count));
    expect(queue.length).toBe(model.bytes.length);
    expect(queue.take(count)).toEqual(model.bytes.subarray(0, count));
    model.bytes = model.bytes.subarray(count);
    expect(queue.length).toBe(model.bytes.length);
  },
  toString: () => `take(${share} of all)`,
});

const takeSome = (limit: number): Step => ({
  check: () => true,
  run(model, queue) {
    const piece = queue.takeSome(limit);
    if (model.bytes.length === 0) {
      expect(piece).toBeUndefined();
      return;
    }
    expect(piece!.length).toBeGreaterThan(0);
    expect(piece!.length).toBeLessThanOrEqual(limit);
    expect(piece).toEqual(model.bytes.subarray(0, piece!.length));
    model.bytes = model.bytes.subarray(piece!.length);
    expect(queue.length).toBe(model.bytes.length);
  },
  toString: () => `takeSome(${limit})`,
});

/** As a connection does: the memory is overwritten as soon as the turn ends. */
const pushLent = (chunk: Uint8Array, share: number): Step => ({
  check: () => true,
  run(model, queue) {
    const lent = Buffer.from(chunk);
    model.bytes = Buffer.concat([model.bytes, chunk]);
    queue.push(lent);
    const count = Math.floor(share * model.bytes.length);
    queue.skip(count);
    model.bytes = model.bytes.subarray(count);
    queue.keepLast();
    lent.fill(0xdb);
    expect(queue.peek(model.bytes.length)).toEqual(model.bytes);
  },
  toString: () => `pushLent(${chunk.length}, take ${share} of all)`,
});

const takeInOnePiece = (share: number): Step => ({
  check: () => true,
  run(model, queue) {
    const count = Math.floor(share * model.bytes.length);
    const piece = queue.takeInOnePiece(count);
    if (piece !== undefined) {
      expect(piece).toEqual(model.bytes.subarray(0, count));
      model.bytes = model.bytes.subarray(count);
    }
    expect(queue.length).toBe(model.bytes.length);
  },
  toString: () => `takeInOnePiece(${share} of all)`,
});

const clear: Step = {
  check: () => true,
  run(model, queue) {
    model.bytes = Buffer.alloc(0);
    queue.clear();
    expect(queue.length).toBe(0);
  },
  toString: () => "clear",
};

describe("ChunkQueue", () => {
  it("is one stream of bytes, however it was cut", () => {
    const steps = [
      fc.uint8Array({ maxLength: 40 }).map(push),
      fc.double({ min: 0, max: 1, noNaN: true }).map(take),
      fc.integer({ min: 1, max: 60 }).map(takeSome),
      fc.constant(clear),
      fc
        .tuple(fc.uint8Array({ maxLength: 40 }), fc.double({ min: 0, max: 1, noNaN: true }))
        .map((args) => pushLent(...args)),
      fc.double({ min: 0, max: 1, noNaN: true }).map(takeInOnePiece),
    ];
    fc.assert(
      fc.property(fc.commands(steps, { maxCommands: 60 }), (commands) => {
        fc.modelRun(() => ({ model: { bytes: Buffer.alloc(0) }, real: new ChunkQueue() }), commands);
      }),
      { numRuns: 500 },
    );
  });

  it("hands out slices of what was pushed where a piece lies in one chunk", () => {
    const queue = new ChunkQueue();
    const chunk = Buffer.from("abcdef");
    queue.push(chunk);
    const piece = queue.take(3);
    expect(piece.buffer).toBe(chunk.buffer);
    expect(queue.takeSome(10)!.buffer).toBe(chunk.buffer);
  });
});
