// Whether a file that was created elsewhere is here already, without a look at its content.
import { isGivenOnce } from "../files/given-once.ts";

interface CreatedFile {
  readonly logicalName: string;
  readonly bytes: number;
  /** Unix time of the record. */
  readonly seconds: number;
}

/**
 * Whether a file of this name, size and time (Unix seconds) is that one or a later one. A name that is given once has one file,
 * whose later changes have records of their own. Of a slave or metadata that was deleted and stored anew the deletion may not
 * be pushed any more: only the time tells the new file, as every member gives a file the time of its record.
 */
export function isSameFile(
  { logicalName, bytes, seconds }: CreatedFile,
  bytesThere: number,
  secondsThere: number,
): boolean {
  return bytes === bytesThere && (seconds <= secondsThere || isGivenOnce(logicalName));
}
