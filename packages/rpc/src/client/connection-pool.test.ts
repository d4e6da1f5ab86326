import { FdfsError, storageCommands } from "@fastdfs-ts/protocol";
import { SystemError } from "@fastdfs-ts/runtime";
import { describe, expect, it } from "vitest";

import { answerFrame, fakePool, within } from "../../test/fake-dial.ts";
import { ENDPOINT, FakeSocket, turn } from "../../test/fake-socket.ts";

const kindOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return "done";
  } catch (error) {
    return (error as FdfsError).kind;
  }
};

describe("ConnectionPool", () => {
  it("reuses the connection used last", async () => {
    const { pool, sockets } = fakePool();
    const [a, b] = [await pool.acquire(ENDPOINT), await pool.acquire(ENDPOINT)];
    pool.release(a);
    pool.release(b);
    expect(await pool.acquire(ENDPOINT)).toBe(b);
    expect(sockets).toHaveLength(2);
    expect([...pool.counts().values()]).toEqual([{ open: 2, idle: 1 }]);
    pool.close();
  });

  it("keeps addresses apart", async () => {
    const { pool } = fakePool({ maxPerEndpoint: 1 });
    const a = await pool.acquire(ENDPOINT);
    const b = await pool.acquire({ ...ENDPOINT, port: 23001 });
    expect(a).not.toBe(b);
    expect([...pool.counts().keys()]).toEqual(["192.0.2.1:23000", "192.0.2.1:23001"]);
    pool.close();
  });

  it("lets those beyond the limit wait, and serves them in their order", async () => {
    const { pool, sockets } = fakePool();
    const held = [await pool.acquire(ENDPOINT), await pool.acquire(ENDPOINT)];
    const order: number[] = [];
    const waiting = [1, 2, 3].map(async (number) => {
      const connection = await pool.acquire(ENDPOINT);
      order.push(number);
      return connection;
    });
    await turn();
    expect(order).toEqual([]);
    pool.release(held[0]!);
    await turn();
    expect(order).toEqual([1]);
    pool.release(held[1]!);
    await turn();
    expect(order).toEqual([1, 2]);
    pool.release(await waiting[0]!);
    await turn();
    expect(order).toEqual([1, 2, 3]);
    expect(sockets).toHaveLength(2);
    pool.close();
  });

  it("gives up a wait that takes too long, and goes on working", async () => {
    const { pool, clock } = fakePool({ maxPerEndpoint: 1 });
    const held = await pool.acquire(ENDPOINT);
    const waiting = kindOf(pool.acquire(ENDPOINT));
    await turn();
    clock.advance(1200);
    expect(await waiting).toBe("POOL_EXHAUSTED");
    pool.release(held);
    expect(await pool.acquire(ENDPOINT)).toBe(held);
    pool.close();
  });

  it("forgets a wait that is aborted", async () => {
    const { pool } = fakePool({ maxPerEndpoint: 1 });
    const held = await pool.acquire(ENDPOINT);
    const controller = new AbortController();
    const aborted = kindOf(pool.acquire(ENDPOINT, controller.signal));
    const patient = pool.acquire(ENDPOINT);
    await turn();
    controller.abort();
    expect(await aborted).toBe("ABORTED");
    pool.release(held);
    expect(await patient).toBe(held);
    pool.close();
  });

  it("does not begin for a caller that has already given up", async () => {
    const { pool, sockets } = fakePool({ maxPerEndpoint: 1 });
    const signal = AbortSignal.abort();
    expect(await kindOf(pool.acquire(ENDPOINT, signal))).toBe("ABORTED");
    const held = await pool.acquire(ENDPOINT);
    expect(await kindOf(pool.acquire(ENDPOINT, signal))).toBe("ABORTED");
    pool.release(held);
    expect(await kindOf(pool.acquire(ENDPOINT, signal))).toBe("ABORTED");
    expect(sockets).toHaveLength(1);
    expect(await pool.acquire(ENDPOINT)).toBe(held);
    pool.close();
  });

  it("leaves no place behind when dialling is aborted or fails", async () => {
    const outcomes: Error[] = [];
    const { pool } = fakePool({ maxPerEndpoint: 1 }, ({ signal }) => {
      const failure = outcomes.shift();
      if (failure !== undefined) return Promise.reject(failure);
      return new Promise((resolve, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason as Error));
        if (signal === undefined) resolve(new FakeSocket());
      });
    });
    outcomes.push(new SystemError("ECONNREFUSED", "connect"));
    expect(await kindOf(pool.acquire(ENDPOINT))).toBe("UNREACHABLE");
    expect(pool.counts().size).toBe(0);
    const controller = new AbortController();
    const dialling = kindOf(pool.acquire(ENDPOINT, controller.signal));
    const next = pool.acquire(ENDPOINT);
    await turn();
    controller.abort();
    expect(await dialling).toBe("ABORTED");
    expect((await next).isUsable).toBe(true);
    expect([...pool.counts().values()]).toEqual([{ open: 1, idle: 0 }]);
    pool.close();
  });

  it("replaces an idle connection that was lost", async () => {
    const { pool, sockets } = fakePool({ maxPerEndpoint: 1 });
    const first = await pool.acquire(ENDPOINT);
    pool.release(first);
    sockets[0]!.lose();
    expect(pool.counts().size).toBe(0);
    expect(await pool.acquire(ENDPOINT)).not.toBe(first);
    pool.close();
  });

  it("replaces one that is ending and not gone yet", async () => {
    const { pool, clock, sockets } = fakePool({ maxPerEndpoint: 1, maxIdleMs: 5000 });
    const first = await pool.acquire(ENDPOINT);
    pool.release(first);
    clock.advance(10_000);
    expect(sockets[0]!.hasEnded).toBe(true);
    expect(await pool.acquire(ENDPOINT)).not.toBe(first);
    pool.close();
  });

  it("tests a connection that was idle for long, and uses it if it answers", async () => {
    const { pool, clock, sockets } = fakePool();
    pool.release(await pool.acquire(ENDPOINT));
    clock.advance(2000);
    const acquiring = pool.acquire(ENDPOINT);
    await turn();
    expect(sockets[0]!.takeSent()[8]).toBe(storageCommands.activeTest.code);
    sockets[0]!.events.data(answerFrame());
    await acquiring;
    expect(sockets).toHaveLength(1);
    pool.close();
  });

  it.each<[string, (socket: FakeSocket) => void]>([
    ["does not answer the test", () => undefined],
    ["is lost by it", (socket: FakeSocket) => socket.lose()],
    ["answers with an error", (socket: FakeSocket) => socket.events.data(answerFrame(Buffer.alloc(0), 22))],
    ["answers with rubbish", (socket: FakeSocket) => socket.events.data(Buffer.alloc(10, 1))],
  ])("dials anew where an idle connection %s", async (_, react) => {
    const { pool, clock, sockets } = fakePool({ maxPerEndpoint: 1 });
    const first = await pool.acquire(ENDPOINT);
    pool.release(first);
    clock.advance(2000);
    const acquiring = pool.acquire(ENDPOINT);
    await turn();
    react(sockets[0]!);
    clock.advance(1200);
    expect(await acquiring).not.toBe(first);
    expect(sockets).toHaveLength(2);
    pool.close();
  });

  it("closes what is given back in the middle of an exchange", async () => {
    const { pool, sockets } = fakePool();
    const connection = await pool.acquire(ENDPOINT);
    const calling = kindOf(connection.call(storageCommands.activeTest, {}, within));
    pool.release(connection);
    expect(sockets[0]!.isDestroyed).toBe(true);
    expect(await calling).toBe("CONNECTION_LOST");
    expect(pool.counts().size).toBe(0);
    pool.close();
  });

  it("closes in order: idle ones at once, waiting callers told, busy ones when they come back", async () => {
    const { pool, sockets } = fakePool({ maxPerEndpoint: 2 });
    const [busy, idle] = [await pool.acquire(ENDPOINT), await pool.acquire(ENDPOINT)];
    const waiting = kindOf(pool.acquire(ENDPOINT));
    await turn();
    pool.close();
    pool.close();
    expect(await waiting).toBe("ABORTED");
    pool.release(idle);
    expect(sockets[1]!.isDestroyed).toBe(true);
    expect(sockets[0]!.isDestroyed).toBe(false);
    pool.release(busy);
    expect(sockets[0]!.isDestroyed).toBe(true);
    expect(await kindOf(pool.acquire(ENDPOINT))).toBe("ABORTED");
    await turn();
    expect(pool.counts().size).toBe(0);
  });

  it("lets a burst through a single place without losing anyone", async () => {
    const { pool } = fakePool({ maxPerEndpoint: 1, networkTimeoutMs: 1_000_000 });
    let inside = 0;
    let most = 0;
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        pool.with(ENDPOINT, undefined, async (connection) => {
          most = Math.max(most, ++inside);
          await turn();
          // Every seventh breaks its connection.
          if (index % 7 === 0) connection.destroy();
          inside--;
          return index;
        }),
      ),
    );
    expect(results).toHaveLength(200);
    expect(most).toBe(1);
    pool.close();
  });
});
