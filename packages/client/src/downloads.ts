// Opening downloads (wire-protocol.md §8.7): which storage, which part, and the empty files that a C storage refuses to
// send.
import { type FileIdFacts, storageCommands } from "@fastdfs-ts/protocol";
import { peerText } from "@fastdfs-ts/rpc";

import { Download, type Part } from "./download.ts";
import { EXISTENCE_FLAGS } from "./metadata.ts";
import type { CallOptions } from "./options.ts";
import { isKind } from "./retry-policy.ts";
import { call, operate, routeToHolders, type Session } from "./session.ts";
import type { Route, Target } from "./storage-client.ts";
import type { OnProgress } from "./upload-source.ts";

export interface DownloadOptions extends CallOptions {
  /** First byte wanted. Default 0. */
  readonly offset?: number | undefined;
  /** Bytes wanted at most. Default: to the end. */
  readonly length?: number | undefined;
  readonly onProgress?: OnProgress | undefined;
}

const EMPTY: Part = { bodyBytes: 0, next: () => Promise.resolve(undefined), close: () => {} };

/** Opens a download: when it resolves, a storage has begun to answer. The download is one operation until it is read. */
export async function openDownload(session: Session, file: FileIdFacts, options: DownloadOptions): Promise<Download> {
  const { offset = 0, length, onProgress } = options;
  const operation = session.operations.begin(options.signal);
  const failed = new Set<string>();
  try {
    const part = await operate(session, file, operation.signal, async (signal) => {
      const route = await routeToHolders(session, file, signal);
      if (length === 0) return nothing(session, file, route, signal);
      return openPart(session, file, route, { offset, length: length ?? 0 }, failed, operation.signal);
    });
    const reopen = async (from: number, bytes: number, signal: AbortSignal) => {
      const route = await routeAround(session, file, failed, signal);
      return openPart(session, file, route, { offset: from, length: bytes }, failed, signal);
    };
    return new Download({ session, file, offset, part, reopen, operation, onProgress });
  } catch (error) {
    operation.end();
    throw error;
  }
}

/** Other storages that have the file than those that failed; one that failed is taken again only if no other is left. */
async function routeAround(
  session: Session,
  file: FileIdFacts,
  failed: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Route<Target>> {
  const targets = (await session.trackers.readTargets(file, signal)).map((endpoint) => ({ endpoint }));
  const hasFailed = ({ endpoint }: Target) => failed.has(peerText(endpoint));
  const ranked = [...targets.filter((target) => !hasFailed(target)), ...targets.filter(hasFailed)];
  return { first: ranked[0]!, others: () => Promise.resolve(ranked.slice(1)) };
}

async function openPart(
  session: Session,
  file: FileIdFacts,
  route: Route<Target>,
  range: { readonly offset: number; readonly length: number },
  failed: Set<string>,
  signal: AbortSignal,
): Promise<Part> {
  const command = storageCommands.downloadFile;
  const { groupName, logicalName } = file;
  const request = { offset: range.offset, countBytes: range.length, groupName, logicalName };
  const options = { timeoutMs: session.settings.networkTimeoutMs, signal };
  let target = route.first;
  try {
    const { value: incoming, connection } = await session.storages.hold(
      route,
      command.retry,
      signal,
      async (held, current) => {
        target = current;
        return held.fetch(command, request, options);
      },
    );
    let isOpen = true;
    return {
      bodyBytes: incoming.bodyBytes,
      next: async () => {
        try {
          return await incoming.next();
        } catch (error) {
          failed.add(peerText(target.endpoint));
          throw error;
        }
      },
      close: () => {
        if (!isOpen) return;
        isOpen = false;
        incoming.cancel();
        session.storages.release(connection);
      },
    };
  } catch (error) {
    // C answers 22 where an empty file should be sent (wire-protocol.md §12 no. 6).
    if (range.offset === 0 && isKind(error, "BAD_REQUEST")) {
      const only = { first: target, others: () => Promise.resolve([]) };
      if ((await fileBytes(session, file, only, signal)) === 0) return EMPTY;
    }
    throw error;
  }
}

/** A length of 0 would mean "to the end" on the wire. The file must exist all the same. */
async function nothing(session: Session, file: FileIdFacts, route: Route<Target>, signal: AbortSignal): Promise<Part> {
  await fileBytes(session, file, route, signal);
  return EMPTY;
}

async function fileBytes(
  session: Session,
  file: FileIdFacts,
  route: Route<Target>,
  signal: AbortSignal,
): Promise<number> {
  const command = storageCommands.queryFileInfo;
  const { groupName, logicalName } = file;
  const info = await session.storages.use(route, command.retry, signal, (connection) =>
    call(session, connection, command, { groupName, logicalName }, signal, EXISTENCE_FLAGS),
  );
  return info.fileBytes;
}
