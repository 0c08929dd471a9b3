/**
 * What stops a verification that takes too long: every loop that input can make long calls `tick`, and the clock is read
 * at every 256th. Recursion is bounded by depth, numbers by bits, so no single step is long by itself.
 *
 * @module
 */

/** Thrown inside, caught by `compare`: the time is up. */
export class TimeUp extends Error {}

/** Thrown inside, caught where an answer is read: this is no expression that we understand, or one too deep or too large. */
export class Unreadable extends Error {}

/** Counts steps and ends the work when its time is up. */
export class Deadline {
  #end: number;
  #steps = 0;

  constructor(milliseconds: number) {
    this.#end = performance.now() + milliseconds;
  }

  /** @throws {TimeUp} when the time is over. */
  tick(): void {
    if ((++this.#steps & 255) === 0) this.check();
  }

  /** @throws {TimeUp} when the time is over. */
  check(): void {
    if (performance.now() > this.#end) throw new TimeUp("time is up");
  }
}
