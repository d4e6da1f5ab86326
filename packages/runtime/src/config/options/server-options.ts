// Keys that tracker.conf and storage.conf share (storage-formats.md §6.3). A few limits and defaults differ between
// the two servers: they are the arguments.
import { globalTable } from "../option-table.ts";
import { checkBindAddresses } from "./value-checks.ts";

const kib = 1024;

const noThreads = "accepted, no effect here because one event loop does this work";
const ownBuffers = "accepted, no effect here because buffers are sized by the transfer, not by configuration";
const noIoUring = "accepted, no effect here because Node.js decides how it does its I/O";
const framework = "accepted, no effect here because one port serves both sides: leave it unset";

export const processTable = globalTable("Process", {
  disabled: {
    name: "disabled",
    type: "boolean",
    default: "false",
    meaning: "true: the server refuses to start with this file",
    effect: "used",
  },
  basePath: {
    name: "base_path",
    type: "path",
    default: undefined,
    required: true,
    allowed: "an existing directory",
    sample: "/var/lib/fastdfs",
    meaning: "directory for state (data/) and logs (logs/)",
    effect: "used",
  },
  runByGroup: {
    name: "run_by_group",
    type: "text",
    default: "",
    meaning: "group to run as. Not empty: a warning says that it is not applied",
    effect: "accepted, no effect here because the service manager sets the group: use Group= in the systemd unit",
  },
  runByUser: {
    name: "run_by_user",
    type: "text",
    default: "",
    meaning: "user to run as. Not empty: a warning says that it is not applied",
    effect: "accepted, no effect here because the service manager sets the user: use User= in the systemd unit",
  },
  acceptThreads: {
    name: "accept_threads",
    type: "integer",
    default: "1",
    range: { min: 1, below: "refuse" },
    meaning: "threads that accept connections",
    since: "4.07",
    effect: noThreads,
  },
  workThreads: {
    name: "work_threads",
    type: "integer",
    default: "4",
    range: { min: 1, below: "refuse" },
    meaning: "threads that serve connections",
    since: "2.00",
    effect: noThreads,
  },
  threadStackBytes: {
    name: "thread_stack_size",
    type: "size",
    default: "256KB",
    range: { min: 64 * kib, below: "limit", max: 2 * kib ** 3, above: "limit" },
    sample: "512KB",
    meaning: "stack of a thread; a C storage refuses less than 320KB, its own default included, so set it for C",
    effect: noThreads,
  },
});

