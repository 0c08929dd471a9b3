export { type Accuracy, accuracy, type Outcomes } from "./accuracy.ts";
export * from "./majority_at_k.ts";
export * from "./mcnemar.ts";
export * from "./mean.ts";
export * from "./pass_at_k.ts";
export { weightedVote } from "./weighted_vote.ts";
export { type ConfidenceOptions, type Interval, wilsonInterval } from "./wilson.ts";
