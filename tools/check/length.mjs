// A file is one idea, most under 300 lines: those beyond 350 are named, and fail nothing.
import { readSources } from "../lib/imports.mjs";

const limit = 350;

export const length = {
  name: "length",
  summary: `files over ${limit} lines (warnings only)`,
  run({ root, workspaces }) {
    const lengths = readSources(root, workspaces).map(({ file, source }) => ({
      file,
      lines: source.split("\n").length,
    }));
    const warnings = lengths
      .filter(({ lines }) => lines > limit)
      .sort((a, b) => b.lines - a.lines)
      .map(({ file, lines }) => ({ file, reason: `${lines} lines` }));
    const total = lengths.reduce((sum, { lines }) => sum + lines, 0);
    return { warnings, note: `${lengths.length} files, ${total} lines` };
  },
};
