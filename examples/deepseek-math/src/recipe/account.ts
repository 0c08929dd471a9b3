/**
 * What a stage says that it did.
 *
 * @module
 */

/** What a stage consumed and produced, in numbers and words: printed, and kept in `stages/<name>.json`. */
export interface StageAccount {
  readonly consumed: Readonly<Record<string, number | string>>;
  readonly produced: Readonly<Record<string, number | string>>;
}

/** `consumed 9,000 pages; produced 3,100 pages kept, …`. */
export function accountText({ consumed, produced }: StageAccount): string {
  return `consumed ${listText(consumed)}; produced ${listText(produced)}`;
}

/** What was consumed, or produced, in words. */
export function listText(entries: StageAccount["consumed"]): string {
  const list = Object.entries(entries).map(([name, value]) =>
    typeof value === "number" ? `${value.toLocaleString("en-US")} ${name}` : `${name} ${value}`,
  );
  return list.join(", ") || "nothing";
}
