// A server for one page: files of the repository, pages made up here, and the reports that are posted to it.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";

const types = {
  "": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
  ".zip": "application/zip",
};

/** JavaScript, and what Pyodide loads beside it. */
const served = /\.m?js$|\/pyodide\/[\w.-]+\.(wasm|zip|json)$/;

/**
 * Serves the JavaScript below `root` and `pages` (path → content) on a free port of 127.0.0.1.
 *
 * @param onPost called with the path and the JSON of every POST
 * @returns `url`, the paths that were asked for in vain, and `close`
 */
export async function serve({ root, pages, onPost }) {
  const missing = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost"); // `..` is resolved here, and %2e%2e
    const answer = (status, path, body) => {
      response.writeHead(status, { "content-type": types[extname(path)], "cache-control": "no-store" });
      response.end(body);
    };
    try {
      if (request.method === "POST") {
        const chunks = [];
        for await (const chunk of request) chunks.push(chunk);
        onPost(pathname, JSON.parse(Buffer.concat(chunks).toString()));
        answer(200, "", "");
      } else if (pathname === "/favicon.ico")
        answer(204, "", ""); // Browsers ask for it on their own, sooner or later
      else if (pathname in pages) answer(200, pathname, pages[pathname]);
      else if (served.test(pathname)) answer(200, pathname, await readFile(join(root, decodeURI(pathname))));
      else throw new Error("neither a page nor JavaScript");
    } catch (error) {
      missing.push(`${request.method} ${pathname}: ${error.message}`);
      answer(404, "", "");
    }
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    missing,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
