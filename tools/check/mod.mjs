// The checks in the order in which they run: cheap and telling ones first.
import { style } from "./style.mjs";
import { denoTypes, types } from "./types.mjs";
import { versions } from "./versions.mjs";

export const checks = [types, denoTypes, style, versions];
