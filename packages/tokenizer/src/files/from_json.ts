/** Reads Hugging Face's `tokenizer.json`. */
import { PairTable } from "../bpe/pair_table.ts";
import { readPreTokenizer } from "../split/pre_tokenizer.ts";
import type { AddedToken } from "../text/added_tokens.ts";
import { readNormalizer } from "../text/normalizer.ts";
import { readPostProcessor } from "../text/post_processor.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { check, type JsonObject, unsupported } from "./json.ts";

/**
 * Reads a `tokenizer.json`, its text or its content.
 *
 * @throws {SyntaxError} If it is not JSON.
 * @throws {TypeError} If a part of it is missing or of the wrong kind.
 * @throws {RangeError} If a part of it is not supported.
 */
export function readTokenizerJson(json: unknown): Vocabulary {
  let root: JsonObject;
  try {
    root = check(typeof json === "string" ? JSON.parse(json) : json, "object", "the file");
  } catch (error) {
    if (error instanceof SyntaxError) throw new SyntaxError(`Cannot read tokenizer.json: ${error.message}`);
    throw error;
  }
  for (const name of ["truncation", "padding"])
    if (root[name] ?? null) throw unsupported(name, "within the file", "null: cut or pad the ids");
  const model = check(root.model, "object", "model");
  checkModel(model);
  const ids = readVocab(check(model.vocab, "object", "model.vocab"));
  if (root.decoder ?? null) checkDecoder(check(root.decoder, "object", "decoder"), "decoder");
  return {
    ids,
    pairs: readMerges(check(model.merges, "array", "model.merges"), ids),
    ignoreMerges: check(model.ignore_merges ?? false, "boolean", "model.ignore_merges"),
    added: readAdded(check(root.added_tokens ?? [], "array", "added_tokens"), ids),
    forms: readNormalizer(root.normalizer),
    preTokenizer: readPreTokenizer(root.pre_tokenizer),
    frame: readPostProcessor(root.post_processor),
    json: {
      normalizer: root.normalizer ?? null,
      pre_tokenizer: root.pre_tokenizer,
      post_processor: root.post_processor ?? null,
    },
  };
}

function checkModel(model: JsonObject): void {
  // Old files do not name the type of a BPE model.
  if ((model.type ?? "BPE") !== "BPE") throw unsupported("model", String(model.type), "BPE");
  const plain: [string, unknown][] = [
    ["dropout", "a BPE model without dropout"],
    ["unk_token", "a byte-level BPE model, which knows every byte"],
    ["byte_fallback", "a byte-level BPE model, which knows every byte"],
    ["continuing_subword_prefix", "an empty one"],
    ["end_of_word_suffix", "an empty one"],
  ];
  for (const [name, supported] of plain)
    if (model[name]) throw unsupported(`model.${name}`, JSON.stringify(model[name]), String(supported));
}

function checkDecoder(decoder: JsonObject, path: string): void {
  if (decoder.type === "Sequence")
    for (const [i, each] of check(decoder.decoders, "array", `${path}.decoders`).entries())
      checkDecoder(check(each, "object", `${path}.decoders[${i}]`), `${path}.decoders[${i}]`);
  else if (decoder.type !== "ByteLevel") throw unsupported(path, String(decoder.type), "ByteLevel");
}

function readVocab(vocab: JsonObject): Map<string, number> {
  const ids = new Map<string, number>();
  for (const token in vocab)
    ids.set(
      token,
      checkId(vocab[token], () => `model.vocab[${JSON.stringify(token)}]`),
    );
  return ids;
}

function checkId(id: unknown, path: () => string): number {
  if (!Number.isInteger(id) || (id as number) < 0 || (id as number) >= 2 ** 30)
    throw new RangeError(`Cannot read tokenizer.json: ${path()} must be an id, 0 to 2³⁰, found ${JSON.stringify(id)}`);
  return id as number;
}

function readMerges(merges: unknown[], ids: Map<string, number>): PairTable {
  const result = new Int32Array(merges.length);
  const pairs = new PairTable(result);
  for (let rank = 0; rank < merges.length; rank++) {
    const merge = merges[rank];
    const [left, right] = typeof merge === "string" ? splitMerge(merge) : Array.isArray(merge) ? merge : [];
    const leftId = ids.get(left);
    const rightId = ids.get(right);
    const id = leftId === undefined || rightId === undefined ? undefined : ids.get(left + right);
    if (id === undefined)
      throw new RangeError(
        `Cannot read tokenizer.json: model.merges[${rank}] must be two tokens of the vocabulary that make a third, found ${JSON.stringify(merge)}`,
      );
    result[rank] = id;
    pairs.set(leftId!, rightId!, rank);
  }
  return pairs;
}

function splitMerge(merge: string): [string, string] {
  const space = merge.indexOf(" ");
  return [merge.slice(0, space), merge.slice(space + 1)];
}

function readAdded(added: unknown[], ids: Map<string, number>): AddedToken[] {
  return added.flatMap((each, i) => {
    const path = `added_tokens[${i}]`;
    const token = check(each, "object", path);
    const flag = (name: string): boolean => check(token[name] ?? false, "boolean", `${path}.${name}`);
    const content = check(token.content, "string", `${path}.content`);
    if (content === "") return [];
    const special = flag("special");
    return {
      // Rust does not read the id of one that the model has.
      id: ids.get(content) ?? checkId(token.id, () => `${path}.id`),
      content,
      single_word: flag("single_word"),
      lstrip: flag("lstrip"),
      rstrip: flag("rstrip"),
      normalized: check(token.normalized ?? !special, "boolean", `${path}.normalized`),
      special,
    };
  });
}
