export { type AnswerSource, type ExtractOptions, extractAnswer } from "./extract/extract_answer.ts";
export { normalize } from "./normalize.ts";
export type { VerifyOptions } from "./options.ts";
export type { Layer, Verdict } from "./verdict.ts";
export { type ComparisonResult, compare, verify } from "./verify.ts";
