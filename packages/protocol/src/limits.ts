// Every bound of the protocol in one place (wire-protocol.md §1.3, §2.1), and the relations between them, asserted when
// the module is loaded.
import { invariant } from "@fastdfs-ts/runtime";

/** The release of FastDFS whose protocol this is: what trackers and storages announce as their version. */
export const PROTOCOL_VERSION = "6.16.1";

/** Effective size of a network buffer: header and body of a request without content must be smaller. */
export const BUFFER_BYTES = 262_144;
/** The longest body without content that C accepts with that buffer. */
export const MAX_BODY_BYTES = 262_134;

export const GROUP_NAME_BYTES = 16;
/** Field of a storage id; the text itself has at most 15 characters. */
export const ID_BYTES = 16;
export const MAX_STORAGE_ID_CHARS = 15;
/** Largest numeric storage id. */
export const MAX_NUMERIC_STORAGE_ID = 0xff_ffff;
export const IPV4_FIELD_BYTES = 16;
export const IPV6_FIELD_BYTES = 46;
export const VERSION_BYTES = 8;
export const EXTENSION_BYTES = 6;
export const SLAVE_PREFIX_BYTES = 16;

/** "Mxx/HH/HH/" */
export const LOGIC_PATH_BYTES = 10;
/** "HH/HH/" */
export const TRUE_PATH_BYTES = 6;
/** The 20 bytes of facts in base64. */
export const FACTS_BLOCK_CHARS = 27;
/** The 12 bytes of a trunk slice in base64. */
export const TRUNK_BLOCK_CHARS = 16;
/** Random digits, dot and extension. */
export const TAIL_CHARS = 7;
export const NORMAL_NAME_BYTES = 44;
export const TRUNK_NAME_BYTES = 60;
/** Shortest name of a master without its "Mxx/" (wire-protocol.md §3.6). */
export const MIN_MASTER_PATH_BYTES = 34;
/** Shortest and longest logical name that a storage accepts. */
export const MIN_NAME_BYTES = 11;
export const MAX_NAME_BYTES = 127;
/** Shortest name that append, modify, truncate and regenerate accept. */
export const MIN_APPENDER_NAME_BYTES = NORMAL_NAME_BYTES;

export const MAX_METADATA_NAME_BYTES = 64;
export const MAX_METADATA_VALUE_BYTES = 256;
export const METADATA_SUFFIX = "-m";

export const MAX_STORAGES_PER_GROUP = 32;
export const MAX_GROUPS = 512;
export const MAX_TRACKERS = 16;
/** Removed members of a group that are remembered: two generations of a full group; who was removed longest ago is forgotten. */
export const REMOVALS_PER_GROUP = 64;
export const MAX_STORE_PATHS = 256;
/** Index bytes are signed in the C daemons: commands 11, 23, 26 and 27 reach no further. */
export const MAX_STORE_PATH_INDEX_IN_COMMANDS = 127;
export const MAX_SUBDIRS_PER_LEVEL = 256;
export const MAX_ADDRESSES_PER_STORAGE = 2;
/** "ip:port" */
export const MAX_ADDRESS_BYTES = 52;
/** "ip1,ip2:port" */
export const MAX_DOUBLE_ADDRESS_BYTES = 100;
export const MAX_BINLOG_LINE_BYTES = 256;
/** Body length in the header of a log that is sent while it is read: the end of the connection is its end (§9.11). */
export const UNMEASURED_LOG_BYTES = 2 ** 58;
/** C storages read the parameter answer (75) into a buffer of this size, terminator included. */
export const PARAMETERS_BUFFER_BYTES = 1024;
/** Most content in one piece of a system file (63). */
export const SYSTEM_FILE_PIECE_BYTES = 8173;
/** Bytes before the content of a file inside a trunk file. */
export const TRUNK_HEADER_BYTES = 24;

invariant(MAX_BODY_BYTES + 10 === BUFFER_BYTES, "a header and the longest body fill the buffer");
invariant(NORMAL_NAME_BYTES === LOGIC_PATH_BYTES + FACTS_BLOCK_CHARS + TAIL_CHARS, "parts of a normal name");
invariant(TRUNK_NAME_BYTES === NORMAL_NAME_BYTES + TRUNK_BLOCK_CHARS, "parts of a trunk name");
invariant(TAIL_CHARS === EXTENSION_BYTES + 1, "the dot and the longest extension fill the tail");
invariant(MIN_MASTER_PATH_BYTES > TRUE_PATH_BYTES + FACTS_BLOCK_CHARS, "a master name carries the facts");
invariant(MIN_NAME_BYTES === LOGIC_PATH_BYTES + 1, "a name is longer than its path");
invariant(TRUNK_NAME_BYTES + SLAVE_PREFIX_BYTES + TAIL_CHARS <= MAX_NAME_BYTES, "a slave of a trunk file fits");
invariant(MAX_STORAGE_ID_CHARS + 1 === ID_BYTES, "an id ends in a NUL");
invariant(MAX_ADDRESS_BYTES === IPV6_FIELD_BYTES + 6, "an address and its port");
invariant(MAX_DOUBLE_ADDRESS_BYTES === 2 * IPV6_FIELD_BYTES + 8, "two addresses and a port");
invariant(FACTS_BLOCK_CHARS === Math.ceil((20 * 8) / 6), "20 bytes in base64");
invariant(TRUNK_BLOCK_CHARS === (12 * 8) / 6, "12 bytes in base64");
