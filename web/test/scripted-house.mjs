// A scripted house for looking at the page: `node test/scripted-house.mjs [port] [recorded]` serves the built bundle and
// speaks the workstation's protocol over an invented market. It decides nothing; the real house does. Login: demo / demo.

import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { Book } from "./scripted-book.mjs";
import { accept } from "./websocket.mjs";

const STATIC = join(dirname(fileURLToPath(import.meta.url)), "../../src/rushtrade/static");
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
  ".woff": "font/woff",
};
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-3pRED1tOXas1FXFoPb9TGCjmYe9XQsmO9OV23khV2nY='; connect-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const COOKIE = "rushtrade_session=scripted";

const port = Number(process.argv[2] ?? 8099);
const book = new Book(process.argv[3] === "recorded");
const session = {
  user: "demo",
  name: "Demo Trader",
  permissions: ["trade", "market_data", "routes"],
  expires_us: 1_900_000_000_000_000,
  accounts: book.accounts,
};

const server = createServer((request, response) => {
  const path = new URL(request.url, "http://house").pathname;
  const json = (status, body, headers = {}) => {
    response.writeHead(status, { "Content-Type": "application/json", ...headers });
    response.end(body === null ? "" : JSON.stringify(body));
  };
  const known = (request.headers.cookie ?? "").includes(COOKIE);
  if (path === "/api/market") return json(200, book.market());
  if (path !== "/api/session") return file(path, response);
  if (request.method === "GET")
    return known ? json(200, session) : json(401, { message: "Nobody is logged in." });
  if (request.method === "DELETE")
    return json(204, null, { "Set-Cookie": "rushtrade_session=; Max-Age=0; Path=/" });
  let body = "";
  request.on("data", (chunk) => {
    body += chunk;
  });
  request.on("end", () => {
    const { user, password } = JSON.parse(body);
    if (user !== "demo" || password !== "demo") {
      return json(401, { code: 401, reason: "login_refused", message: "User or password is wrong." });
    }
    json(200, session, { "Set-Cookie": `${COOKIE}; HttpOnly; SameSite=Strict; Path=/` });
  });
});

function file(path, response) {
  const name = normalize(join(STATIC, path === "/" ? "index.html" : path));
  if (!name.startsWith(STATIC) || !existsSync(name)) {
    response.writeHead(404);
    return response.end();
  }
  const type = TYPES[extname(name)] ?? "application/octet-stream";
  response.writeHead(200, { "Content-Type": type, "Content-Security-Policy": POLICY });
  createReadStream(name).pipe(response);
}

server.on("upgrade", (request, socket) => {
  const client = book.join();
  const line = accept(request, socket, {
    message: (text) => client.receive(JSON.parse(text)),
    close: () => client.leave(),
  });
  if (!(request.headers.cookie ?? "").includes(COOKIE)) return line.close(4401);
  client.start(line);
});

server.listen(port, "127.0.0.1", () => process.stdout.write(`http://127.0.0.1:${port}\n`));
setInterval(() => book.step(), 100);
