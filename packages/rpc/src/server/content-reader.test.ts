import { FdfsError } from "@fastdfs-ts/protocol";
import { describe, expect, it } from "vitest";

import { ChunkQueue } from "../chunk-queue.ts";
import { IncomingContent } from "./content-reader.ts";

function setUp(totalBytes: number) {
  const inbox = new ChunkQueue();
  let hungry = 0;
  const content = new IncomingContent(totalBytes, inbox, () => {
    hungry++;
  });
  const arrive = (text: string) => {
    inbox.push(Buffer.from(text));
    content.arrived();
  };
  return { inbox, content, arrive, hungry: () => hungry };
}

const lost = new FdfsError("CONNECTION_LOST", { reason: "gone", peer: "test" });

describe("IncomingContent", () => {
  it("hands out all at once if it is there in one piece, and no byte of what comes behind it", () => {
    const { inbox, content } = setUp(5);
    inbox.push(Buffer.from("abcdeNEXT"));
    expect(content.takeWhole()).toEqual(Buffer.from("abcde"));
    expect(content.remainingBytes).toBe(0);
    expect(inbox.take(4).toString()).toBe("NEXT");
  });

  it("joins a few bytes that came in pieces", () => {
    const { inbox, content } = setUp(5);
    for (const chunk of ["ab", "c", "deNEXT"]) inbox.push(Buffer.from(chunk));
    expect(content.takeWhole()).toEqual(Buffer.from("abcde"));
    expect(inbox.take(4).toString()).toBe("NEXT");
  });

  it("hands out many bytes whole only if they came in one piece", () => {
    const bytes = 100_000;
    const pieces = setUp(bytes);
    for (let i = 0; i < 2; i++) pieces.inbox.push(Buffer.alloc(bytes / 2));
    expect(pieces.content.takeWhole()).toBeUndefined();
    const whole = setUp(bytes);
    whole.inbox.push(Buffer.alloc(bytes + 1));
    expect(whole.content.takeWhole()?.length).toBe(bytes);
  });

  it.each([[["abc"]], [[]]])("has no whole to hand out of %j", (chunks) => {
    const { inbox, content } = setUp(5);
    for (const chunk of chunks) inbox.push(Buffer.from(chunk));
    expect(content.takeWhole()).toBeUndefined();
    expect([content.remainingBytes, inbox.length]).toEqual([5, chunks.join("").length]);
  });

  it("is empty from the beginning if nothing was announced", async () => {
    expect(setUp(0).content.takeWhole()).toEqual(Buffer.alloc(0));
    await setUp(0).content.consume(() => expect.unreachable());
  });

  it("hands out what had arrived before the peer went", async () => {
    const { content, inbox } = setUp(4);
    const taken: string[] = [];
    inbox.push(Buffer.from("ab"));
    content.fail(lost);
    await expect(content.consume((piece) => void taken.push(piece.toString()))).rejects.toBe(lost);
    expect(taken).toEqual(["ab"]);
  });

  it("knows what it did not throw away because it has not come", () => {
    const { content, inbox } = setUp(10);
    inbox.push(Buffer.from("abcd"));
    expect(content.discardArrived()).toBe(6);
    inbox.push(Buffer.from("efghijNEXT"));
    expect(content.discardArrived()).toBe(0);
    expect(inbox.take(4).toString()).toBe("NEXT");
  });

  it("feeds a consumer in the turn in which bytes arrive, in order and to the end", async () => {
    const { inbox, content, arrive, hungry } = setUp(6);
    const taken: string[] = [];
    inbox.push(Buffer.from("ab"));
    const consumed = content.consume((piece) => void taken.push(piece.toString()));
    expect(taken).toEqual(["ab"]);
    expect(hungry()).toBe(1);
    expect(content.isWaiting).toBe(true);
    arrive("cd");
    expect(taken).toEqual(["ab", "cd"]);
    arrive("efNEXT");
    await consumed;
    expect(taken).toEqual(["ab", "cd", "ef"]);
    expect(inbox.length).toBe(4);
    expect(content.isWaiting).toBe(false);
  });

  it("waits for a consumer that is busy", async () => {
    const { content, arrive } = setUp(4);
    const taken: string[] = [];
    const goOn: (() => void)[] = [];
    const consumed = content.consume((piece) => {
      taken.push(piece.toString());
      return new Promise((resolve) => goOn.push(resolve));
    });
    arrive("ab");
    arrive("cd");
    expect(taken).toEqual(["ab"]);
    expect(content.isWaiting).toBe(false);
    goOn[0]!();
    await Promise.resolve();
    expect(taken).toEqual(["ab", "cd"]);
    goOn[1]!();
    await consumed;
  });

  it.each([
    [
      "throws",
      () => {
        throw lost;
      },
    ],
    ["rejects", () => Promise.reject(lost)],
  ] as const)("gives up when a consumer %s, and leaves the rest", async (_, take) => {
    const { content, arrive } = setUp(4);
    const consumed = content.consume(take);
    arrive("ab");
    await expect(consumed).rejects.toBe(lost);
    arrive("cd");
    expect(content.remainingBytes).toBe(2);
  });

  it("tells a consumer that the peer is gone, idle or busy", async () => {
    const idle = setUp(4);
    const consumed = idle.content.consume(() => {});
    idle.content.fail(lost);
    await expect(consumed).rejects.toBe(lost);

    const busy = setUp(4);
    let goOn!: () => void;
    const consumedLater = busy.content.consume(() => new Promise((resolve) => (goOn = resolve)));
    busy.arrive("ab");
    busy.content.fail(lost);
    goOn();
    await expect(consumedLater).rejects.toBe(lost);
  });
});
