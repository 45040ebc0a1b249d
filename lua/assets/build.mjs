// SPDX-License-Identifier: Apache-2.0
// Prepares the browser's side: node lua/assets/build.mjs [FOLDER, default build/static]
//
// Each file gets its content's hash in its name, so that it may be kept for ever, and gzip and
// brotli beside it. manifest.json tells the platform the names. Runs on Node 18, takes nothing but
// the pinned packages of package.json, and gives the same bytes each time.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, parse, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const packages = join(here, "../../node_modules");
const target = resolve(process.argv[2] ?? "build/static");

// In the order of the cascade.
const SHEETS = ["tokens", "base", "shell", "parts", "forms", "tables", "hero", "print"];
// Bytes of gzip a first visit may cost, by file.
const BUDGET = { "kit.css": 12 * 1024, "page.js": 4 * 1024, "sy-live.js": 2 * 1024, "icons.svg": 6 * 1024 };
// Words our oldest browsers (Chromium 100, Safari 15.4, Firefox 102) do not know.
const TOO_NEW = /:has\(|color-mix\(|oklch\(|@starting-style|@container|\bpopover\b|&[\s:.[]/;

function sheet() {
  const text = SHEETS.map((name) => readFileSync(join(here, "kit", `${name}.css`), "utf8")).join("");
  const bare = text.replace(/\/\*[^]*?\*\//g, "");
  const found = TOO_NEW.exec(bare);
  if (found) throw new Error(`kit: "${found[0]}" is too new for our oldest browsers`);
  const small = bare.replace(/\s+/g, " ").replace(/ ?([{};,]) ?/g, "$1").replace(/: /g, ":").replace(/;}/g, "}").trim();
  return withDeviceTheme(small);
}

// The dark set once more, for devices that prefer it while the person has not chosen.
function withDeviceTheme(css) {
  const dark = /\[data-theme=dark\]\{([^}]*)\}/.exec(css);
  if (!dark) throw new Error("kit: tokens.css has no dark set");
  const device = `@media (prefers-color-scheme:dark){:root:not([data-theme=light]){${dark[1]}}}`;
  return css.replace(dark[0], dark[0] + device);
}

function icons() {
  const names = readFileSync(join(here, "icons.txt"), "utf8").split("\n").filter((line) => line && !line.startsWith("#"));
  const symbols = names.map((name) => {
    const svg = readFileSync(join(packages, "@tabler/icons/icons/outline", `${name}.svg`), "utf8");
    const inner = /<svg[^>]*>([^]*)<\/svg>/.exec(svg)[1].replace(/<path stroke="none"[^>]*>/g, "");
    return `<symbol id="${name}" viewBox="0 0 24 24">${inner.replace(/\s+/g, " ").replace(/> </g, "><").replace(/ \/>/g, "/>").trim()}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
}

function script(...names) {
  return names.map((name) => readFileSync(join(here, name), "utf8")).join("").replace(/^\s*\/\/.*\n/gm, "");
}

// What the pages carry from others, with its terms.
function licences() {
  const lock = JSON.parse(readFileSync(join(here, "../../package-lock.json"), "utf8"));
  const carried = ["@tabler/icons"];
  return carried.map((name) => {
    const { version, license } = lock.packages[`node_modules/${name}`];
    const terms = readFileSync(join(packages, name, "LICENSE"), "utf8").trim();
    return `${name} ${version} (${license})\n\n${terms}\n`;
  }).join("\n\n");
}

function write(name, text, manifest) {
  const bytes = Buffer.from(text);
  const zipped = gzipSync(bytes, { level: 9 });
  if (zipped.length > (BUDGET[name] ?? Infinity))
    throw new Error(`${name} is ${zipped.length} bytes zipped, more than its ${BUDGET[name]}`);
  const { name: stem, ext } = parse(name);
  const hashed = `${stem}.${createHash("sha256").update(bytes).digest("hex").slice(0, 12)}${ext}`;
  const packed = brotliCompressSync(bytes, { params: {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  } });
  writeFileSync(join(target, hashed), bytes);
  writeFileSync(join(target, `${hashed}.gz`), zipped);
  writeFileSync(join(target, `${hashed}.br`), packed);
  manifest[name] = hashed;
  console.log(`${hashed.padEnd(34)} ${String(bytes.length).padStart(7)} bytes, gzip ${zipped.length}, brotli ${packed.length}`);
}

// What an earlier run wrote and this one did not. A page keeps working while its new files are made.
function clear(manifest) {
  const kept = new Set(Object.values(manifest));
  for (const name of readdirSync(target))
    if (/^(kit|page|sy-live|icons|logo|licences)\.[0-9a-f]{12}\./.test(name) && !kept.has(name.replace(/\.(gz|br)$/, "")))
      rmSync(join(target, name));
}

mkdirSync(target, { recursive: true });
const manifest = {};
write("kit.css", sheet(), manifest);
write("page.js", script("page.js", "sy-upload.js"), manifest);
write("sy-live.js", script("sy-live.js"), manifest);
write("icons.svg", icons(), manifest);
write("logo.svg", readFileSync(join(here, "logo.svg"), "utf8"), manifest);
write("licences.txt", licences(), manifest);
writeFileSync(join(target, "manifest.json"), JSON.stringify(manifest, null, 1) + "\n");
clear(manifest);
