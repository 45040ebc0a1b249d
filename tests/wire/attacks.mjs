// SPDX-License-Identifier: Apache-2.0
// What attackers send, for whichever server: at most 16 KiB and 64 fields in a head.
import {block, END_HEADERS, frame, get, post, request, TYPE} from "./server.mjs";

export const HOST = "Host: school.example\r\n";

// What a strict reader answers, and closes.
export const refusals = [
  ["1: Content-Length with Transfer-Encoding", `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ["2: two different Content-Lengths", `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`, 400],
  ["3: Content-Length +5", `POST /echo HTTP/1.1\r\n${HOST}Content-Length: +5\r\n\r\nhello`, 400],
  ["3: Content-Length 5, 5", `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 5, 5\r\n\r\nhello`, 400],
  ["3: Content-Length -1", `POST /echo HTTP/1.1\r\n${HOST}Content-Length: -1\r\n\r\n`, 400],
  ["3: Content-Length of 20 digits", `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 12345678901234567890\r\n\r\n`, 400],
  ["5: Transfer-Encoding xchunked", `POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding: xchunked\r\n\r\n`, 501],
  ["5: Transfer-Encoding gzip, chunked", `POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip, chunked\r\n\r\n`, 501],
  ["6: two Transfer-Encodings", `POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n`, 400],
  ["8: bare line feeds", "GET /echo HTTP/1.1\nHost: a\n\n", 400],
  ["8: one bare line feed", `GET /echo HTTP/1.1\r\nA: b\n${HOST}\r\n`, 400],
  ["9: a folded field", `GET /echo HTTP/1.1\r\n${HOST}A: b\r\n c\r\n\r\n`, 400],
  ["11: chunked, whatever the chunks", `POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n`, 411],
  ["11: a chunk extension of 1,000 bytes", `POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5;${"x".repeat(1000)}\r\nhello\r\n`, 411],
  ["12: no Host", "GET /echo HTTP/1.1\r\n\r\n", 400],
  ["12: two Hosts", `GET /echo HTTP/1.1\r\n${HOST}Host: other\r\n\r\n`, 400],
  ["12: a malformed Host", "GET /echo HTTP/1.1\r\nHost: a/b\r\n\r\n", 400],
  ["12: target and Host differ", `GET http://other/echo HTTP/1.1\r\n${HOST}\r\n`, 400],
  ["29: TRACE", `TRACE /echo HTTP/1.1\r\n${HOST}\r\n`, 405],
  ["29: CONNECT", `CONNECT school.example:80 HTTP/1.1\r\n${HOST}\r\n`, 405],
  ["29: an unknown method", `BREW /echo HTTP/1.1\r\n${HOST}\r\n`, 501],
  ["a method in lower case", `get /echo HTTP/1.1\r\n${HOST}\r\n`, 501],
  ["GET *", `GET * HTTP/1.1\r\n${HOST}\r\n`, 400],
  ["a space before the colon", `GET /echo HTTP/1.1\r\n${HOST}A : b\r\n\r\n`, 400],
  ["NUL in a value", `GET /echo HTTP/1.1\r\n${HOST}A: b\0c\r\n\r\n`, 400],
  ["a control character in a name", `GET /echo HTTP/1.1\r\n${HOST}A\x01: b\r\n\r\n`, 400],
  ["HTTP/2 without TLS", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
  ["a TLS greeting on the plain port", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400],
  ["an expectation nobody knows", `POST /echo HTTP/1.1\r\n${HOST}Expect: more\r\nContent-Length: 1\r\n\r\na`, 417],
  ["a head of 17 KiB", get("/echo", `A: ${"a".repeat(17 * 1024)}\r\n`), 431],
  ["65 fields", get("/echo", "A: b\r\n".repeat(65)), 431],
  ["a target of 17 KiB", get(`/${"a".repeat(17 * 1024)}`), 414],
  ["35: a body of 1 GiB, declared", `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 1073741824\r\n\r\n`, 413],
];

// What is 400, and no reason to close.
export const strange = [
  ["%2e%2e", get("/echo/%2e%2e/x")], ["..", get("/echo/../x")], ["//", get("/echo//x")],
  ["%2f", get("/echo/a%2fb")], ["%5c", get("/echo/a%5cb")], ["%00", get("/echo/a%00")],
  ["overlong UTF-8", get("/echo/%c0%af")], ["a broken escape", get("/echo/%4")],
  ["two Authorization fields", get("/echo", "Authorization: a\r\nAuthorization: b\r\n")],
  ["two Content-Types", post("/echo", "a", "Content-Type: text/plain\r\nContent-Type: text/html\r\n")],
];

// The i-th frame of each.
export const floods = {
  "23: PING": () => frame(TYPE.PING, 0, 0, Buffer.alloc(8)),
  "23: SETTINGS": () => frame(TYPE.SETTINGS, 0, 0),
  "24: PRIORITY": (i) => frame(TYPE.PRIORITY, 0, 3, Buffer.from([0, 0, 0, 0, i & 255])),
  "24: WINDOW_UPDATE": () => frame(TYPE.WINDOW_UPDATE, 0, 0, Buffer.from([0, 0, 0, 1])),
  "24: frames of an unknown type": () => frame(0xee, 0, 0, Buffer.alloc(3)),
  "24: empty DATA": (i) => i === 0 ? frame(TYPE.HEADERS, END_HEADERS, 1, request("POST", "/echo")) : frame(TYPE.DATA, 0, 1),
};

const basic = [[":method", "GET"], [":scheme", "https"], [":authority", "school.example"], [":path", "/echo"]];
const without = (name) => basic.filter(([field]) => field !== name);
// The fields of one request each.
export const abuses = {
  "two :path": [...basic, [":path", "/x"]],
  "two :method": [...basic, [":method", "POST"]],
  "no :path": without(":path"),
  "no :method": without(":method"),
  "no :scheme": without(":scheme"),
  "no :authority": without(":authority"),
  "a pseudo-field behind a field": [["a", "b"], ...basic],
  "an unknown pseudo-field": [...basic, [":proxy", "x"]],
  "a name in upper case": [...basic, ["Abc", "x"]],
  "CR LF in a value": [...basic, ["a", "b\r\nc: d"]],
  "NUL in a value": [...basic, ["a", "b\0"]],
  "a space in a name": [...basic, ["a b", "c"]],
  "connection": [...basic, ["connection", "keep-alive"]],
  "transfer-encoding": [...basic, ["transfer-encoding", "chunked"]],
  "te: gzip": [...basic, ["te", "gzip"]],
  "CR LF in :path": [...without(":path"), [":path", "/echo\r\nX: y"]],
  "a space in :path": [...without(":path"), [":path", "/echo x"]],
  "an absolute :path of another host": [...without(":path"), [":path", "http://other/echo"]],
  "an empty :path": [...without(":path"), [":path", ""]],
  "a malformed :authority": [...without(":authority"), [":authority", "a@b"]],
  ":scheme http over TLS": [...without(":scheme"), [":scheme", "http"]],
  ":method CONNECT": [...without(":method"), [":method", "CONNECT"]],
  ":method TRACE": [...without(":method"), [":method", "TRACE"]],
  "a content-length that lies": [...without(":method"), [":method", "POST"], ["content-length", "-5"]],
  "70 fields": [...basic, ...Array.from({length: 70}, (_, i) => [`a${i}`, "b"])],
};
