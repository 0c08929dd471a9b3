/** Unicode normalization before a text is split: `normalizer` of a `tokenizer.json`. */
import type { Part } from "../files/part.ts";

/** A normalization form. */
export type Form = "NFC" | "NFD" | "NFKC" | "NFKD";

const forms: readonly Form[] = ["NFC", "NFD", "NFKC", "NFKD"];

/**
 * Reads the components of `normalizer`: the forms to apply, one after the other.
 *
 * @throws {RangeError} If one does anything else to the text.
 */
export function readNormalizer(parts: readonly Part[]): Form[] {
  return parts.map((part) => part.type(forms));
}

/** The normalized text. */
export function normalize(text: string, forms: readonly Form[]): string {
  for (const form of forms) text = text.normalize(form);
  return text;
}

/**
 * For each code unit of the normalized text, and its end, where in the text it comes from: two lists of starts and ends.
 *
 * A character and the marks after it are normalized together, apart from the others; within such a group whose length
 * changes everything comes from the whole group.
 */
export function alignNormalized(text: string, forms: readonly Form[]): { starts: number[]; ends: number[] } {
  const starts: number[] = [];
  const ends: number[] = [];
  for (const { 0: group, index } of text.matchAll(/.[\p{M}\u1160-\u11ff]*/gsu)) {
    const normalized = normalize(group, forms);
    const same = normalized === group;
    for (let i = 0; i < normalized.length; i++) {
      starts.push(same ? index + i : index);
      ends.push(same ? index + i + 1 : index + group.length);
    }
  }
  starts.push(text.length);
  ends.push(text.length);
  return { starts, ends };
}
