/**
 * Problems as token ids: byte-level BPE in which words become tokens while digits and signs stay single, and an end
 * token. One training sequence is `question ⏎ solution ⟨end⟩`; a prompt is `question ⏎`.
 *
 * @module
 */

import { Tokenizer, trainBpe } from "@gradus/tokenizer";
import { parseExpression, print } from "./expression.ts";
import { type Mode, modeSuffix } from "./programs.ts";

/**
 * How text is cut into words before merges are learnt: what stands before an answer, the fences of programs,
 * letters with the space before them, and every other character alone. Arithmetic is done on digits, so no merge may hide one.
 */
const pattern = "\\n?#### |```\\p{L}*| ?\\p{L}+|\\p{N}|[^\\p{L}\\p{N}]";

const endOfText = "<|end|>";

/** Reads and writes problems as tokens. */
export class ProblemTokens {
  readonly #tokenizer: Tokenizer;
  /** Ends a solution; no text contains it. */
  readonly endToken: number;

  /** @throws {RangeError} When the tokenizer has no end token. */
  constructor(tokenizer: Tokenizer) {
    const endToken = tokenizer.tokenToId(endOfText);
    if (endToken === undefined) throw new RangeError(`Cannot read the tokenizer: it has no token ${endOfText}`);
    this.#tokenizer = tokenizer;
    this.endToken = endToken;
  }

  /**
   * Learns which words become tokens.
   *
   * @param texts Texts of the kind that will be read.
   * @param vocabSize Tokens wanted, at least 257; fewer come out where the texts have fewer words.
   * @example
   * ```ts
   * const tokens = await ProblemTokens.train(["Mia has 3 pens", "Mia has 4 coins"], 300);
   * [...tokens.encode("Mia has 12 pens")].map((token) => tokens.decode([token])); // ["Mia", " has", " ", "1", "2", " pens"]
   * ```
   */
  static async train(texts: Iterable<string>, vocabSize: number): Promise<ProblemTokens> {
    return new ProblemTokens(await trainBpe(texts, { vocabSize, specialTokens: [endOfText], pattern }));
  }

  /** Reads the content of a `tokenizer.json`. */
  static fromJSON(json: string | object): ProblemTokens {
    return new ProblemTokens(Tokenizer.fromJSON(json));
  }

  /** Number of tokens. */
  get vocabSize(): number {
    return this.#tokenizer.vocabSize;
  }

  /** What a checkpoint carries, so that other programs read and write the same tokens. */
  files(maxPositions: number): Record<string, string> {
    const json = (content: unknown) => `${JSON.stringify(content, null, 2)}\n`;
    return {
      "tokenizer.json": json(this.#tokenizer.toJSON()),
      "tokenizer_config.json": json(this.#tokenizer.toConfigJSON({ maxPositions, eosToken: endOfText })),
    };
  }

  /** The token ids of a text; the end token's own text in it is text. */
  encode(text: string): Int32Array {
    return this.#tokenizer.encode(text, { parseSpecials: false });
  }

  /** The text of token ids, up to the first end token. Bytes that are no UTF-8, and ids without a token, become `�`. */
  decode(tokens: ArrayLike<number>): string {
    const ids = Array.from(tokens);
    const end = ids.indexOf(this.endToken);
    const known = end < 0 ? ids : ids.slice(0, end);
    // A model may have more rows than there are tokens, and an untrained one draws them.
    const replacement = this.encode("\ufffd");
    return this.#tokenizer.decode(known.flatMap((id) => (id < this.vocabSize ? id : [...replacement])));
  }

  /** The tokens a model is asked to continue: the question, what kind of solution is wanted, and a line break. */
  encodePrompt(question: string, mode: Mode = "chain-of-thought"): Int32Array {
    return this.encode(`${question}${modeSuffix[mode]}\n`);
  }

  /** The tokens it should continue with: the solution and the end token. */
  encodeSolution(solution: string): Int32Array {
    return Int32Array.of(...this.encode(solution), this.endToken);
  }
}

/**
 * A question as the training text would write it: an expression without spaces and needless parentheses, other text
 * with single spaces.
 *
 * @example
 * ```ts
 * normalizeQuestion(" 17 × (23) "); // "17*23"
 * ```
 */
export function normalizeQuestion(question: string): string {
  const plain = question
    .replaceAll("\0", "")
    .trim()
    .replace(/\s+/g, " ")
    .replace(/\s*=\s*\??$/, "");
  try {
    return print(parseExpression(plain));
  } catch {
    return plain;
  }
}
