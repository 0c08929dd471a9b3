export { accuracyReward } from "./accuracy.ts";
export { formatReward, reasoningStepsReward, tagCountReward } from "./format.ts";
export { type LanguageOptions, languageConsistencyReward } from "./language.ts";
export {
  type CosineOptions,
  cosineReward,
  lengthRewards,
  type SoftOverlongOptions,
  softOverlongReward,
} from "./length.ts";
export { type RepetitionOptions, repetitionReward } from "./repetition.ts";
