// Every bound of the tracker and why. Bounds of the protocol itself come from the protocol package.

/** Port of a tracker whose address names none. */
export const TRACKER_PORT_DEFAULT = 22122;

/** Piece of the changelog in one answer to 77, as C. We end it at a line, C in the middle of one. */
export const CHANGELOG_PIECE_BYTES = 8192;

/** Body of a page of the id list (69); C takes what its network buffer holds. */
export const ID_PAGE_BYTES = 65_536;

/** A page of the id list (69) ends when fewer than this many bytes of the buffer remain: one line always fits. */
export const ID_PAGE_SPARE_BYTES = 128;

/** Statistics that changed reach the state files within this time; changes of membership at once. C: every 1000th report. */
export const SAVE_DELAY_MS = 10_000;

/** How often the last-run record is rewritten, and the grain of the times that elections compare (wire-protocol.md §5.12). */
export const STATUS_RECORD_SECONDS = 300;

/** Pause between a resignation and the next look at who leads (cluster-behaviour.md §7.2). */
export const RELATIONSHIP_MS = 1000;

/** How often the tracker looks whether a storage has fallen silent. */
export const PROBE_LOOK_MS = 1000;

/** A storage is asked whether it lives when it has been silent for this many of its beats, and a second. */
export const SILENT_BEATS = 1.5;

/** How long a probe waits for the connection, and for the answer. */
export const PROBE_TIMEOUT_MS = 2000;

/** Unanswered probes in a row that take a storage out of service: one could be a lost packet. */
export const PROBES_FAILED = 2;

/** Probes under way at the same time, so that the loss of a whole network does not take all sockets. */
export const PROBES_AT_ONCE = 32;

/** How long requests in progress may take when the server stops. */
export const DRAIN_MS = 3000;
