/** Addressable random streams: every draw has a name. */
export type { Address, Root } from "./address.ts";
export { type Permutation, permutation } from "./permutation.ts";
export { type Stream, stream } from "./stream.ts";
