const LARGE = 1 << 18;

/** A growable list of ids. */
export class IdList {
  ids: Int32Array = new Int32Array(1024);
  length = 0;

  /** Makes room for `count` more. */
  reserve(count: number): void {
    if (this.length + count <= this.ids.length) return;
    const larger = new Int32Array(Math.max(2 * this.ids.length, this.length + count));
    larger.set(this.ids.subarray(0, this.length));
    this.ids = larger;
  }

  /** Appends an id. */
  push(id: number): void {
    this.reserve(1);
    this.ids[this.length++] = id;
  }

  /** A copy of what is there; a large list is then given up. */
  take(): Int32Array {
    const taken = this.ids.slice(0, this.length);
    if (this.ids.length > LARGE) this.ids = new Int32Array(1024);
    return taken;
  }
}
