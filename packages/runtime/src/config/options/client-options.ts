// client.conf (storage-formats.md §6.7).
import { type ConfFile, globalTable } from "../option-table.ts";
import { logLevelTable } from "./log-options.ts";
import { connectionPoolTable } from "./server-options.ts";
import { checkTrackerServer } from "./value-checks.ts";

const connectionTable = globalTable("Trackers and connections", {
  trackerServers: {
    name: "tracker_server",
    type: "text",
    default: undefined,
    repeated: true,
    required: true,
    check: checkTrackerServer,
    allowed: "host:port; two addresses as a,b:port; IPv6 as [a,b]:port",
    sample: "192.0.2.10:22122",
    remedy: "Add a line for each tracker: tracker_server = 192.0.2.10:22122",
    meaning: "a tracker; one line each",
    effect: "used",
  },
  connectTimeoutMs: {
    name: "connect_timeout",
    type: "duration",
    unit: "s",
    default: "10",
    range: { min: 1, below: "default" },
    sample: "5",
    meaning: "longest wait for a connection",
    effect: "used",
  },
  networkTimeoutMs: {
    name: "network_timeout",
    type: "duration",
    unit: "s",
    default: "30",
    range: { min: 1, below: "default" },
    sample: "60",
    meaning: "longest silence of a server in the middle of an exchange",
    effect: "used",
  },
  connectFirstBy: {
    name: "connect_first_by",
    type: "choice",
    choices: { tracker: ["tracker"], "last-connected": ["last", "last…"] },
    otherwise: "tracker",
    default: "tracker",
    meaning:
      "which of two addresses of a storage is tried first: the one the tracker names, or the one that worked last",
    since: "6.11",
    effect: "accepted, no effect here because the client dials the address that the tracker names",
  },
  basePath: {
    name: "base_path",
    type: "path",
    default: "/tmp",
    meaning: "directory where the C library logs",
    effect: "accepted, no effect here because tools write messages to the terminal",
  },
});

const identityTable = globalTable("Identity of storages", {
  loadParametersFromTracker: {
    name: "load_fdfs_parameters_from_tracker",
    type: "boolean",
    default: "false",
    meaning: "ask the tracker for the id list instead of reading it from a file",
    since: "4.05",
    effect: "accepted, no effect here because the client needs no parameters",
  },
  useStorageId: {
    name: "use_storage_id",
    type: "boolean",
    default: "false",
    meaning: "file ids name storages by id; counts when the parameters are not loaded from the tracker",
    effect: "used",
  },
  storageIdsFile: {
    name: "storage_ids_filename",
    type: "path",
    default: undefined,
    onlyWith: "useStorageId",
    allowed: "a file; relative to the directory of this file",
    sample: "storage_ids.conf",
    meaning: "the list of ids; required with use_storage_id unless the parameters are loaded from the tracker",
    effect: "used",
  },
});

const tokenTable = globalTable("Tokens in web addresses", {
  checkToken: {
    name: "http.anti_steal.check_token",
    type: "boolean",
    default: "false",
    meaning: "tools append a token to the web addresses that they print",
    effect: "used",
  },
  tokenSecretKey: {
    name: "http.anti_steal.secret_key",
    type: "text",
    default: "",
    check: (value) => (Buffer.byteLength(value) > 128 ? "is longer than 128 bytes. Shorten it." : undefined),
    allowed: "at most 128 bytes; required with http.anti_steal.check_token",
    meaning: "the secret that tokens are made with",
    effect: "used",
  },
});

const tables = {
  connection: connectionTable,
  connectionPool: connectionPoolTable,
  identity: identityTable,
  token: tokenTable,
  logging: logLevelTable,
};

export const clientConf: ConfFile<typeof tables> = {
  name: "client.conf",
  purpose: "clients and command line tools",
  tables,
  // The C tools read more http.* keys by including http.conf.
  removed: ["http.*"],
};
