// The table of all commands, in the order of the overview.
import { deleteGroupCommand, deleteStorageCommand, setTrunkServerCommand } from "./commands/administration.ts";
import {
  appendCommand,
  modifyCommand,
  regenerateCommand,
  slaveCommand,
  truncateCommand,
} from "./commands/appender-files.ts";
import { benchCommand } from "./commands/bench.ts";
import { configCheckCommand, configInitCommand } from "./commands/config.ts";
import { deleteCommand } from "./commands/delete.ts";
import { downloadCommand } from "./commands/download.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { explainCommands } from "./commands/explain.ts";
import { crc32Command, infoCommand, parseCommand } from "./commands/info.ts";
import { locateCommand } from "./commands/locate.ts";
import { metadataCommands } from "./commands/metadata.ts";
import { monitorCommand } from "./commands/monitor.ts";
import { reloadCommand } from "./commands/reload.ts";
import { storageCommand, trackerCommand } from "./commands/servers.ts";
import { statCommands } from "./commands/stat.ts";
import { upCommand } from "./commands/up.ts";
import { uploadCommand } from "./commands/upload.ts";
import { verifyCommand } from "./commands/verify.ts";
import { whyCommand } from "./commands/why.ts";
import type { CommandRow } from "./table/command-row.ts";

export const commands: readonly CommandRow[] = [
  upCommand,
  trackerCommand,
  storageCommand,
  reloadCommand,
  uploadCommand,
  downloadCommand,
  deleteCommand,
  verifyCommand,
  infoCommand,
  parseCommand,
  locateCommand,
  crc32Command,
  appendCommand,
  modifyCommand,
  truncateCommand,
  regenerateCommand,
  slaveCommand,
  ...metadataCommands,
  monitorCommand,
  whyCommand,
  ...explainCommands,
  ...statCommands,
  benchCommand,
  setTrunkServerCommand,
  deleteStorageCommand,
  deleteGroupCommand,
  doctorCommand,
  configInitCommand,
  configCheckCommand,
];
