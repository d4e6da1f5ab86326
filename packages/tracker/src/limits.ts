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

/** How long requests in progress may take when the server stops. */
export const DRAIN_MS = 3000;
