// A client that works until its standard input ends. Prints one line of JSON per acknowledged change, so that whoever
// started it knows what has to be there: {"stored": id, "crc32": n, "bytes": n} · {"deleted": id}; and {"failed": kind} for
// what was not acknowledged. Run as: node load.mjs TRACKER[,TRACKER] PAUSE_MS SEED
import { crc32 } from "node:zlib";

import { FastDfsClient } from "@fastdfs-ts/client";

const [trackers, pauseMs, seed] = process.argv.slice(2);
const client = FastDfsClient.open({ trackers: trackers.split(","), networkTimeoutMs: 3000, connectTimeoutMs: 1000 });

let isOver = false;
process.stdin.resume();
process.stdin.on("end", () => (isOver = true));

/** A small generator of our own, so that a run can be repeated. */
let state = Number(seed) >>> 0;
const random = (below) => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** What exists and belongs to this client. */
const files = [];
while (!isOver) {
  const dice = random(20);
  try {
    if (dice === 0 && files.length > 20) {
      const [{ id }] = files.splice(random(files.length), 1);
      say({ deleting: id });
      await client.delete(id);
      say({ deleted: id });
    } else if (dice === 1) {
      let content = Buffer.alloc(1 + random(3000), random(256));
      const { fileId: id } = await client.upload(content, { extension: "log", appender: true });
      for (let times = random(4); times > 0; times--) {
        const more = Buffer.alloc(1 + random(3000), random(256));
        say({ changing: id });
        await client.append(id, more);
        content = Buffer.concat([content, more]);
      }
      say({ stored: id, crc32: crc32(content), bytes: content.length });
      files.push({ id });
    } else {
      const content = Buffer.alloc(dice === 2 ? 300_000 + random(900_000) : 1 + random(12_000), random(256));
      if (content.length >= 4) content.writeUInt32LE(random(2 ** 32));
      const { fileId: id } = await client.upload(content, {
        extension: "bin",
        ...(dice === 3 ? { metadata: { seed, dice: String(random(100)) } } : {}),
      });
      say({ stored: id, crc32: crc32(content), bytes: content.length });
      files.push({ id });
    }
  } catch (error) {
    say({ failed: error.kind ?? String(error) });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  if (Number(pauseMs) > 0) await new Promise((resolve) => setTimeout(resolve, Number(pauseMs)));
}
await client.close();
