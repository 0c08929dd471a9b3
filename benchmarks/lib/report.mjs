// Results as people and as programs read them.
import { mkdirSync, writeFileSync } from "node:fs";
import { here } from "./machine.mjs";

/** The middle one, or the mean of the two in the middle. */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** 12345.6 → "12,346". */
export function whole(number) {
  return Math.round(number).toLocaleString("en-US");
}

/** 5.333 → "5.3 ×"; 0.934 → "0.93 ×". */
export function times(ratio) {
  return `${ratio.toFixed(ratio < 2 ? 2 : 1)} ×`;
}

/** Bytes as "123 MiB". */
export function mebibytes(bytes) {
  return `${whole(bytes / 2 ** 20)} MiB`;
}

/** A table of Markdown; columns after the first are aligned to the right. */
export function table(header, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map((_, i) => (i ? "---:" : "---"))), ...rows.map(line)].join("\n");
}

/**
 * Prints a result and, unless it is a trial, writes `results/<name>.json` and `.md`. `checks` are what has to hold:
 * `{ what, holds }`; `sections` are paragraphs and tables of Markdown. Returns whether all checks hold.
 */
export function report({ name, title, machine, peers, sections, checks, figures, quick }) {
  const { date, processor, cores, memory, system, node, deno, commit, loadBefore } = machine;
  const versions = Object.entries(peers).map(([peer, version]) => `${peer} ${version}`);
  const markdown = [
    `# ${title}`,
    ...sections,
    checks.map(({ what, holds }) => `- ${holds ? "✓" : "✗"} ${what}`).join("\n"),
    `${date}, ${processor}, ${cores} cores, ${memory}, ${system}; Node ${node}${deno ? `, Deno ${deno}` : ""}; commit ` +
      `${commit ?? "unknown"}; load before the run ${loadBefore}.${versions.length ? ` ${versions.join(", ")}.` : ""}`,
    `\`node benchmarks/run.mjs ${name}\``,
  ].join("\n\n");
  console.log(`\n${markdown}\n`);
  if (quick) console.log("Trial with tiny sizes: nothing is written, and the figures mean nothing.\n");
  else {
    mkdirSync(`${here}results`, { recursive: true });
    writeFileSync(`${here}results/${name}.md`, `${markdown}\n`);
    writeFileSync(
      `${here}results/${name}.json`,
      `${JSON.stringify({ name, machine, peers, checks, figures }, null, 2)}\n`,
    );
  }
  return checks.every(({ holds }) => holds);
}

/** Says on the error output how far a benchmark is. */
export function progress(text) {
  process.stderr.write(`  ${text}\n`);
}
