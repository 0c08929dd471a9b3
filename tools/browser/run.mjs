// What Chromium is to do for each portable package, and one run of it.
import { readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { transformSync } from "esbuild";
import { isNodeFile } from "../check/imports.mjs";
import { impliedImports, readExamples } from "../doc_examples.mjs";
import { importsOf } from "../lib/imports.mjs";
import { readWorkspaces } from "../lib/workspaces.mjs";
import { openChromium } from "./chromium.mjs";
import { entriesOf, importMap } from "./import_map.mjs";
import { serve } from "./serve.mjs";

const assertModules = ["node:assert/strict", "node:assert"];

/**
 * @returns `tasks`: for each portable package its name, entries, scenarios, examples and which examples are left out;
 * `pages`: path → content, the page and the examples as JavaScript
 */
export function portableTasks(root) {
  const workspaces = readWorkspaces(root);
  const portable = workspaces.filter(({ manifest }) => manifest.gradus?.portable);
  const map = importMap({ root, workspaces, wanted: portable.map(({ name }) => name) });
  for (const name of assertModules) map.imports[name] = "/tools/browser/assert.mjs";

  const pages = {};
  const tasks = portable.map(({ name, directory, manifest }) => {
    const source = (path) => readFileSync(join(root, directory, path), "utf8");
    const needsNode = (path) => path.startsWith("src/") && isNodeFile(source(path));
    const entries = Object.entries(entriesOf(manifest))
      .filter(([, file]) => !needsNode(file.replace(/^\.\/dist\/(.*)\.js$/, "src/$1.ts")))
      .map(([subpath]) => name + subpath.slice(1));

    const examples = [];
    const leftOut = [];
    for (const { file, line, code, run } of readExamples(join(root, directory))) {
      if (!run) continue;
      const place = `${file}:${line}`;
      const foreign = importsOf(`${code}\nexport {};`, "example.ts")
        .map(({ specifier }) => specifier)
        .find((specifier) => !(specifier in map.imports));
      if (needsNode(file)) leftOut.push({ place, reason: "is of a file that needs Node" });
      else if (foreign) leftOut.push({ place, reason: `imports ${foreign}` });
      else {
        const url = `/${directory}/examples/${examples.length}.js`;
        pages[url] = javascriptOf(join(root, directory), file, code);
        examples.push({ place, url });
      }
    }
    return { name, entries, scenarios: `./scenarios/${directory.split("/")[1]}.mjs`, examples, leftOut };
  });
  // Chromium does not say which `node:` module it could not load: the server, asked for it, will.
  for (const name of builtinModules) map.imports[`node:${name}`] ??= `/node:${name}.js`;
  pages["/"] = `<!doctype html><link rel="icon" href="data:,"><script type="importmap">${JSON.stringify(map)}</script>
<script type="module" src="/tools/browser/page.mjs"></script>`;
  pages["/tasks.json"] = JSON.stringify(tasks);
  return { tasks, pages };
}

/** An example as a module in `directory/examples/`, with what it need not import imported from the built files. */
function javascriptOf(directory, file, code) {
  const implied = impliedImports(directory, join(directory, "examples"), file, code);
  const built = implied.replaceAll(/"\.\.\/src\/(.*)\.ts"/g, '"../dist/$1.js"');
  return transformSync(`${built}${code}`, { loader: "ts", format: "esm", target: "es2022" }).code;
}

/**
 * Lets Chromium do `tasks` and waits until it is done, at most `limit` milliseconds.
 *
 * @returns `reports`: name → what `observe` saw, of the packages that were finished; `trouble`: what went wrong besides
 */
export async function runInChromium({ chromium, root, tasks, pages, limit }) {
  const reports = new Map();
  const trouble = [];
  let finish;
  const finished = new Promise((resolve) => {
    finish = resolve;
  });
  const server = await serve({
    root,
    pages,
    onPost(path, body) {
      if (path === "/trouble") trouble.push(body);
      else reports.set(body.name, body);
      if (reports.size === tasks.length) finish();
    },
  });
  const browser = openChromium(chromium, server.url);
  const timer = setTimeout(() => finish(`Chromium was not done after ${limit / 1000} s`), limit);
  browser.ended.then((log) => finish(`Chromium ended early:\n${log}`));
  const reason = await finished;
  clearTimeout(timer);
  await browser.close();
  await server.close();
  if (reason) trouble.push(reason);
  return { reports, trouble: [...trouble, ...new Set(server.missing)] };
}
