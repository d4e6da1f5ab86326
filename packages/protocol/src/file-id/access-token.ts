// Anti-steal tokens of download links: MD5 over name, secret and time (wire-protocol.md §10.7).
import { FdfsError } from "../errors.ts";
import { md5Hex } from "./md5.ts";

const TOKEN_CHARS = 32;

/** The token of a file for a link made at `timestampSeconds` (Unix time). The name is the one without the group. */
export function accessToken(logicalName: string, secret: string, timestampSeconds: number): string {
  return md5Hex(Buffer.from(`${logicalName}${secret}${timestampSeconds}`));
}

export interface TokenCheck {
  readonly logicalName: string;
  readonly secret: string;
  readonly token: string;
  readonly timestampSeconds: number;
  readonly nowSeconds: number;
  readonly lifetimeSeconds: number;
}

/**
 * Throws FdfsError unless the token fits: BAD_REQUEST for a wrong length, TIMED_OUT when expired (time 0 never is),
 * NOT_PERMITTED when it does not match.
 */
export function checkAccessToken(check: TokenCheck): void {
  const { logicalName, secret, token, timestampSeconds, nowSeconds, lifetimeSeconds } = check;
  if (token.length !== TOKEN_CHARS) {
    throw new FdfsError("BAD_REQUEST", {
      fileName: logicalName,
      reason: `the token has not ${TOKEN_CHARS} characters`,
    });
  }
  if (timestampSeconds !== 0 && nowSeconds - timestampSeconds > lifetimeSeconds) {
    throw new FdfsError("TIMED_OUT", { fileName: logicalName, reason: "the link has expired" });
  }
  if (!equalInConstantTime(accessToken(logicalName, secret, timestampSeconds), token)) {
    throw new FdfsError("NOT_PERMITTED", { fileName: logicalName, reason: "the token does not match" });
  }
}

/** How long the comparison takes must not tell how much of a guess was right. */
function equalInConstantTime(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}
