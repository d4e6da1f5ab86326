// What the parts of the client share: the way to trackers and storages, the options, and the border at which an error
// learns which file it was about.
import { type Command, FdfsError, type FileId, printFileId } from "@fastdfs-ts/protocol";
import type { RpcConnection } from "@fastdfs-ts/rpc";
import type { World } from "@fastdfs-ts/runtime";

import type { Operations } from "./operations.ts";
import type { ClientSettings } from "./options.ts";
import type { Route, StorageClient, Target } from "./storage-client.ts";
import type { TrackerClient } from "./tracker-client.ts";

export interface Session {
  readonly settings: ClientSettings;
  readonly world: World;
  readonly operations: Operations;
  readonly trackers: TrackerClient;
  readonly storages: StorageClient;
}

/** The route to the storage that changes a file: it alone, because others would refuse or diverge. */
export async function routeToOwner(session: Session, file: FileId, signal: AbortSignal): Promise<Route<Target>> {
  const endpoint = await session.trackers.updateTarget(file, signal);
  return { first: { endpoint }, others: () => Promise.resolve([]) };
}

/** The route to the storages that have a file, the one that the tracker chose first. */
export async function routeToHolders(session: Session, file: FileId, signal: AbortSignal): Promise<Route<Target>> {
  const endpoint = await session.trackers.readTarget(file, signal);
  return { first: { endpoint }, others: () => holders(session, file, signal) };
}

/** Metadata is read where it is written first, as C does (wire-protocol.md §10.2); others have it a little later. */
export async function routeToOwnerThenHolders(
  session: Session,
  file: FileId,
  signal: AbortSignal,
): Promise<Route<Target>> {
  const endpoint = await session.trackers.updateTarget(file, signal);
  return { first: { endpoint }, others: () => holders(session, file, signal) };
}

async function holders(session: Session, file: FileId, signal: AbortSignal): Promise<Target[]> {
  const endpoints = await session.trackers.readTargets(file, signal);
  return endpoints.map((endpoint) => ({ endpoint }));
}

/** One request without content to the storage that changes a file. */
export async function change<Request, Answer>(
  session: Session,
  file: FileId,
  command: Command<Request, Answer>,
  request: Request,
  signal: AbortSignal,
): Promise<Answer> {
  const route = await routeToOwner(session, file, signal);
  return session.storages.use(route, command.retry, signal, (connection) =>
    call(session, connection, command, request, signal),
  );
}

/** One request on a connection. */
export function call<Request, Answer>(
  session: Session,
  connection: RpcConnection,
  command: Command<Request, Answer>,
  request: Request,
  signal: AbortSignal,
  flags = 0,
): Promise<Answer> {
  return connection.call(command, request, { timeoutMs: session.settings.networkTimeoutMs, signal, flags });
}

/** Runs `work` as one operation of the client; an FdfsError that comes out of it names the file. */
export async function operate<T>(
  session: Session,
  file: FileId | undefined,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await session.operations.run(signal, work);
  } catch (error) {
    throw file === undefined ? error : about(file, error);
  }
}

/** The same error with the file in its facts. */
export function about(file: FileId, error: unknown): unknown {
  if (!(error instanceof FdfsError) || error.facts.fileName !== undefined) return error;
  return new FdfsError(error.kind, { ...error.facts, fileName: printFileId(file) }, { cause: error });
}