/** Where the server listens and whom it lets in. */
export function networkTable(port: string, networkTimeoutSeconds: string, buffBytesMin: number) {
  return globalTable("Network", {
    bindAddress: {
      name: "bind_addr",
      type: "text",
      default: "",
      check: checkBindAddresses,
      allowed: "empty, one address, or one IPv4 and one IPv6 address as a,b",
      meaning: "addresses to listen on; empty: all",
      since: "6.11 for IPv6",
      effect: "used",
    },
    innerBindAddress: {
      name: "inner_bind_addr",
      type: "text",
      default: "",
      check: checkBindAddresses,
      meaning: "if set, used instead of bind_addr, together with outer_bind_addr",
      effect: "used",
    },
    outerBindAddress: {
      name: "outer_bind_addr",
      type: "text",
      default: "",
      check: checkBindAddresses,
      meaning: "if set, used instead of bind_addr, together with inner_bind_addr",
      effect: "used",
    },
    port: {
      name: "port",
      type: "integer",
      default: port,
      range: { min: 1, below: "default", max: 65535, above: "refuse" },
      meaning: "port to listen on",
      effect: "used",
    },
    innerPort: {
      name: "inner_port",
      type: "integer",
      default: undefined,
      meaning: "port of the inner side",
      effect: framework,
    },
    outerPort: {
      name: "outer_port",
      type: "integer",
      default: undefined,
      meaning: "port of the outer side",
      effect: framework,
    },
    addressFamily: {
      name: "address_family",
      type: "choice",
      choices: { auto: ["auto"], ipv4: ["IPv4"], ipv6: ["IPv6"], both: ["both"] },
      otherwise: "auto",
      default: "auto",
      meaning: "what to listen on if bind_addr is empty; auto and both: IPv4 and IPv6",
      since: "6.11",
      effect: "used",
    },
    connectTimeoutMs: {
      name: "connect_timeout",
      type: "duration",
      unit: "s",
      default: "10",
      range: { min: 1, below: "default" },
      sample: "5",
      meaning: "longest wait for an outgoing connection",
      effect: "used",
    },
    networkTimeoutMs: {
      name: "network_timeout",
      type: "duration",
      unit: "s",
      default: networkTimeoutSeconds,
      range: { min: 1, below: "default" },
      sample: "60",
      meaning: "longest silence of a peer in the middle of an exchange",
      effect: "used",
    },
    maxConnections: {
      name: "max_connections",
      type: "integer",
      default: "256",
      range: { min: 1, below: "default" },
      sample: "1024",
      meaning: "connections served at the same time",
      effect: "used",
    },
    buffBytes: {
      name: "buff_size",
      type: "size",
      default: "256KB",
      range: { min: buffBytesMin, below: buffBytesMin > 8 * kib ? "refuse" : "limit" },
      meaning: "network buffer of a connection",
      since: "2.00",
      effect: ownBuffers,
    },
    minBuffBytes: {
      name: "min_buff_size",
      type: "size",
      default: undefined,
      range: { min: 4 * kib, below: "limit" },
      meaning: "smallest network buffer; counts only together with max_buff_size, else buff_size is used for both",
      effect: ownBuffers,
    },
    maxBuffBytes: {
      name: "max_buff_size",
      type: "size",
      default: undefined,
      range: { min: 8 * kib, below: "limit" },
      meaning: "largest network buffer; at least buff_size",
      effect: ownBuffers,
    },
    tcpQuickAck: {
      name: "tcp_quick_ack",
      type: "boolean",
      default: "true",
      meaning: "acknowledge TCP segments at once",
      effect: "accepted, no effect here because Node.js cannot set this socket option",
    },
    useIoUring: {
      name: "use_io_uring",
      type: "boolean",
      default: "false",
      meaning: "use io_uring (only in C builds with it)",
      since: "6.15",
      effect: noIoUring,
    },
    useSendZeroCopy: {
      name: "use_send_zc",
      type: "boolean",
      default: "true",
      meaning: "zero-copy sending with io_uring",
      since: "6.15",
      effect: noIoUring,
    },
    allowHosts: {
      name: "allow_hosts",
      type: "text",
      default: undefined,
      repeated: true,
      allowed: "*, address, CIDR block, host name, ranges: 10.0.1.[1-15,20], host[01-08].example.net",
      meaning: "who may connect; no line: everybody",
      effect: "used",
    },
  });
}

export const connectionPoolTable = globalTable("Outgoing connections", {
  useConnectionPool: {
    name: "use_connection_pool",
    type: "boolean",
    default: "false",
    sample: "true",
    meaning: "keep outgoing connections for the next request",
    since: "4.05",
    effect: "used",
  },
  connectionPoolMaxIdleMs: {
    name: "connection_pool_max_idle_time",
    type: "duration",
    unit: "s",
    default: "3600",
    range: { min: 1, below: "refuse" },
    onlyWith: "useConnectionPool",
    meaning: "a connection that was idle for longer is closed",
    since: "4.05",
    effect: "used",
  },
});

/** Keys that older versions had and that are read without complaint (storage-formats.md §6.4). */
export const removedServerKeys: readonly string[] = [
  "http.*",
  "use_access_log",
  "rotate_access_log",
  "access_log_rotate_time",
  "compress_old_access_log",
  "compress_access_log_days_before",
  "rotate_error_log",
  "error_log_rotate_time",
  "compress_old_error_log",
  "compress_error_log_days_before",
  "rotate_access_log_size",
  "rotate_error_log_size",
];
