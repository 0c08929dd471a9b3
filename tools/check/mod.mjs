// The checks in the order in which they run: those that need no build first.
import { cycles } from "./cycles.mjs";
import { hygiene } from "./hygiene.mjs";
import { imports } from "./imports.mjs";
import { jsr } from "./jsr.mjs";
import { length } from "./length.mjs";
import { load } from "./load.mjs";
import { packaging } from "./packaging.mjs";
import { portable } from "./portable.mjs";
import { size } from "./size.mjs";
import { style } from "./style.mjs";
import { denoTypes, exampleTypes, types } from "./types.mjs";
import { versions } from "./versions.mjs";

export const checks = [
  types,
  denoTypes,
  exampleTypes,
  style,
  imports,
  portable,
  cycles,
  versions,
  hygiene,
  length,
  jsr,
  load,
  size,
  packaging,
];
