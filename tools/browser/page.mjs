// Runs in Chromium: observes each package, runs its examples and posts what came out, package by package.
import { attempt, observe } from "./observe.mjs";

const post = (path, body) => fetch(path, { method: "POST", body: JSON.stringify(body) });
addEventListener("error", ({ message }) => post("/trouble", message));
addEventListener("unhandledrejection", ({ reason }) => post("/trouble", String(reason?.stack ?? reason)));

for (const { name, examples, ...what } of await (await fetch("/tasks.json")).json()) {
  const report = await observe(what);
  report.examples = {};
  for (const { place, url } of examples) report.examples[place] = await attempt(async () => void (await import(url)));
  await post("/report", { name, ...report });
}
