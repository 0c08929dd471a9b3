// What would go to JSR, where the sources are published as they are: `deno publish` without publishing. It refuses
// exports without explicit types ("slow types"), from which no documentation or declarations can be made.
import { bin, capture } from "../lib/run.mjs";

export const jsr = {
  name: "jsr",
  summary: "what JSR would get: explicit types on every export",
  async run() {
    // Types have been checked already.
    const { code, output } = await capture(bin("deno"), ["publish", "--dry-run", "--allow-dirty", "--no-check"]);
    const lines = output.split("\n").filter((line) => !/^\s+file:\/\/|^(Check|Checking|Simulating) /.test(line));
    return { problems: code === 0 ? [] : [{ reason: lines.join("\n") }] };
  },
};
