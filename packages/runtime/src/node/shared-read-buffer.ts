// One buffer into which all accepted connections are read, one after the other. Node otherwise takes fresh memory of 64 KiB
// for every read, which costs a quarter of the CPU of a small request and fills the heap of a large one with garbage
// (docs/decisions/0005-shared-read-buffer.md).
//
// Node offers this (`onread`) for sockets that dial, not for those that a server accepts. So the accepted handle is given
// to a second socket. The handle is not part of Node's documented interface: where it is not as expected the accepted
// socket is used as it is, which is slower and otherwise the same.
import { Socket } from "node:net";

/** The most that one read takes. A large upload is written in pieces of this size. */
const READ_BYTES = 64 * 1024;

const shared = Buffer.allocUnsafeSlow(READ_BYTES);

interface Handle {
  readonly useUserBuffer?: unknown;
}

/**
 * A socket in place of `accepted`, which must not be used afterwards, that calls `received` with bytes that are valid
 * during the call. Must be called in the turn in which the server handed out `accepted`. The server never learns of the
 * end of the connection: the callback of its `close` is not called.
 */
export function readIntoSharedBuffer(accepted: Socket, received: (bytes: Buffer) => void): Socket {
  const inner = accepted as unknown as { _handle: Handle | null };
  const handle = inner._handle;
  if (typeof handle?.useUserBuffer !== "function") {
    accepted.on("data", received);
    return accepted;
  }
  // One owner: the accepted socket forgets its handle without closing it.
  inner._handle = null;
  const options = {
    handle,
    allowHalfOpen: false,
    readable: true,
    writable: true,
    onread: {
      buffer: shared,
      callback(bytes: number, buffer: Buffer): boolean {
        received(buffer.subarray(0, bytes));
        return true;
      },
    },
  };
  return new Socket(options);
}
