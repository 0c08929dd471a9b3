/** Checks that several files of the Bell test share. */

/** Refuses a number that is not a share. @throws {RangeError} A value outside [0, 1]. */
export function checkShare(name: string, value: number): void {
  if (!(value >= 0 && value <= 1))
    throw new RangeError(`Cannot set up a Bell test: ${name} must be from 0 to 1, found ${value}`);
}
