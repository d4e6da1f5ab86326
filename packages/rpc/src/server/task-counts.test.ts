// What a server counts as work for clients, and the time of which it takes.
import { type Command, FdfsError, storageCommands } from "@fastdfs-ts/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { DOWNLOAD, type Handlers, PING, readAll, startFakeServer, uploadOf } from "../../test/fake-server.ts";
import { turn } from "../../test/fake-socket.ts";
import type { ContentReader } from "./content-reader.ts";
import { answerRaw, type RouteAnswer } from "./routes.ts";
import { TaskCounts } from "./task-counts.ts";

/** More than is waited for before a handler runs. */
const LARGE = Buffer.alloc(100_000);

async function start(handlers: Handlers, hasAccessLog = false) {
  const tasks = new TaskCounts();
  const stage = await startFakeServer(handlers, hasAccessLog ? { tasks } : { tasks, onAnswered: undefined });
  return { ...stage, tasks, socket: stage.connect() };
}

async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await turn();
}

async function swallow(content: ContentReader): Promise<undefined> {
  await readAll(content);
  return undefined;
}

/** A handler that answers when it is told to. */
function held() {
  let release!: (answer: RouteAnswer) => void;
  const answer = new Promise<RouteAnswer>((resolve) => {
    release = resolve;
  });
  return { handler: () => answer, release };
}

describe.each([
  ["with an access log", true],
  ["without one", false],
])("tasks of clients, %s", (_, hasAccessLog) => {
  it("run until they are answered, and the time between is taken", async () => {
    const { handler, release } = held();
    const { socket, tasks, clock } = await start({ download: handler }, hasAccessLog);
    socket.events.data(DOWNLOAD);
    clock.advance(7);
    expect(tasks).toMatchObject({ running: 1, finished: 0 });
    release(Buffer.from("file"));
    await settle();
    expect(tasks).toMatchObject({ running: 0, finished: 1, timed: 1, timedMs: 7 });
  });

  it("begin when they are here as a whole: a slow sender costs no latency", async () => {
    const { socket, tasks, clock } = await start({ upload: () => undefined }, hasAccessLog);
    const upload = uploadOf(Buffer.from("content"));
    socket.events.data(upload.subarray(0, 20));
    clock.advance(500);
    expect(tasks.running).toBe(0);
    socket.events.data(upload.subarray(20));
    expect(tasks).toMatchObject({ running: 0, finished: 1, timed: 1, timedMs: 0 });
  });
});

it("a large body counts while it comes in, and its time is not taken", async () => {
  const { socket, tasks, clock } = await start({ upload: swallow });
  const upload = uploadOf(LARGE);
  socket.events.data(upload.subarray(0, 1000));
  clock.advance(500);
  expect(tasks.running).toBe(1);
  socket.events.data(upload.subarray(1000));
  await settle();
  expect(tasks).toMatchObject({ running: 0, finished: 1, timed: 0, timedMs: 0 });
});

it("an answer in pieces counts while it leaves, and its time is not taken", async () => {
  const pieces = [Buffer.from("one"), Buffer.from("two")];
  const { socket, tasks, clock } = await start({
    download: () => ({ bodyBytes: 6, next: () => pieces.shift(), close: () => undefined }),
  });
  socket.isFull = true;
  socket.events.data(DOWNLOAD);
  await settle();
  clock.advance(500);
  expect(tasks.running).toBe(1);
  socket.drain();
  await settle();
  socket.drain();
  await settle();
  expect(tasks).toMatchObject({ running: 0, finished: 1, timed: 0 });
});

it("a failure is an answer too", async () => {
  const fail = () => {
    throw new FdfsError("NOT_FOUND", { reason: "no such file" });
  };
  const { socket, tasks } = await start({ download: fail });
  socket.events.data(DOWNLOAD);
  expect(tasks).toMatchObject({ running: 0, finished: 1, timed: 1 });
});

it("who goes away is waited for no more, and was not answered", async () => {
  const { handler, release } = held();
  const { socket, tasks } = await start({ download: handler });
  socket.events.data(DOWNLOAD);
  socket.lose();
  expect(tasks).toMatchObject({ running: 0, finished: 0 });
  release(Buffer.from("file"));
  await settle();
  expect(tasks).toMatchObject({ running: 0, finished: 0, timed: 0 });
});

it("what servers ask each other is no task", async () => {
  const { socket, tasks } = await start({});
  socket.events.data(PING);
  await settle();
  expect(socket.takeSent()).toHaveLength(10);
  expect(tasks).toMatchObject({ running: 0, finished: 0 });
});

it("of all that a storage answers, these are tasks of clients", () => {
  const commands = Object.values<Command>(storageCommands as unknown as Record<string, Command>);
  const routes = commands.map((command) => answerRaw(command, () => undefined));
  const codes = routes.filter(({ isForClients }) => isForClients).map(({ code }) => code);
  expect(codes.sort((a, b) => a - b)).toEqual([11, 12, 13, 14, 15, 20, 21, 22, 23, 24, 34, 36, 38]);
});

it("nothing is left running, whatever comes, in which pieces, and whenever the client leaves", async () => {
  const requests = fc.array(fc.constantFrom(DOWNLOAD, PING, uploadOf(Buffer.alloc(50)), uploadOf(LARGE)), {
    maxLength: 8,
  });
  const cut = fc.double({ min: 0, max: 1, noNaN: true });
  await fc.assert(
    fc.asyncProperty(requests, cut, cut, async (all, cutAt, lostAt) => {
      const { socket, tasks } = await start({
        upload: swallow,
        download: () => Promise.resolve(Buffer.from("file")),
      });
      const bytes = Buffer.concat(all);
      const end = Math.ceil(bytes.length * lostAt);
      const middle = Math.floor(end * cutAt);
      for (const piece of [bytes.subarray(0, middle), bytes.subarray(middle, end)]) {
        if (piece.length > 0) socket.events.data(Buffer.from(piece));
        await settle();
        expect(tasks.running).toBeLessThanOrEqual(1);
      }
      socket.lose();
      await settle();
      expect(tasks.running).toBe(0);
      expect(tasks.finished).toBeLessThanOrEqual(all.filter((request) => request !== PING).length);
      expect(tasks.timed).toBeLessThanOrEqual(tasks.finished);
    }),
    { numRuns: 60 },
  );
});
