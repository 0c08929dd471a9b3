/** Prepares pages in a process of its own, which tests kill. Arguments: output folder, input files. */

import { preparePages } from "../node/mod.ts";

const [output, ...inputs] = process.argv.slice(2);
await preparePages({ inputs, output, onProgress: ({ bytes }) => console.log(bytes) });
