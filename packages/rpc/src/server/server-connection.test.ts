import { emptyAnswer, FdfsError, frame } from "@fastdfs-ts/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { DOWNLOAD, PING, QUIT, readAll, startFakeServer, uploadOf } from "../../test/fake-server.ts";
import { turn } from "../../test/fake-socket.ts";
import type { ContentReader } from "./content-reader.ts";
import type { StreamedAnswer } from "./routes.ts";

const OK = emptyAnswer(0);
const echo = async (content: ContentReader) => await readAll(content);
const noSpace = () => new FdfsError("NO_SPACE", { reason: "full" });

async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await turn();
}

describe("requests in pieces", () => {
  const stream = Buffer.concat([
    PING,
    uploadOf(Buffer.from("content")),
    PING,
    uploadOf(Buffer.alloc(0)),
    DOWNLOAD,
    PING,
  ]);
  const answers = Buffer.concat([OK, frame(100, Buffer.from("content")), OK, OK, frame(100, Buffer.from("file")), OK]);
  const handlers = { upload: echo, download: () => Buffer.from("file") };

  it("are the same requests when cut in two at any byte", async () => {
    for (let at = 1; at < stream.length; at++) {
      const { connect, troubles } = await startFakeServer(handlers);
      const socket = connect();
      socket.events.data(stream.subarray(0, at));
      await settle();
      socket.events.data(stream.subarray(at));
      await settle();
      expect(socket.takeSent(), `cut at ${at}`).toEqual(answers);
      expect(troubles).toEqual([]);
    }
  });

  it("are the same requests when cut anywhere, and whatever time passes between", async () => {
    const pieces = fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.boolean()), { minLength: 1, maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(pieces, async (cuts) => {
        const { connect, troubles } = await startFakeServer(handlers);
        const socket = connect();
        let at = 0;
        for (const [bytes, waits] of [...cuts, [stream.length, true] as const]) {
          // The receiver owns the chunk.
          if (at < stream.length) socket.events.data(Buffer.from(stream.subarray(at, at + bytes)));
          at += bytes;
          if (waits) await turn();
        }
        await settle();
        expect(socket.takeSent()).toEqual(answers);
        expect(troubles).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

describe("requests that come together", () => {
  it("are answered in one write, in order, and what a slow handler holds up does not hold up those before", async () => {
    let go!: () => void;
    const released = new Promise<undefined>((resolve) => {
      go = () => resolve(undefined);
    });
    let calls = 0;
    const { connect } = await startFakeServer({
      upload: () => (++calls === 3 ? released : undefined),
    });
    const socket = connect();
    const writes: number[] = [];
    const write = socket.write.bind(socket);
    socket.write = (bytes) => {
      writes.push(bytes.length);
      return write(bytes);
    };
    socket.events.data(Buffer.concat(Array.from({ length: 5 }, () => uploadOf(Buffer.from("content")))));
    await settle();
    expect(writes).toEqual([2 * OK.length]);
    go();
    await settle();
    expect(writes).toEqual([2 * OK.length, 3 * OK.length]);
    expect(socket.takeSent()).toEqual(Buffer.concat([OK, OK, OK, OK, OK]));
  });

  it("is handed a short content as a whole, however it came", async () => {
    const seen: (number | undefined)[] = [];
    const { connect } = await startFakeServer({
      upload: (content) => {
        seen.push(content.takeWhole()?.length);
        return undefined;
      },
    });
    const socket = connect();
    const request = uploadOf(Buffer.alloc(60_000, 1));
    for (let at = 0; at < request.length; at += 10_000)
      socket.events.data(Buffer.from(request.subarray(at, at + 10_000)));
    await settle();
    expect(seen).toEqual([60_000]);
    expect(socket.takeSent()).toEqual(OK);
  });
});

describe("an error before the content was read", () => {
  it("is answered at once, and what follows of the content is dropped", async () => {
    const { connect } = await startFakeServer({
      upload: () => {
        throw noSpace();
      },
    });
    const socket = connect();
    const request = uploadOf(Buffer.alloc(100_000, 1));
    socket.events.data(request.subarray(0, 500));
    expect(socket.takeSent()).toEqual(emptyAnswer(28));
    socket.events.data(request.subarray(500));
    socket.events.data(PING);
    await settle();
    expect(socket.takeSent()).toEqual(OK);
    expect(socket.hasEnded).toBe(false);
  });

  it("ends the connection if far more content is to come than is worth reading", async () => {
    const { connect, server } = await startFakeServer({ upload: () => Promise.reject(noSpace()) });
    const socket = connect();
    socket.events.data(uploadOf(Buffer.alloc(3_000_000)).subarray(0, 100_000));
    await turn();
    expect(socket.takeSent()).toEqual(emptyAnswer(28));
    expect(socket.hasEnded).toBe(true);
    // What still comes is neither a request nor a reason to answer.
    socket.events.data(PING);
    expect(socket.takeSent().length).toBe(0);
    await settle();
    expect(server.connectionCounts.current).toBe(0);
  });

  it("22 closes at a storage, in order, and stays open at a tracker", async () => {
    for (const closeOnBadRequest of [true, false]) {
      const { connect } = await startFakeServer({}, { closeOnBadRequest });
      const socket = connect();
      socket.events.data(Buffer.concat([frame(250, Buffer.from("what?")), PING]));
      await settle();
      expect(socket.takeSent()).toEqual(closeOnBadRequest ? emptyAnswer(22) : Buffer.concat([emptyAnswer(22), OK]));
      expect(socket.hasEnded).toBe(closeOnBadRequest);
      expect(socket.isDestroyed).toBe(false);
    }
  });
});

describe("a slow handler", () => {
  it("makes the socket pause when the client is far ahead, and go on afterwards", async () => {
    let go!: () => void;
    const waiting = new Promise<void>((resolve) => {
      go = resolve;
    });
    const { connect } = await startFakeServer({
      upload: async (content) => {
        await waiting;
        return Buffer.from(String((await readAll(content)).length));
      },
    });
    const socket = connect();
    const request = uploadOf(Buffer.alloc(500_000));
    for (let at = 0; at < 400_000; at += 50_000) socket.events.data(request.subarray(at, at + 50_000));
    expect(socket.isPaused).toBe(true);
    go();
    await settle();
    expect(socket.isPaused).toBe(false);
    socket.events.data(request.subarray(400_000));
    await settle();
    expect(socket.takeSent()).toEqual(frame(100, Buffer.from("500000")));
  });

  it("whose client went away is told, and its answer goes nowhere", async () => {
    const closed: string[] = [];
    let seen: unknown;
    const { connect, server, troubles } = await startFakeServer({
      upload: async (content, session) => {
        session.onClosed(() => closed.push("session"));
        try {
          return await readAll(content);
        } catch (error) {
          seen = error;
          throw error;
        }
      },
    });
    const socket = connect();
    socket.events.data(uploadOf(Buffer.alloc(100_000)).subarray(0, 300));
    await turn();
    socket.lose(new Error("reset"));
    await settle();
    expect(seen).toMatchObject({ kind: "CONNECTION_LOST" });
    expect(closed).toEqual(["session"]);
    expect(socket.takeSent().length).toBe(0);
    expect(server.connectionCounts.current).toBe(0);
    expect(troubles).toEqual([]);
  });

  it("that throws what it should not is reported, and its client gets a status", async () => {
    const { connect, troubles } = await startFakeServer({
      plain: () => {
        throw new RangeError("a defect");
      },
    });
    const socket = connect();
    socket.events.data(PING);
    await settle();
    expect(socket.takeSent()[9]).not.toBe(0);
    expect(troubles).toMatchObject([{ kind: "handler-failed", command: 111 }]);
    expect(socket.isDestroyed).toBe(false);
  });
});

describe("an answer that is streamed", () => {
  /** Gives the pieces one by one; fails at the end if it should. */
  function streamOf(pieces: readonly Buffer[], failure?: Error) {
    const state = { closed: 0 };
    const left = [...pieces];
    const answer: StreamedAnswer = {
      bodyBytes: pieces.reduce((sum, { length }) => sum + length, failure === undefined ? 0 : 100),
      next: () => {
        const piece = left.shift();
        if (piece === undefined && failure !== undefined) throw failure;
        return Promise.resolve(piece);
      },
      close: () => {
        state.closed++;
      },
    };
    return { answer, state };
  }

  it("is sent as fast as the client takes it, then the next request is handled", async () => {
    const { answer, state } = streamOf([Buffer.from("one"), Buffer.from("two"), Buffer.from("three")]);
    const { connect } = await startFakeServer({ download: () => answer });
    const socket = connect();
    socket.isFull = true;
    socket.events.data(Buffer.concat([DOWNLOAD, PING]));
    await settle();
    expect(socket.takeSent()).toEqual(frame(100, Buffer.from("onetwothree")).subarray(0, 13));
    socket.events.drained();
    await settle();
    expect(socket.takeSent().toString()).toBe("two");
    socket.drain();
    await settle();
    expect(socket.takeSent()).toEqual(Buffer.concat([Buffer.from("three"), OK]));
    expect(state.closed).toBe(1);
  });

  it("that fails in the middle cuts the connection, and is closed", async () => {
    const { answer, state } = streamOf([Buffer.from("one")], new Error("EIO"));
    const { connect, answered, server } = await startFakeServer({ download: () => answer });
    const socket = connect();
    socket.events.data(Buffer.concat([DOWNLOAD, PING]));
    await settle();
    expect(socket.takeSent().subarray(10).toString()).toBe("one");
    expect(socket.isDestroyed).toBe(true);
    expect(state.closed).toBe(1);
    expect(answered).toMatchObject([{ command: 14, status: expect.any(Number) as number }]);
    expect(answered[0]!.status).not.toBe(0);
    expect(server.connectionCounts.current).toBe(0);
  });

  it("that ends early cuts the connection", async () => {
    const { connect } = await startFakeServer({
      download: () => ({ bodyBytes: 10, next: () => undefined, close: () => undefined }),
    });
    const socket = connect();
    socket.events.data(DOWNLOAD);
    await settle();
    expect(socket.isDestroyed).toBe(true);
  });

  it("is closed when the client goes away in the middle", async () => {
    for (const when of ["waiting for room", "waiting for a piece"]) {
      const { answer, state } = streamOf([Buffer.from("one"), Buffer.from("two")]);
      let give!: () => void;
      const piece = new Promise<void>((resolve) => {
        give = resolve;
      });
      const slow: StreamedAnswer = {
        ...answer,
        next: async () => {
          await piece;
          return Buffer.from("late");
        },
      };
      const { connect, server } = await startFakeServer({
        download: () => (when === "waiting for room" ? answer : slow),
      });
      const socket = connect();
      socket.isFull = true;
      socket.events.data(DOWNLOAD);
      await settle();
      socket.lose();
      give();
      await settle();
      expect(state.closed, when).toBe(1);
      expect(server.connectionCounts.current).toBe(0);
    }
  });

  it("that was made for a client that is gone is closed", async () => {
    const { answer, state } = streamOf([Buffer.from("one")]);
    let go!: () => void;
    const waiting = new Promise<void>((resolve) => {
      go = resolve;
    });
    const { connect } = await startFakeServer({
      download: async () => {
        await waiting;
        return answer;
      },
    });
    const socket = connect();
    socket.events.data(DOWNLOAD);
    socket.lose();
    go();
    await settle();
    expect(state.closed).toBe(1);
  });
});

describe("the end of a connection", () => {
  it("comes with QUIT, without an answer", async () => {
    const { connect } = await startFakeServer();
    const socket = connect();
    socket.events.data(Buffer.concat([PING, QUIT, PING]));
    await settle();
    expect(socket.takeSent()).toEqual(OK);
    expect(socket.hasEnded).toBe(true);
  });

  it("comes with a negative length, at once and without an answer", async () => {
    const { connect } = await startFakeServer();
    const socket = connect();
    const bad = Buffer.from(PING);
    bad.writeBigInt64BE(-1n);
    socket.events.data(bad);
    expect(socket.isDestroyed).toBe(true);
    expect(socket.takeSent().length).toBe(0);
  });

  it("comes when the server stops: idle at once, busy after the answer", async () => {
    let go!: () => void;
    const waiting = new Promise<void>((resolve) => {
      go = resolve;
    });
    const { connect, server } = await startFakeServer({ plain: () => waiting });
    const [idle, busy] = [connect(), connect()];
    busy.events.data(PING);
    const stopping = server.stop(1000);
    expect([idle.hasEnded, busy.hasEnded]).toEqual([true, false]);
    go();
    await stopping;
    expect(busy.takeSent()).toEqual(OK);
    expect([busy.hasEnded, busy.isDestroyed]).toEqual([true, false]);
  });

  it("comes when the server stops while the rest of a refused upload is being dropped", async () => {
    const { connect, server } = await startFakeServer({ upload: () => Promise.reject(noSpace()) });
    const socket = connect();
    const request = uploadOf(Buffer.alloc(100_000));
    socket.events.data(request.subarray(0, 100));
    await turn();
    expect(socket.takeSent()).toEqual(emptyAnswer(28));
    const stopping = server.stop(1000);
    socket.events.data(request.subarray(100));
    expect(socket.hasEnded).toBe(true);
    await stopping;
  });

  it("is cut at the deadline if a request does not come to its end", async () => {
    const { connect, server, clock } = await startFakeServer({ plain: () => new Promise(() => {}) });
    const socket = connect();
    socket.events.data(PING);
    const stopping = server.stop(1000);
    clock.advance(999);
    expect(socket.isDestroyed).toBe(false);
    clock.advance(1);
    expect(socket.isDestroyed).toBe(true);
    await stopping;
    expect(server.stop(5)).toBe(server.stop(5));
  });
});

describe("silence", () => {
  const stallsAt: [string, Buffer, boolean][] = [
    ["before the first request", Buffer.alloc(0), true],
    ["in the header", PING.subarray(0, 4), true],
    ["in the head of an upload", uploadOf(Buffer.alloc(100)).subarray(0, 20), true],
    ["in the content of an upload", uploadOf(Buffer.alloc(100)).subarray(0, 60), true],
    ["in the body of a plain request", DOWNLOAD.subarray(0, 30), true],
    ["after an exchange", PING, false],
  ];

  it.each(stallsAt)("%s", async (_, bytes, isCut) => {
    const { connect, clock } = await startFakeServer({ upload: echo });
    const socket = connect();
    clock.advance(500);
    if (bytes.length > 0) socket.events.data(bytes);
    await settle();
    clock.advance(bytes.length > 0 ? 2999 : 2499);
    expect(socket.isDestroyed).toBe(false);
    clock.advance(2000);
    expect(socket.isDestroyed).toBe(isCut);
  });

  it("is counted from the last byte", async () => {
    const { connect, clock } = await startFakeServer({ upload: echo });
    const socket = connect();
    const request = uploadOf(Buffer.alloc(20));
    for (const byte of request.subarray(0, -1)) {
      socket.events.data(Buffer.of(byte));
      clock.advance(2900);
    }
    expect(socket.isDestroyed).toBe(false);
    socket.events.data(request.subarray(-1));
    await settle();
    expect(socket.takeSent().length).toBe(30);
  });

  it("of a client that does not take its download ends it", async () => {
    const { connect, clock } = await startFakeServer({
      download: () => ({ bodyBytes: 1_000_000, next: () => Buffer.alloc(10), close: () => undefined }),
    });
    const socket = connect();
    socket.isFull = true;
    socket.events.data(DOWNLOAD);
    await settle();
    for (let i = 0; i < 10; i++) {
      clock.advance(2000);
      socket.events.drained();
      await settle();
    }
    expect(socket.isDestroyed).toBe(false);
    clock.advance(5000);
    expect(socket.isDestroyed).toBe(true);
  });

  it("of our own handler is not the client's fault", async () => {
    const { connect, clock } = await startFakeServer({ plain: () => new Promise(() => {}) });
    const socket = connect();
    socket.events.data(PING);
    clock.advance(60_000);
    expect(socket.isDestroyed).toBe(false);
  });
});

describe("limits", () => {
  it("one connection too many is accepted and closed, and there is room again when one leaves", async () => {
    const { connect, server, troubles } = await startFakeServer({}, { maxConnections: 2 });
    const first = connect();
    connect();
    const third = connect();
    expect(third.isDestroyed).toBe(true);
    expect(troubles).toEqual([{ kind: "connection-limit", peer: "192.0.2.1", limit: 2 }]);
    expect(server.connectionCounts).toEqual({ allocated: 2, current: 2, maximum: 2 });
    first.lose();
    const fourth = connect();
    fourth.events.data(PING);
    await settle();
    expect(fourth.takeSent()).toEqual(OK);
  });

  it("a host that is not allowed is accepted and closed", async () => {
    const { connect, troubles } = await startFakeServer({}, { allows: () => false });
    expect(connect().isDestroyed).toBe(true);
    expect(troubles).toEqual([{ kind: "host-not-allowed", peer: "192.0.2.1" }]);
  });

  it("a body beyond the buffer is refused by a storage and cut by a tracker", async () => {
    const body = Buffer.alloc(1000);
    for (const closeOnBadRequest of [true, false]) {
      const { connect } = await startFakeServer({}, { closeOnBadRequest, maxBodyBytes: 999 });
      const socket = connect();
      socket.events.data(frame(14, body).subarray(0, 20));
      expect(socket.takeSent()).toEqual(closeOnBadRequest ? emptyAnswer(22) : Buffer.alloc(0));
      expect(socket.isDestroyed).toBe(!closeOnBadRequest);
    }
  });
});
