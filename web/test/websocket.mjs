// The server side of a WebSocket (RFC 6455) in as much as the scripted house needs it: whole frames, no extensions.

import { createHash } from "node:crypto";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Take an upgrade request over. `on` is told of text messages and of the end. */
export function accept(request, socket, on) {
  const key = createHash("sha1")
    .update(request.headers["sec-websocket-key"] + GUID)
    .digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`,
  );
  let pending = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    for (let next = take(pending); next !== null; next = take(pending)) {
      pending = pending.subarray(next.length);
      if (next.opcode === 1) on.message(next.payload.toString("utf8"));
      else if (next.opcode === 8) socket.end();
    }
  });
  socket.on("close", () => on.close());
  socket.on("error", () => undefined);
  return {
    text: (value) => socket.write(frame(1, Buffer.from(JSON.stringify(value)))),
    binary: (bytes) => socket.write(frame(2, Buffer.from(bytes))),
    close: (code) => {
      const body = Buffer.alloc(2);
      body.writeUInt16BE(code);
      socket.end(frame(8, body));
    },
  };
}

function take(bytes) {
  if (bytes.length < 6) return null;
  const size = bytes[1] & 127;
  const head = size === 126 ? 8 : size === 127 ? 14 : 6;
  if (bytes.length < head) return null;
  const length =
    size === 126 ? bytes.readUInt16BE(2) : size === 127 ? Number(bytes.readBigUInt64BE(2)) : size;
  if (bytes.length < head + length) return null;
  const mask = bytes.subarray(head - 4, head);
  const payload = Buffer.from(bytes.subarray(head, head + length)).map((byte, i) => byte ^ mask[i % 4]);
  return { opcode: bytes[0] & 15, payload: Buffer.from(payload), length: head + length };
}

function frame(opcode, payload) {
  const long = payload.length > 65_535;
  const head = Buffer.alloc(payload.length < 126 ? 2 : long ? 10 : 4);
  head[0] = 128 | opcode;
  head[1] = payload.length < 126 ? payload.length : long ? 127 : 126;
  if (long) head.writeBigUInt64BE(BigInt(payload.length), 2);
  else if (payload.length >= 126) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}
