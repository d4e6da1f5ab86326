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

/** How often a tracker looks at who leads, and pings it (cluster-behaviour.md §7.2). */
export const RELATIONSHIP_MS = 1000;

/** Grain of the timeouts among trackers. */
export const PEER_TIMER_MS = 100;

/** After an election without result, as C: long enough and random enough for the others to come to one. */
export const ELECTION_PAUSE_MS = { min: 1000, max: 10_000 } as const;

/** The same where others only need a moment: for the join of their first storage, or until a promise of theirs has ended. */
export const ELECTION_SHORT_PAUSE_MS = { min: 1000, max: 1500 } as const;

/** Pings in a row that may fail before a follower forgets the leader, as C; the pauses between them double. */
export const PING_FAILURES_MAX = 3;

/**
 * How long another tracker may take to accept a connection or to answer in matters of leadership. Not `network_timeout`:
 * a tracker that hangs would hold up an election for as long (cluster-behaviour.md §11.1 W15). More than the second after
 * which a lost first packet is sent again.
 */
export const PEER_TIMEOUT_MS = 2000;

/** How long a leader may act without a sign of a majority. Longer than a ping that failed once: 1 s and 2 s of pause. */
export const LEASE_MS = 4000;

/**
 * Who has pinged a leader supports no other for this long. Longer than the lease by what a ping may be under way; shorter
 * than the 7 s after which a follower forgets a leader that is gone, so it delays no election.
 */
export const PING_PROMISE_MS = 6000;

/** Who has agreed to a candidate (66) supports no other until this one had time to hear from everybody and to say 67. */
export const VOTE_PROMISE_MS = PEER_TIMEOUT_MS + 1000;

/** A tracker that has not shown up for this long is asked by the leader whom it follows. Two pings. */
export const ABSENCE_MS = 2000;

/**
 * Two trackers that cannot reach each other, and storages that see both lead: the one with the smaller address leaves the
 * lead to the other for this long.
 */
export const DISPUTE_REST_MS = 60_000;

/** A follower that has not pinged for longer is listed as not active (cluster-behaviour.md §7.2). */
export const FOLLOWER_ACTIVE_SECONDS = 3;

/** After a longer standstill another tracker may know better, as C (cluster-behaviour.md §7.6). */
export const OUTDATED_AFTER_SECONDS = 600;

/** Content of one answer to 63: what C's reader has room for. */
export const STATE_PIECE_BYTES = 8173;

/** Who has locked the state files and asks for nothing any more loses the lock after this time. C keeps it for ever. */
export const STATE_LOCK_MS = 30_000;

/** How long another tracker may take to save and to hand over a piece of its state. */
export const STATE_FETCH_TIMEOUT_MS = 10_000;

/** How often, and after which pause, a donor is asked again that serves another new tracker. */
export const STATE_FETCH_ATTEMPTS = 10;
export const STATE_FETCH_PAUSE_MS = 200;

/** Largest state file that is fetched: 512 groups of 32 members at 2.5 KB are 40 MB. */
export const STATE_FILE_BYTES_MAX = 64 * 1024 * 1024;

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
