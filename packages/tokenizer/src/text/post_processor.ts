/** Ids around those of the text: `post_processor` of a `tokenizer.json`. */
import { checkId, type Part, unsupported } from "../files/part.ts";

/** Ids that are put before and after those of the text. */
export interface Frame {
  before: number[];
  after: number[];
}

/**
 * Reads the components of `post_processor`, as they are for one text.
 *
 * @throws {RangeError} If one is not supported.
 */
export function readPostProcessor(parts: readonly Part[]): Frame {
  const frame: Frame = { before: [], after: [] };
  for (const part of parts) {
    const type = part.type(["ByteLevel", "TemplateProcessing", "BertProcessing", "RobertaProcessing"]);
    if (type === "ByteLevel") continue;
    const { before, after } =
      type === "TemplateProcessing" ? readTemplate(part) : { before: [idOf(part, "cls")], after: [idOf(part, "sep")] };
    frame.before.unshift(...before);
    frame.after.push(...after);
  }
  return frame;
}

/** The id of `["</s>", 2]`. */
function idOf(part: Part, name: string): number {
  return checkId(part.read(name, "array")[1], () => `${part.at(name)}[1]`);
}

function readTemplate(part: Part): Frame {
  // Ids up to the text, and behind it.
  const parts: number[][] = [[]];
  for (const item of part.parts("single")) {
    if (item.value.Sequence) {
      parts.push([]);
      continue;
    }
    const token = part.part("special_tokens").part(item.part("SpecialToken").read("id", "string"));
    for (const id of token.read("ids", "array")) parts.at(-1)!.push(checkId(id, () => token.at("ids")));
  }
  const [before, after] = parts;
  if (parts.length !== 2)
    throw unsupported(part.at("single"), `with the text ${parts.length - 1} times`, "a template with the text once");
  return { before, after };
}
