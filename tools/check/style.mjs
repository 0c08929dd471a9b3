// Lint and format, both by Biome; `npm run format` mends what can be mended.
import { bin, capture } from "../lib/run.mjs";

export const style = {
  name: "style",
  summary: "lint and format (Biome)",
  async run() {
    const { code, output } = await capture(bin("biome"), ["check", "--error-on-warnings", "--max-diagnostics=50", "."]);
    return { problems: code === 0 ? [] : [{ reason: output }] };
  },
};
