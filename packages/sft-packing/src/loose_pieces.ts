/**
 * Pieces that belong to no context, found by the sum of their lengths.
 *
 * @module
 */

/** A step of a search is paid from this: searches that do not succeed must end soon. */
const STEPS_A_PIECE = 64;

/** Pieces to be taken, a few at a time, so that they fill given rooms. */
export class LoosePieces {
  /** Numbers of the pieces, by length, ascending. */
  readonly #pieces: Int32Array;
  /** The different lengths of which pieces are left, ascending; of each, pieces `#begin` to `#end − 1`. */
  readonly #lengths: Int32Array;
  readonly #begin: Int32Array;
  readonly #end: Int32Array;
  #different = 0;
  #count: number;
  #steps: number;

  constructor(pieces: readonly number[], lengths: readonly number[]) {
    const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
    const first = new Int32Array(longest + 2);
    for (const length of lengths) {
      if (first[length + 1]++ === 0) this.#different++;
    }
    this.#lengths = new Int32Array(this.#different);
    this.#begin = new Int32Array(this.#different);
    this.#end = new Int32Array(this.#different);
    let d = 0;
    for (let length = 0; length <= longest; length++) {
      const count = first[length + 1];
      first[length + 1] += first[length];
      if (count === 0) continue;
      this.#lengths[d] = length;
      this.#begin[d] = first[length];
      this.#end[d++] = first[length + 1];
    }
    this.#pieces = new Int32Array(pieces.length);
    for (let i = 0; i < pieces.length; i++) this.#pieces[first[lengths[i]]++] = pieces[i];
    this.#count = pieces.length;
    this.#steps = STEPS_A_PIECE * pieces.length;
  }

  /** Pieces that nobody took. */
  get count(): number {
    return this.#count;
  }

  /**
   * Takes pieces that fill a room, or all but the least that can be found.
   *
   * @returns What is left of the room: at most `spare`, or −1 where nothing so close was found.
   */
  fill(room: number, spare: number, take: (piece: number, length: number) => void): number {
    let left = room;
    let index = this.#next(left);
    for (; index >= 0; index = this.#next(left)) left -= this.#take(index, take);
    if (this.#different === 0) return left <= spare ? left : -1;
    for (let gap = 0; gap <= spare && gap <= left && this.#steps > 0; gap++) {
      if (this.#fillExactly(left - gap, take)) return gap;
    }
    return -1;
  }

  /**
   * The piece to place next in a room for more than three, or −1. Long ones are hard to place, so they go first, as long
   * as what is then left is not too little for that many of the others.
   */
  #next(room: number): number {
    if (this.#different === 0) return -1;
    const lengths = this.#lengths;
    const shortest = lengths[0];
    const range = lengths[this.#different - 1] - shortest;
    const pieces = Math.ceil(room / (shortest + 0.6 * range));
    if (pieces <= 3) return -1;
    const most = room - (pieces - 1) * (shortest + 0.25 * range);
    let index = this.#different - 1;
    while (index > 0 && lengths[index] > most) index--;
    return index;
  }

  /** Takes two or three pieces of this sum; none for 0. */
  #fillExactly(sum: number, take: (piece: number, length: number) => void): boolean {
    if (sum === 0 || this.#takePair(sum, -1, take)) return true;
    for (let third = this.#different - 1; third >= 0 && this.#steps > 0; third--) {
      if (this.#lengths[third] < sum && this.#takePair(sum - this.#lengths[third], third, take)) return true;
    }
    return false;
  }

  /** Takes one or two pieces of this sum, and one of length number `third` before, which is not shorter; −1 for none. */
  #takePair(sum: number, third: number, take: (piece: number, length: number) => void): boolean {
    const lengths = this.#lengths;
    let low = 0;
    let high = third < 0 ? this.#different - 1 : third;
    while (low <= high) {
      this.#steps--;
      const both = lengths[low] + lengths[high];
      const one = lengths[high] === sum;
      if ((one || both === sum) && this.#has(third, high, one ? -1 : low)) {
        // From long to short: a length that is used up moves those behind it.
        if (third >= 0) this.#take(third, take);
        this.#take(high, take);
        if (!one) this.#take(low, take);
        return true;
      }
      if (both >= sum) high--;
      else low++;
    }
    return false;
  }

  /** Whether there are enough pieces of these three lengths, of which some may be the same; −1 stands for none. */
  #has(a: number, b: number, c: number): boolean {
    const left = (index: number): number => this.#end[index] - this.#begin[index];
    if (a === b && left(a) < (b === c ? 3 : 2)) return false;
    return b !== c || left(b) >= 2;
  }

  /** Takes a piece of length number `index`; gives the length. Those behind it move up if it was the last of its length. */
  #take(index: number, take: (piece: number, length: number) => void): number {
    const length = this.#lengths[index];
    take(this.#pieces[this.#begin[index]++], length);
    this.#count--;
    if (this.#begin[index] === this.#end[index]) {
      for (const list of [this.#lengths, this.#begin, this.#end]) list.copyWithin(index, index + 1, this.#different);
      this.#different--;
    }
    return length;
  }
}
