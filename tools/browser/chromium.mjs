// Finds Chromium and opens a page in it, without a window.
import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const signals = ["SIGINT", "SIGTERM", "SIGHUP"];

/** The path of `GRADUS_CHROMIUM`, or of the first Chromium or Chrome in `PATH`; undefined when there is none. */
export function findChromium({ GRADUS_CHROMIUM, PATH = "" } = process.env) {
  if (GRADUS_CHROMIUM) return GRADUS_CHROMIUM;
  const paths = PATH.split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)));
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** "Chromium 156.0.8078.79 built on Debian GNU/Linux 12 (bookworm)" */
export const versionOf = (executable) => spawnSync(executable, ["--version"], { encoding: "utf8" }).stdout?.trim();

// Without a desktop's bus Chromium complains in many lines, and goes on.
const tail = (log) => {
  const lines = log.split("\n").filter((line) => line && !line.includes("dbus/"));
  return lines.slice(-10).join("\n");
};

/**
 * Opens `url`. Chromium's profile, and what else it writes, is in a temporary folder; both are gone after `close` and when
 * this process ends. When it is killed, the folder stays, but Chromium ends too, as the pipe for its debugger closes.
 *
 * @returns `ended`, which resolves to the last lines of Chromium's log when it ends, and `close`
 */
export function openChromium(executable, url) {
  const folder = mkdtempSync(join(tmpdir(), "gradus-chromium-"));
  const child = spawn(
    executable,
    [
      ...["--headless", "--no-sandbox", "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions"],
      // WebGPU on the processor; zeroing workgroup memory first would make compilations take many times longer.
      ...["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"],
      "--enable-dawn-features=disable_workgroup_init",
      ...["--remote-debugging-pipe", `--user-data-dir=${join(folder, "profile")}`, url],
    ],
    { stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"], env: { ...process.env, TMPDIR: folder }, detached: true },
  );
  for (const stream of child.stdio.slice(3)) stream.on("error", () => {}).resume?.();
  let log = "";
  child.stderr.on("data", (chunk) => {
    log = (log + chunk).slice(-20_000);
  });
  const ended = new Promise((resolve) => {
    child.on("error", (error) => resolve(String(error)));
    child.on("close", () => resolve(tail(log)));
  });
  const removeFolder = () => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  const kill = () => {
    try {
      process.kill(-child.pid, "SIGKILL"); // its children, which would go on writing, too
    } catch {} // it never started, or is gone
  };
  const onExit = () => {
    kill();
    removeFolder();
  };
  const onSignal = (signal) => {
    onExit();
    process.kill(process.pid, signal); // this listener is gone by now: the signal does what it always does
  };
  process.once("exit", onExit);
  for (const signal of signals) process.once(signal, onSignal);
  return {
    ended,
    async close() {
      child.kill();
      const late = setTimeout(kill, 5000);
      await ended;
      clearTimeout(late);
      process.off("exit", onExit);
      for (const signal of signals) process.off(signal, onSignal);
      removeFolder();
    },
  };
}
