// Lets Node run the TypeScript sources, in worker threads too (tsx by itself registers in the main thread only):
// `node --import ./tools/lib/typescript.mjs file.ts`.
import { register } from "tsx/esm/api";

register();
