// What C storages said to each other, replayed against our storage as the receiver: every recorded request goes over a raw
// socket, in the recorded order, and its answer must be the recorded one. Names come with the requests.
import { readFileSync } from "node:fs";
import { connectionCommands, emptyAnswer, frame, storageCommands } from "@fastdfs-ts/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseBinlogRecord } from "../src/binlog/binlog-record.ts";
import { RawClient } from "./raw-client.ts";
import {
  type Exchange,
  recordedAnswer,
  recordedContent,
  recordedExchanges,
  recordedRequest,
} from "./recorded-exchange.ts";
import { emptyStatus, push } from "./replica-pusher.ts";
import { type ServedStore, serveStore } from "./served-store.ts";

const exchanges = recordedExchanges("storage-storage");

/** Records that are not replayed. */
function whySkipped({ cmd, context }: Exchange): string | undefined {
  if (context.cluster === "trunk") return "trunk files are a later issue";
  if (cmd === storageCommands.fetchBinlog.code) return "its answer is the log of another server";
  return undefined;
}

const NO_CONTENT_OF_THAT_NAME = "the script made the new name up, C does not look whether the file is what it states";

/** Where we answer otherwise than C did, and why. */
const exceptions: Readonly<Record<string, { readonly answer: Buffer; readonly reason: string }>> = {
  sync_rename_live: { answer: emptyAnswer(0), reason: "§12 no. 3: C repeats the request body behind status 0" },
  sync_rename: { answer: emptyAnswer(2), reason: NO_CONTENT_OF_THAT_NAME },
  sync_rename_again: { answer: emptyAnswer(2), reason: NO_CONTENT_OF_THAT_NAME },
  sync_delete: { answer: emptyAnswer(2), reason: "the renaming before was refused" },
  sync_old_create_meta_again: {
    answer: emptyAnswer(0),
    reason:
      "it is later than the file there: C takes everything of the same size for the same, also what was stored anew",
  },
  sync_truncate_missing: {
    answer: emptyAnswer(17),
    reason: "§12 no. 14: a C sender repeats a truncation that is answered with 2 for ever",
  },
};

/** Files that were there before the recording began, or came by exchanges that are not in it. */
const given: readonly { readonly name: string; readonly content: Buffer; readonly seconds?: number }[] = [
  { name: "M00/00/00/CmAAC2sCaB2EJyJVAAAAADgIp_w062.txt", content: Buffer.from("fresh start") },
  {
    name: "M00/00/00/CmAAC2sCaCSEUz81AAAAAL-rqiE655.bin",
    content: recordedContent("(i*13 + i//251) & 255, i < 600000"),
  },
  {
    name: "M00/00/00/CmAAC2sCaBCAIhRUAAAAJMTSeco061.txt",
    content: Buffer.alloc(36, "not the recorded bytes"),
    seconds: 0x6b026810,
  },
];

let served: ServedStore;
const sockets = new Map<string, RawClient>();

beforeAll(async () => {
  served = await serveStore({ address: "10.96.0.12" });
  const client = await RawClient.dial(served.port);
  for (const { name, content, seconds } of given) {
    expect(
      emptyStatus(await client.exchange(push.create(name, content, seconds === undefined ? {} : { seconds }))),
    ).toBe(0);
  }
  await client.end();
});
afterAll(async () => {
  await served.remove();
  expect(served.troubles).toEqual([]);
});

async function replay(exchange: Exchange): Promise<void> {
  const { context, name } = exchange;
  let client = sockets.get(context.from);
  if (client === undefined) {
    client = await RawClient.dial(served.port);
    sockets.set(context.from, client);
  }
  const expected = exceptions[name]?.answer ?? recordedAnswer(exchange);
  // Discarded: the receiver has these bytes.
  const unrecorded = name === "sync_old_append_300000_skipped" ? Buffer.alloc(300_000) : undefined;
  expect(await client.exchange(recordedRequest(exchange, unrecorded))).toEqual(expected);
  if (context.connection_closed_by_server === true) {
    await client.closed;
    sockets.delete(context.from);
    return;
  }
  const { code } = connectionCommands.activeTest;
  expect(await client.exchange(frame(code)), "what follows").toEqual(emptyAnswer(0));
}

describe("the recorded traffic between storages", () => {
  let replayed = 0;

  for (const exchange of exchanges) {
    const reason = whySkipped(exchange);
    if (reason !== undefined) {
      it.skip(`${exchange.name} (${reason})`);
      continue;
    }
    const exception = exceptions[exchange.name];
    it(`${exchange.name}${exception === undefined ? "" : ` (otherwise: ${exception.reason})`}`, async () => {
      await replay(exchange);
      replayed++;
    });
  }

  it("is replayed, and every exception is one", () => {
    const known = new Set(exchanges.map(({ name }) => name));
    expect(Object.keys(exceptions).filter((name) => !known.has(name))).toEqual([]);
    expect(replayed).toBe(78);
  });

  it("leaves a log that can be read, with the link of which C writes half a record (§12 no. 4)", () => {
    const lines = readFileSync(`${served.directory}/data/sync/binlog.000`, "latin1").split("\n").slice(0, -1);
    const records = lines.map(parseBinlogRecord);
    expect(records.find(({ op }) => op === "l")).toEqual({
      seconds: 0x6b0269c0,
      op: "l",
      logicalName: "M00/00/00/CmAAC2sCacCAGjpCAAAAEFlma94145.txt",
      extra: "M00/00/00/CmAAC2sCabOAP4VKAAAAEG2Fs3c708.txt",
    });
    expect(new Set(records.map(({ op }) => op))).toEqual(new Set("cudamtlr"));
  });
});
