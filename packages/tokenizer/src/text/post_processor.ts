/** Ids around those of the text: `post_processor` of a `tokenizer.json`. */
import { check, type JsonObject, unsupported } from "../files/json.ts";

/** Ids that are put before and after those of the text. */
export interface Frame {
  before: number[];
  after: number[];
}

const supported = "ByteLevel, TemplateProcessing, BertProcessing, RobertaProcessing and Sequence";

/**
 * Reads `post_processor`, as it is for one text.
 *
 * @throws {RangeError} If it has a component that is not supported.
 */
export function readPostProcessor(json: unknown, path = "post_processor"): Frame {
  const frame: Frame = { before: [], after: [] };
  if (json === null || json === undefined) return frame;
  const part = check(json, "object", path);
  switch (part.type) {
    case "ByteLevel":
      return frame;
    case "Sequence":
      for (const [i, each] of check(part.processors, "array", `${path}.processors`).entries()) {
        const { before, after } = readPostProcessor(each, `${path}.processors[${i}]`);
        frame.before.unshift(...before);
        frame.after.push(...after);
      }
      return frame;
    case "BertProcessing":
    case "RobertaProcessing":
      for (const [name, ids] of [
        ["cls", frame.before],
        ["sep", frame.after],
      ] as const)
        ids.push(check(check(part[name], "array", `${path}.${name}`)[1], "number", `${path}.${name}[1]`));
      return frame;
    case "TemplateProcessing":
      readTemplate(part, path, frame);
      return frame;
  }
  throw unsupported(path, String(part.type), supported);
}

function readTemplate(part: JsonObject, path: string, frame: Frame): void {
  let ids = frame.before;
  let texts = 0;
  for (const [i, each] of check(part.single, "array", `${path}.single`).entries()) {
    const place = `${path}.single[${i}]`;
    const item = check(each, "object", place);
    if (item.Sequence) {
      texts++;
      ids = frame.after;
    } else {
      const name = check(
        check(item.SpecialToken, "object", `${place}.SpecialToken`).id,
        "string",
        `${place}.SpecialToken.id`,
      );
      const token = check(
        check(part.special_tokens, "object", `${path}.special_tokens`)[name],
        "object",
        `${path}.special_tokens[${JSON.stringify(name)}]`,
      );
      for (const id of check(token.ids, "array", `${path}.special_tokens[${JSON.stringify(name)}].ids`))
        ids.push(check(id, "number", "an id"));
    }
  }
  if (texts !== 1) throw unsupported(`${path}.single`, `with the text ${texts} times`, "a template with the text once");
}
