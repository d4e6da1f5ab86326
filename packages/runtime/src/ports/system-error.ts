// Ports fail with system errors. The real adapters pass Node's own through; the simulated ones throw `SystemError`.
// Nothing branches on message text: the errno name in `code` decides.

/** Linux errno numbers by name; the same on every host, so that a status byte means the same on macOS. */
export const errnoByCode = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  EXDEV: 18,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  EFBIG: 27,
  ENOSPC: 28,
  EROFS: 30,
  EPIPE: 32,
  ENAMETOOLONG: 36,
  ENOTEMPTY: 39,
  ELOOP: 40,
  ENONET: 64,
  EOPNOTSUPP: 95,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ENETUNREACH: 101,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ENOTCONN: 107,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTUNREACH: 113,
  EALREADY: 114,
  EDQUOT: 122,
} as const;

export type ErrnoCode = keyof typeof errnoByCode;

/** A system error made by us, shaped like Node's: `code` is the errno name. */
export class SystemError extends Error {
  readonly code: string;
  readonly syscall: string;
  readonly path: string | undefined;

  constructor(code: ErrnoCode, syscall: string, path?: string) {
    super(`${code}: ${syscall}${path === undefined ? "" : ` '${path}'`}`);
    this.name = "SystemError";
    this.code = code;
    this.syscall = syscall;
    this.path = path;
  }
}

/** The errno name of anything that was thrown, or `undefined` if it is not a system error. */
export function systemErrorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
