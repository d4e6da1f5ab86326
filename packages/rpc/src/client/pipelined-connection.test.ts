import { emptyAnswer, type FdfsError, frame } from "@fastdfs-ts/protocol";
import { Deadlines } from "@fastdfs-ts/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { dialFake } from "../../test/fake-dial.ts";
import { PipelinedConnection } from "./pipelined-connection.ts";

const REQUEST = frame(16, Buffer.from("x"));

async function setUp() {
  const { connection, socket, clock } = await dialFake();
  const told: string[] = [];
  let lost: FdfsError | undefined;
  const pipeline = PipelinedConnection.takeOver(
    connection,
    { deadlines: Deadlines.open(clock, 10), timeoutMs: 1000 },
    {
      answered: (status) => told.push(String(status)),
      rested: () => told.push("rested"),
      drained: () => told.push("drained"),
      lost: (error) => {
        told.push("lost");
        lost = error;
      },
    },
  );
  return { clock, socket, told, pipeline, connection, lost: () => lost };
}

describe("PipelinedConnection", () => {
  it("matches answers in order, however they are cut, and drops stray bodies", async () => {
    const answers = fc.array(fc.tuple(fc.nat(255), fc.nat(100)), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(answers, fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 100 }), async (given, cuts) => {
        const { socket, told, pipeline } = await setUp();
        pipeline.send(Buffer.concat(given.map(() => REQUEST)), given.length);
        const bytes = Buffer.concat(given.map(([status, body]) => frame(100, Buffer.alloc(body), status)));
        let at = 0;
        for (const cut of [...cuts, bytes.length]) {
          if (at < bytes.length) socket.events.data(bytes.subarray(at, at + cut));
          at += cut;
        }
        expect(told.filter((each) => each !== "rested")).toEqual(given.map(([status]) => String(status)));
        expect(pipeline.outstanding).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it("tells when all answers that came together were told", async () => {
    const { socket, told, pipeline } = await setUp();
    pipeline.send(Buffer.concat([REQUEST, REQUEST, REQUEST]), 3);
    socket.events.data(Buffer.concat([emptyAnswer(0), emptyAnswer(17)]));
    socket.events.data(emptyAnswer(2));
    expect(told).toEqual(["0", "17", "rested", "2", "rested"]);
  });

  it("is lost with the connection, and says so once", async () => {
    const { socket, told, pipeline, lost } = await setUp();
    pipeline.send(REQUEST, 1);
    socket.lose(new Error("reset"));
    await Promise.resolve();
    expect(lost()).toMatchObject({ kind: "CONNECTION_LOST" });
    pipeline.destroy();
    pipeline.send(REQUEST, 1);
    expect(told).toEqual(["lost"]);
  });

  it("is lost when answers are owed and the peer is silent, not while nothing is owed", async () => {
    const { socket, pipeline, clock, lost } = await setUp();
    clock.advance(5000);
    pipeline.send(REQUEST, 1);
    socket.events.data(emptyAnswer(0));
    clock.advance(5000);
    expect(lost()).toBeUndefined();
    pipeline.send(REQUEST, 1);
    for (let i = 0; i < 40; i++) clock.advance(50);
    expect(lost()).toMatchObject({ kind: "TIMED_OUT" });
    expect(socket.isDestroyed).toBe(true);
  });

  it.each([
    ["what is no answer", frame(16, Buffer.from("x"))],
    ["an answer without end", Buffer.concat([Buffer.from([0, 0, 0, 0, 0xff, 0, 0, 0]), Buffer.from([100, 0])])],
    ["an answer too many", Buffer.concat([emptyAnswer(0), emptyAnswer(0)])],
  ])("ends at %s", async (_, bytes) => {
    const { socket, pipeline, lost } = await setUp();
    pipeline.send(REQUEST, 1);
    socket.events.data(bytes);
    expect(lost()).toMatchObject({ kind: "BAD_ANSWER" });
    expect(socket.isDestroyed).toBe(true);
  });

  it("leaves nothing to whoever had the connection before", async () => {
    const { connection } = await setUp();
    expect(connection.isUsable).toBe(false);
    expect(() => connection.release()).toThrow(TypeError);
  });
});
