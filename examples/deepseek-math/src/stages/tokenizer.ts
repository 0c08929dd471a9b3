/**
 * Tokenizer: byte-level BPE (`@gradus/tokenizer`) over passages of the corpus, programs and solutions.
 *
 * @module
 */

import { trainTokenizer } from "../recipe/tokenizer.ts";
import { readPassages } from "./corpus.ts";
import type { RecipeStage } from "./stage.ts";

export const tokenizer: RecipeStage = {
  name: "tokenizer",
  consumes: () => ["corpus/passages.jsonl"],
  produces: () => ["tokenizer.json"],
  async run({ configuration, directory, problems }) {
    const passages = await readPassages(directory.passages);
    const tokens = await trainTokenizer(configuration, problems, passages);
    await directory.saveTokens(tokens.files(configuration.model.maxPositions)["tokenizer.json"]);
    const read = passages.slice(0, configuration.tokenizer.passages);
    const characters = read.reduce((sum, { length }) => sum + length, 0);
    const ids = read.reduce((sum, passage) => sum + tokens.encode(passage).length, 0);
    return {
      consumed: { passages: read.length, characters },
      produced: { tokens: tokens.vocabSize, "characters a token": (characters / ids).toFixed(2) },
    };
  },
};
