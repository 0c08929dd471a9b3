/** The two models that are compared: the same decoder with full and with sparse attention. */
import type { TransformerConfig } from "@gradus/transformer";
import { VOCABULARY } from "./task.ts";

/** What is compared. */
export type Kind = "full" | "nsa";

/** A decoder of 1.2M (full) or 1.3M (nsa) parameters for contexts of up to `maxPositions` tokens. */
export function modelConfig(kind: Kind, maxPositions = 4096): TransformerConfig {
  return {
    vocabSize: VOCABULARY,
    hiddenSize: 192,
    layers: 2,
    heads: 8,
    keyValueHeads: 2,
    headSize: 24,
    intermediateSize: 768,
    ropeTheta: 1e8, // most pairs turn slowly: what is learnt near holds far away (with 1e4 it did not, see the README)
    normEpsilon: 1e-5,
    tieEmbeddings: true,
    qkvBias: false,
    maxPositions,
    ...(kind === "nsa"
      ? {
          attention: "nsa",
          sparsity: {
            compressionBlock: 4,
            compressionStride: 4,
            compressionHidden: 48,
            selectionBlock: 8,
            selectedBlocks: 8,
            initialBlocks: 1,
            localBlocks: 1,
            window: 16, // short, so that already short sequences teach the other branches (see the README)
          },
        }
      : {}),
  };
}
