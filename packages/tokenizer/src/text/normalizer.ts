/** Unicode normalization before a text is split: `normalizer` of a `tokenizer.json`. */
import { check, unsupported } from "../files/json.ts";

/** A normalization form. */
export type Form = "NFC" | "NFD" | "NFKC" | "NFKD";

const forms: readonly string[] = ["NFC", "NFD", "NFKC", "NFKD"];

/**
 * Reads `normalizer`: the forms to apply, one after the other.
 *
 * @throws {RangeError} If it does anything else to the text.
 */
export function readNormalizer(json: unknown, path = "normalizer"): Form[] {
  if (json === null || json === undefined) return [];
  const part = check(json, "object", path);
  if (part.type === "Sequence")
    return check(part.normalizers, "array", `${path}.normalizers`).flatMap((each, i) =>
      readNormalizer(each, `${path}.normalizers[${i}]`),
    );
  if (!forms.includes(part.type as string))
    throw unsupported(path, String(part.type), `${forms.join(", ")} and Sequence`);
  return [part.type as Form];
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
