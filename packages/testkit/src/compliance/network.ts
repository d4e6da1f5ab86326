// What every Network must do, on loopback.
import {
  type Connection,
  type ConnectOptions,
  type Endpoint,
  type Listener,
  type Network,
  systemErrorCode,
} from "@fastdfs-ts/runtime";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ConnectionLog } from "./connection-log.ts";
import { type PassingTime, settled } from "./passing-time.ts";

export interface NetworkUnderTest extends PassingTime {
  readonly network: Network;
  /** A port that nobody gets but who listens on it. */
  readonly freePort: () => Promise<number>;
}

const loopback = "127.0.0.1";
const patient: ConnectOptions = { timeoutMs: 10_000 };

function pattern(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
}

/** Declares the tests; `makeNetwork` is called once for each. */
export function networkCompliance(name: string, makeNetwork: () => NetworkUnderTest): void {
  describe(`${name} complies with the Network port`, () => {
    let network: Network;
    let time: PassingTime;
    let listener: Listener;
    let accepted: ConnectionLog[];
    let opened: Connection[];

    const until = (condition: () => boolean) => time.until(condition);
    const connect = (to: Endpoint = listener.local, options = patient) => settled(time, network.connect(to, options));

    async function openPair(): Promise<{ client: ConnectionLog; server: ConnectionLog }> {
      const before = accepted.length;
      const client = new ConnectionLog(await connect());
      opened.push(client.connection);
      await until(() => accepted.length > before);
      return { client, server: accepted[before]! };
    }

    beforeEach(async () => {
      const underTest = makeNetwork();
      network = underTest.network;
      time = underTest;
      accepted = [];
      opened = [];
      listener = await settled(
        time,
        network.listen({ host: loopback, port: await underTest.freePort() }, (connection) => {
          accepted.push(new ConnectionLog(connection));
          opened.push(connection);
        }),
      );
    });

    afterEach(async () => {
      for (const connection of opened) connection.destroy();
      await settled(time, listener.close());
    });

    describe("listeners", () => {
      it("tell the port that the system chose", async () => {
        const other = await settled(
          time,
          network.listen({ host: loopback, port: 0 }, () => undefined),
        );
        expect(other.local.host).toBe(loopback);
        expect(other.local.port).toBeGreaterThan(0);
        await settled(time, other.close());
      });

      it("refuse a port that is taken, and an address that is not ours", async () => {
        const ignore = () => undefined;
        await expect(settled(time, network.listen(listener.local, ignore))).rejects.toMatchObject({
          code: "EADDRINUSE",
        });
        const foreign = network.listen({ host: "203.0.113.7", port: 0 }, ignore);
        await expect(settled(time, foreign)).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
      });

      it("stop accepting when closed, keep open connections, free the port, close twice", async () => {
        const { client, server } = await openPair();
        await settled(time, listener.close());
        await settled(time, listener.close());
        await expect(connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
        client.connection.write(Buffer.from("still here"));
        await until(() => server.receivedBytes === 10);
        listener = await settled(
          time,
          network.listen(listener.local, () => undefined),
        );
        expect(server.closedCount).toBe(0);
      });

      it("that bind every interface report IPv4 peers as plain IPv4", async () => {
        const remotes: string[] = [];
        const everywhere = await settled(
          time,
          network.listen({ host: "", port: 0 }, (connection) => {
            remotes.push(connection.remote.host, connection.local.host);
            opened.push(connection);
            connection.attach({ data() {}, drained() {}, closed() {} });
          }),
        );
        opened.push(await connect({ host: loopback, port: everywhere.local.port }));
        await until(() => remotes.length > 0);
        expect(remotes).toEqual([loopback, loopback]);
        await settled(time, everywhere.close());
      });
    });

    describe("connecting", () => {
      it("shows both ends the same endpoints", async () => {
        const { client, server } = await openPair();
        expect(client.connection.remote).toEqual(listener.local);
        expect(server.connection.local).toEqual(listener.local);
        expect(server.connection.remote).toEqual(client.connection.local);
      });

      it("dials from the address it is given", async () => {
        const connection = await connect(listener.local, { ...patient, localAddress: loopback });
        opened.push(connection);
        expect(connection.local.host).toBe(loopback);
        const foreign = connect(listener.local, { ...patient, localAddress: "203.0.113.7" });
        await expect(foreign).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
      });

      it("is refused where nobody listens", async () => {
        await settled(time, listener.close());
        await expect(connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
      });

      it("rejects with the reason of a signal, before and on the way", async () => {
        const reason = new Error("no longer wanted");
        await expect(connect(listener.local, { ...patient, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
        const controller = new AbortController();
        const connecting = connect(listener.local, { ...patient, signal: controller.signal });
        controller.abort(reason);
        await expect(connecting).rejects.toBe(reason);
      });
    });

    describe("bytes", () => {
      it("arrive complete and in order, in both directions", async () => {
        const { client, server } = await openPair();
        const request = pattern(300_000);
        for (let at = 0; at < request.length; at += 1000) client.connection.write(request.subarray(at, at + 1000));
        server.connection.write(Buffer.from("early answer"));
        await until(() => server.receivedBytes === request.length && client.receivedBytes === 12);
        expect(server.received.equals(request)).toBe(true);
        expect(client.received.toString()).toBe("early answer");
      });

      it("of a pair arrive one after the other", async () => {
        const { client, server } = await openPair();
        client.connection.writePair(Buffer.from("head "), Buffer.from("body "));
        client.connection.writePair(Buffer.from("head "), new Uint8Array(0));
        const large = pattern(50_000);
        client.connection.writePair(Buffer.from("large "), large);
        await until(() => server.receivedBytes === 21 + large.length);
        expect(server.received.toString("latin1", 0, 21)).toBe("head body head large ");
        expect(server.received.subarray(21).equals(large)).toBe(true);
      });

      it("reach the owner that was attached last", async () => {
        const { client, server } = await openPair();
        client.connection.write(Buffer.from("one"));
        await until(() => server.receivedBytes === 3);
        const second = new ConnectionLog(server.connection);
        client.connection.write(Buffer.from("two"));
        await until(() => second.receivedBytes === 3);
        expect(server.received.toString()).toBe("one");
        client.connection.destroy();
        await until(() => second.closedCount === 1);
        expect(server.closedCount).toBe(0);
      });

      it("wait while reading is paused, push the writer back, and go on", async () => {
        const { client, server } = await openPair();
        server.connection.pauseReading();
        const chunk = pattern(64 * 1024);
        let sentBytes = 0;
        let mayGoOn = true;
        while (mayGoOn) {
          mayGoOn = client.connection.write(chunk);
          sentBytes += chunk.length;
          expect(sentBytes).toBeLessThan(1 << 28);
        }
        // Even refused bytes are accepted.
        client.connection.write(Buffer.from("last"));
        sentBytes += 4;
        expect(client.drainedCount).toBe(0);
        server.connection.resumeReading();
        await until(() => server.receivedBytes === sentBytes && client.drainedCount > 0);
        expect(client.drainedCount).toBe(1);
        expect(server.received.subarray(-4).toString()).toBe("last");
      });
    });

    describe("the end", () => {
      it("comes after all bytes, once, to both sides, without an error", async () => {
        const { client, server } = await openPair();
        const answer = pattern(200_000);
        server.connection.write(answer);
        server.connection.end();
        await until(() => client.closedCount === 1 && server.closedCount === 1);
        expect(client.received.equals(answer)).toBe(true);
        expect(client.error).toBeUndefined();
        expect(server.error).toBeUndefined();
      });

      it("lets a last answer through although the peer was still sending", async () => {
        const { client, server } = await openPair();
        client.connection.write(pattern(100_000));
        await until(() => server.receivedBytes > 0);
        server.connection.pauseReading();
        client.connection.write(pattern(100_000));
        server.connection.write(Buffer.from("refused"));
        server.connection.end();
        await until(() => client.closedCount === 1 && server.closedCount === 1);
        expect(client.received.toString()).toBe("refused");
        expect(client.error).toBeUndefined();
      });

      it("makes writing do nothing and answer true", async () => {
        const { client, server } = await openPair();
        client.connection.end();
        expect(client.connection.write(Buffer.alloc(1 << 20))).toBe(true);
        expect(client.connection.writePair(Buffer.from("a"), Buffer.from("b"))).toBe(true);
        await until(() => client.closedCount === 1 && server.closedCount === 1);
        expect(server.connection.write(Buffer.from("a"))).toBe(true);
        client.connection.end();
        client.connection.destroy();
        server.connection.pauseReading();
        server.connection.resumeReading();
        expect(server.receivedBytes).toBe(0);
        expect([client.closedCount, server.closedCount]).toEqual([1, 1]);
      });

      it("by destroy drops what waits and is told once, not in the same turn", async () => {
        const { client, server } = await openPair();
        client.connection.destroy();
        client.connection.destroy();
        expect(client.closedCount).toBe(0);
        await until(() => client.closedCount === 1 && server.closedCount === 1);
        expect(client.error).toBeUndefined();
      });

      it("is an error for a writer whose peer is gone without reading", async () => {
        const { client, server } = await openPair();
        // Unread bytes turn the close into a reset.
        server.connection.pauseReading();
        for (let i = 0; i < 100; i++) client.connection.write(pattern(10_000));
        server.connection.destroy();
        await until(() => client.closedCount === 1);
        expect(["ECONNRESET", "EPIPE"]).toContain((client.error as NodeJS.ErrnoException | undefined)?.code);
      });
    });

    it("knows its own addresses and resolves addresses to themselves", async () => {
      expect(network.localAddresses()).toContain(loopback);
      expect(await settled(time, network.resolve("192.0.2.1"))).toEqual(["192.0.2.1"]);
      expect(await settled(time, network.resolve("::1"))).toEqual(["::1"]);
      const failure: unknown = await settled(time, network.resolve("no-such-host.invalid")).catch((e: unknown) => e);
      // EAI_AGAIN is the answer of a machine without any name server.
      expect(["ENOTFOUND", "EAI_AGAIN"]).toContain(systemErrorCode(failure));
    });
  });
}
