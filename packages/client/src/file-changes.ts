// Changing files that exist: append, modify, truncate, regenerate the name, delete (wire-protocol.md §8.4, §8.9 to
// §8.12). All of it goes to the one storage that the tracker names.
import {
  type Command,
  type FileId,
  type FileIdFacts,
  message,
  storageCommands,
  variableBytes,
} from "@fastdfs-ts/protocol";

import { isKind } from "./retry-policy.ts";
import { call, change, routeToOwner, type Session } from "./session.ts";
import { type StoredFile, storedFile } from "./stored-file.ts";
import type { Content } from "./upload-source.ts";

/**
 * C storages send the request's body back where nothing had to be done: appending or overwriting nothing, a truncation to
 * the size the file has (wire-protocol.md §12 no. 2). It means success.
 */
const EchoedRequest = message("EchoedRequest", { body: variableBytes("the request's own body") });
const tolerant = <Request>(command: Command<Request>): Command<Request> => ({
  ...command,
  answerVariants: [EchoedRequest],
});

/**
 * A change that carries content (24, 34). Content that cannot be read twice is never sent twice, whatever the command
 * would allow.
 */
export async function changeWithContent<Request>(
  session: Session,
  file: FileId,
  command: Command<Request>,
  request: Request,
  content: Content,
  signal: AbortSignal,
): Promise<void> {
  const route = await routeToOwner(session, file, signal);
  const retry = content.isReplayable ? command.retry : "never";
  const options = { timeoutMs: session.settings.networkTimeoutMs, signal };
  await session.storages.use(route, retry, signal, (connection) =>
    connection.send(tolerant(command), request, { bytes: content.bytes, chunks: content.open() }, options),
  );
}

/** Sets the size of an appender file (36). */
export async function truncate(session: Session, file: FileId, newBytes: number, signal: AbortSignal): Promise<void> {
  const request = { logicalName: file.logicalName, newBytes };
  await change(session, file, tolerant(storageCommands.truncateFile), request, signal);
}

/** Turns an appender file into a normal one with another name (38). */
export async function regenerateName(session: Session, file: FileIdFacts, signal: AbortSignal): Promise<StoredFile> {
  const { logicalName } = file;
  return storedFile(await change(session, file, storageCommands.regenerateName, { logicalName }, signal));
}

/** Deletes a file and its metadata (12). */
export async function deleteFile(session: Session, file: FileId, signal: AbortSignal): Promise<void> {
  const command = storageCommands.deleteFile;
  const { groupName, logicalName } = file;
  const route = await routeToOwner(session, file, signal);
  await session.storages.use(route, command.retry, signal, async (connection, _target, attempt) => {
    try {
      await call(session, connection, command, { groupName, logicalName }, signal);
    } catch (error) {
      // An earlier sending got no answer and may have been what deleted it.
      if (attempt === 0 || !isKind(error, "NOT_FOUND")) throw error;
    }
  });
}
