// What the table of C tools says of each.
export interface CTool {
  /** Arguments as the C tool has them. */
  readonly usage: string;
  /** How many arguments it takes. */
  readonly min: number;
  readonly max: number;
  /** The same for us, without "fdfs". A string in answer says what is wrong. */
  translate(args: readonly string[]): string[] | string;
}
