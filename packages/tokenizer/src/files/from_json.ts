/** Reads Hugging Face's `tokenizer.json`. */
import { PairTable } from "../bpe/pair_table.ts";
import { readPreTokenizer } from "../split/pre_tokenizer.ts";
import type { AddedToken } from "../text/added_tokens.ts";
import { readNormalizer } from "../text/normalizer.ts";
import { readPostProcessor } from "../text/post_processor.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { checkId, type JsonObject, mustBe, Part, unsupported } from "./part.ts";

/**
 * Reads a `tokenizer.json`, its text or its content.
 *
 * @throws {SyntaxError} If it is not JSON.
 * @throws {TypeError} If a part of it is missing or of the wrong kind.
 * @throws {RangeError} If a part of it is not supported.
 */
export function readTokenizerJson(json: unknown): Vocabulary {
  const root = new Part(typeof json === "string" ? parse(json) : json);
  for (const name of ["truncation", "padding"])
    if (root.value[name]) throw unsupported(name, "within the file", "null: cut or pad the ids");
  const model = root.part("model");
  // Old files do not name the type of a BPE model.
  if (model.value.type) model.oneOf("type", ["BPE"], "model");
  for (const name of ["dropout", "unk_token", "byte_fallback", "continuing_subword_prefix", "end_of_word_suffix"]) {
    const value = model.value[name];
    if (value) throw unsupported(model.at(name), JSON.stringify(value), "a byte-level BPE model without it");
  }
  for (const decoder of root.components("decoder", "decoders")) decoder.type(["ByteLevel"]);
  const ids = readVocab(model.read("vocab", "object"));
  const { normalizer = null, pre_tokenizer, post_processor = null } = root.value;
  return {
    ids,
    pairs: readMerges(model.read("merges", "array"), ids),
    ignoreMerges: model.flag("ignore_merges"),
    added: root.parts("added_tokens", []).flatMap((token) => readAdded(token, ids)),
    forms: readNormalizer(root.components("normalizer", "normalizers")),
    preTokenizer: readPreTokenizer(root.components("pre_tokenizer", "pretokenizers")),
    frame: readPostProcessor(root.components("post_processor", "processors")),
    json: { normalizer, pre_tokenizer, post_processor },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(`Cannot read tokenizer.json: ${(error as Error).message}`);
  }
}

function readVocab(vocab: JsonObject): Map<string, number> {
  const ids = new Map<string, number>();
  for (const token in vocab) {
    ids.set(
      token,
      checkId(vocab[token], () => `model.vocab[${JSON.stringify(token)}]`),
    );
  }
  return ids;
}

function readMerges(merges: unknown[], ids: Map<string, number>): PairTable {
  const result = new Int32Array(merges.length);
  const pairs = new PairTable(result);
  for (let rank = 0; rank < merges.length; rank++) {
    const merge = merges[rank];
    const [left, right] = typeof merge === "string" ? splitMerge(merge) : Array.isArray(merge) ? merge : [];
    const leftId = ids.get(left);
    const rightId = ids.get(right);
    const id = ids.get(left + right);
    if (leftId === undefined || rightId === undefined || id === undefined)
      throw new RangeError(
        mustBe(`model.merges[${rank}]`, "two tokens of the vocabulary that make a third", JSON.stringify(merge)),
      );
    result[rank] = id;
    pairs.set(leftId, rightId, rank);
  }
  return pairs;
}

function splitMerge(merge: string): [string, string] {
  const space = merge.indexOf(" ");
  return [merge.slice(0, space), merge.slice(space + 1)];
}

function readAdded(token: Part, ids: Map<string, number>): AddedToken[] {
  const content = token.read("content", "string");
  const special = token.flag("special");
  const read: AddedToken = {
    // Rust does not read the id of one that the model has.
    id: ids.get(content) ?? checkId(token.value.id, () => token.at("id")),
    content,
    single_word: token.flag("single_word"),
    lstrip: token.flag("lstrip"),
    rstrip: token.flag("rstrip"),
    normalized: token.flag("normalized", !special),
    special,
  };
  return content === "" ? [] : [read];
}
