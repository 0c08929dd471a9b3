export type { TiktokenOptions } from "./files/from_tiktoken.ts";
export type { ConfigOptions } from "./files/to_json.ts";
export type { PatternName } from "./split/patterns.ts";
export type { DecodeOptions, DecodeStream } from "./text/decoder.ts";
export type { OffsetEncoding } from "./text/offsets.ts";
export { type EncodedBatch, type EncodeOptions, Tokenizer } from "./tokenizer.ts";
export { trainBpe } from "./train/train_bpe.ts";
export type { TrainingProgress, TrainOptions } from "./train/train_options.ts";
