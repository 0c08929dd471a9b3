/**
 * Names of problems, by which a journal knows them again.
 *
 * @module
 */

/** Gives each problem its name; a new function for each run. */
export function identify<Problem>(
  named: ((problem: Problem, index: number) => string) | undefined,
): (problem: Problem, index: number) => string {
  const indices = new Map<string, number>();
  return (problem, index) => {
    const own = named ? named(problem, index) : ownId(problem);
    if (own !== undefined && typeof own !== "string") {
      throw new TypeError(`Cannot sample problem ${index}: problemId must give a string, found ${typeof own}`);
    }
    let id = own ?? contentHash(problem, index);
    const before = indices.get(id);
    if (before !== undefined) {
      if (own !== undefined) {
        throw new RangeError(
          `Cannot sample problem ${index}: its id must be its own, found that of problem ${before}, "${id}"`,
        );
      }
      // The same problem again: by its content alone it cannot be told from the first.
      let copy = 2;
      while (indices.has(`${id}#${copy}`)) copy++;
      id = `${id}#${copy}`;
    }
    indices.set(id, index);
    return id;
  };
}

function ownId(problem: unknown): string | undefined {
  const id = (problem as { id?: unknown } | null | undefined)?.id;
  return typeof id === "string" || typeof id === "number" ? `${id}` : undefined;
}

function contentHash(problem: unknown, index: number): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(problem);
  } catch {
    // Named below.
  }
  if (text === undefined) {
    throw new TypeError(`Cannot sample problem ${index}: it has no id and is not JSON; give problemId`);
  }
  return hash64(text);
}

/** Two 32-bit FNV-1a hashes, of the UTF-16 units and of them reversed: 16 hexadecimal digits. */
function hash64(text: string): string {
  let [forward, backward] = [0x811c9dc5, 0x811c9dc5];
  for (let i = 0; i < text.length; i++) {
    forward = Math.imul(forward ^ text.charCodeAt(i), 0x01000193);
    backward = Math.imul(backward ^ text.charCodeAt(text.length - 1 - i), 0x01000193);
  }
  const hex = (word: number) => (word >>> 0).toString(16).padStart(8, "0");
  return hex(forward) + hex(backward);
}
