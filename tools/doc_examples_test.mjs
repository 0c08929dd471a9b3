import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { examplesIn, examplesInSource, writeExampleTests } from "./doc_examples.mjs";
import { repository } from "./lib/workspaces.mjs";

test("only ts blocks that are not ignored are examples; some are not to be run", () => {
  const markdown =
    "# A\n```ts\nconst a = 1;\n```\n```sh\nls\n```\n```ts ignore\nfetch(x);\n```\n```js\nb();\n```\n```ts no-run\nc();\n```\n";
  assert.deepEqual(examplesIn(markdown), [
    { line: 3, code: "const a = 1;", run: true },
    { line: 15, code: "c();", run: false },
  ]);
});

test("examples in doc comments lose their stars and keep their line and indentation", () => {
  const source =
    "export {};\n\n/**\n * Adds.\n *\n * ```ts\n * if (true) {\n *   add(1);\n * }\n * ```\n */\nfunction add() {}\n// ```ts\n";
  assert.deepEqual(examplesInSource(source, "a.ts"), [{ line: 7, code: "if (true) {\n  add(1);\n}", run: true }]);
});

test("an example that throws fails, one that runs passes, and a doc comment needs no imports", () => {
  const directory = mkdtempSync(join(repository, "tools", ".examples-test-"));
  const run = () =>
    execFileSync(process.execPath, ["--import", "tsx", "--test", writeExampleTests(directory)], {
      cwd: directory,
      encoding: "utf8",
      env: { ...process.env, NODE_TEST_CONTEXT: undefined }, // or the inner runner would report to the outer one
    });
  try {
    mkdirSync(join(directory, "src"));
    writeFileSync(join(directory, "src", "mod.ts"), `export * from "./add.ts";\n`);
    const source = (example) =>
      `/**\n * Adds.\n *\n * \`\`\`ts\n * ${example}\n * \`\`\`\n */\nexport const add = (a: number, b: number): number => a + b;\nexport type Sum = number;\n`;
    writeFileSync(
      join(directory, "src", "add.ts"),
      source(`const sum: Sum = add(1, 2); if (sum !== 3) throw new Error("wrong");`),
    );
    run();
    assert.match(
      readFileSync(join(directory, ".examples", "0.ts"), "utf8"),
      /import \{ add \} from "\.\.\/src\/add\.ts"/,
    );
    writeFileSync(join(directory, "src", "add.ts"), source(`if (add(1, 2) !== 4) throw new Error("wrong");`));
    assert.throws(run, /Command failed/);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
