// Answers that come before the request is out, and connections that end in the middle.
import { storageCommands } from "@fastdfs-ts/protocol";
import { describe, expect, it } from "vitest";

import { turn } from "../../test/fake-socket.ts";
import { answerFrame, dialFake, within } from "../../test/fake-dial.ts";

const REQUEST = { logicalName: "M".repeat(44), contentBytes: 300 };
const piece = Buffer.alloc(100, 1);

/** A source that gives the next piece when it is told to. */
function slowSource() {
  const gates: (() => void)[] = [];
  let isReturned = false;
  const chunks: AsyncIterable<Buffer> = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise((resolve) => gates.push(() => resolve({ value: piece, done: false }))),
      return: () => {
        isReturned = true;
        return Promise.resolve({ value: undefined, done: true });
      },
    }),
  };
  return { chunks, give: () => gates.shift()?.(), isReturned: () => isReturned };
}

describe("a refusal in the middle of an upload", () => {
  it("is the answer, and the connection is not used again", async () => {
    const { connection, socket } = await dialFake();
    socket.isFull = true;
    const content = { bytes: 300, chunks: [piece, piece, piece] };
    const sending = connection.send(storageCommands.appendFile, REQUEST, content, within);
    await turn();
    socket.events.data(answerFrame(Buffer.alloc(0), 28));
    await expect(sending).rejects.toMatchObject({ kind: "NO_SPACE" });
    expect(Buffer.concat(socket.sent).length).toBeLessThan(300);
    expect(connection.isUsable).toBe(false);
    expect(socket.isDestroyed).toBe(true);
  });

  it("does not wait for a source that is slow to give", async () => {
    const { connection, socket } = await dialFake();
    const source = slowSource();
    const sending = connection.send(storageCommands.appendFile, REQUEST, { bytes: 300, chunks: source.chunks }, within);
    await turn();
    source.give();
    await turn();
    socket.events.data(answerFrame(Buffer.alloc(0), 28));
    await expect(sending).rejects.toMatchObject({ kind: "NO_SPACE" });
    expect(source.isReturned()).toBe(true);
    expect(connection.isUsable).toBe(false);
  });

  it("is the answer even if the server closes right behind it", async () => {
    const { connection, socket } = await dialFake();
    const source = slowSource();
    const sending = connection.send(storageCommands.appendFile, REQUEST, { bytes: 300, chunks: source.chunks }, within);
    await turn();
    socket.events.data(answerFrame(Buffer.alloc(0), 22));
    socket.lose(new Error("ECONNRESET"));
    await expect(sending).rejects.toMatchObject({ kind: "BAD_REQUEST" });
  });

  it("cut short is a lost connection", async () => {
    const { connection, socket } = await dialFake();
    const source = slowSource();
    const sending = connection.send(storageCommands.appendFile, REQUEST, { bytes: 300, chunks: source.chunks }, within);
    await turn();
    socket.events.data(answerFrame(Buffer.alloc(0), 22).subarray(0, 5));
    socket.lose();
    await expect(sending).rejects.toMatchObject({ kind: "CONNECTION_LOST" });
  });
});

describe("success before the request is out", () => {
  it("is an answer of which nobody knows to what: the connection goes", async () => {
    const { connection, socket } = await dialFake();
    const source = slowSource();
    const sending = connection.send(storageCommands.appendFile, REQUEST, { bytes: 300, chunks: source.chunks }, within);
    await turn();
    socket.events.data(answerFrame());
    await expect(sending).rejects.toMatchObject({ kind: "BAD_ANSWER" });
    expect(connection.isUsable).toBe(false);
  });
});

describe("a source", () => {
  const tooMuch = [piece, piece, piece, piece];
  it.each([
    ["longer than announced", tooMuch],
    ["shorter than announced", [piece]],
  ])("%s is refused before the server is misled", async (_, chunks) => {
    const { connection, socket } = await dialFake();
    const sending = connection.send(storageCommands.appendFile, REQUEST, { bytes: 300, chunks }, within);
    await expect(sending).rejects.toMatchObject({ kind: "BAD_REQUEST" });
    expect(connection.isUsable).toBe(false);
    expect(socket.isDestroyed).toBe(true);
  });

  it("that fails takes its own error to the caller", async () => {
    const { connection } = await dialFake();
    const own = new RangeError("cannot read on");
    const chunks = (function* () {
      yield piece;
      throw own;
    })();
    await expect(connection.send(storageCommands.appendFile, REQUEST, { bytes: 300, chunks }, within)).rejects.toBe(
      own,
    );
    expect(connection.isUsable).toBe(false);
  });
});

describe("bytes that nobody asked for", () => {
  it("end the connection", async () => {
    const { connection, socket } = await dialFake();
    socket.events.data(answerFrame());
    expect(connection.isUsable).toBe(false);
    expect(socket.isDestroyed).toBe(true);
  });

  it("behind an answer end it after the answer was given", async () => {
    const { connection, socket } = await dialFake();
    const calling = connection.call(storageCommands.activeTest, {}, within);
    socket.events.data(Buffer.concat([answerFrame(), Buffer.from("x")]));
    await expect(calling).resolves.toEqual({});
    expect(connection.isUsable).toBe(false);
  });

  it("that are no answer at all are refused", async () => {
    for (const bad of [Buffer.alloc(10, 255), answerFrame().fill(11, 8, 9)]) {
      const { connection, socket } = await dialFake();
      const calling = connection.call(storageCommands.activeTest, {}, within);
      socket.events.data(bad);
      await expect(calling).rejects.toMatchObject({ kind: "BAD_ANSWER" });
      expect(connection.isUsable).toBe(false);
    }
  });

  it("behind an error end the connection: no server may send a body there", async () => {
    const { connection, socket } = await dialFake();
    const calling = connection.call(storageCommands.activeTest, {}, within);
    socket.events.data(answerFrame(Buffer.from("body"), 2));
    await expect(calling).rejects.toMatchObject({ kind: "NOT_FOUND" });
    expect(connection.isUsable).toBe(false);
  });
});

describe("an answer in pieces", () => {
  it("is the same answer when cut at any byte", async () => {
    const body = storageCommands.queryFileInfo.answer.encode({
      fileBytes: 5,
      modifiedSeconds: 7,
      crc32: 9,
      sourceIp: "192.0.2.9",
    });
    const whole = answerFrame(body);
    for (let at = 1; at < whole.length; at++) {
      const { connection, socket } = await dialFake();
      const request = { groupName: "group1", logicalName: `M00/00/00/${"a".repeat(34)}` };
      const calling = connection.call(storageCommands.queryFileInfo, request, within);
      socket.events.data(whole.subarray(0, at));
      await turn();
      socket.events.data(whole.subarray(at));
      await expect(calling).resolves.toMatchObject({ fileBytes: 5, crc32: 9 });
      expect(connection.isUsable).toBe(true);
    }
  });

  it("that is never read to its end takes the connection with it", async () => {
    const { connection, socket } = await dialFake();
    const request = { groupName: "group1", logicalName: `M00/00/00/${"a".repeat(34)}`, offset: 0, countBytes: 0 };
    const fetching = connection.fetch(storageCommands.downloadFile, request, within);
    socket.events.data(answerFrame(Buffer.alloc(1000)).subarray(0, 500));
    const incoming = await fetching;
    await incoming.next();
    incoming.cancel();
    expect(connection.isUsable).toBe(false);
    expect(socket.isDestroyed).toBe(true);
  });
});
