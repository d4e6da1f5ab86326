// C's words in the access log for what a client asked (storage-formats.md §7.2). Commands without a word are not logged.
import { storageCommands } from "@fastdfs-ts/protocol";
import type { AccessAction, AccessLog } from "@fastdfs-ts/runtime";
import type { AnsweredExchange } from "@fastdfs-ts/rpc";

const actions = new Map<number, AccessAction>([
  [storageCommands.uploadFile.code, "upload"],
  [storageCommands.uploadAppender.code, "upload"],
  [storageCommands.uploadSlave.code, "upload"],
  [storageCommands.downloadFile.code, "download"],
  [storageCommands.deleteFile.code, "delete"],
  [storageCommands.appendFile.code, "append"],
  [storageCommands.modifyFile.code, "modify"],
  [storageCommands.truncateFile.code, "truncate"],
  [storageCommands.setMetadata.code, "set_metadata"],
  [storageCommands.getMetadata.code, "get_metadata"],
  [storageCommands.queryFileInfo.code, "status"],
  [storageCommands.regenerateName.code, "rename"],
]);

/** Writes an exchange into the access log, if C would. */
export function logAccess(log: AccessLog, exchange: AnsweredExchange): void {
  const action = actions.get(exchange.command);
  if (action === undefined) return;
  const { session, status, startedMs, requestBytes, answerBytes } = exchange;
  log.request(session.remote.host, action, session.subject, status, startedMs, requestBytes, answerBytes);
}
