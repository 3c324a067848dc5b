// Checks or writes the format of Lua files with StyLua's own WebAssembly build, which npm has ready: the native program
// would take a minute to compile, and is the same code. Reads stylua.toml of the folder.
//
//   node stylua.mjs PACKAGE (--check | --write) FOLDER
//
// PACKAGE is the folder of @johnnymorganz/stylua. Exits 1 where a file is not formatted, naming it.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const [packageFolder, mode, folder] = process.argv.slice(2);
if (!folder || !["--check", "--write"].includes(mode)) {
  console.error("usage: node stylua.mjs PACKAGE (--check | --write) FOLDER");
  process.exit(2);
}
const stylua = createRequire(import.meta.url)(resolve(packageFolder));

const ENUMS = { indent_type: stylua.IndentType, quote_style: stylua.QuoteStyle, syntax: stylua.LuaVersion };

function readConfig(file) {
  const config = stylua.Config.new();
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const text = line.replace(/#.*/, "").trim();
    if (!text) continue;
    const pair = /^(\w+)\s*=\s*"?([^"]*)"?$/.exec(text);
    const value = pair && (ENUMS[pair[1]] ? ENUMS[pair[1]][pair[2]] : Number(pair[2]));
    // A setting that is not understood must not be ignored: the native program would obey it.
    if (!pair || !(pair[1] in config) || !Number.isInteger(value)) throw new Error(`${file}: ${text}`);
    config[pair[1]] = value;
  }
  return config;
}

const config = () => readConfig(join(folder, "stylua.toml"));
const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".lua")).sort();
let wrong = 0;
for (const name of files) {
  const file = join(folder, name);
  const before = readFileSync(file, "utf8");
  const after = stylua.formatCode(before, config(), undefined, stylua.OutputVerification.Full);
  if (after === before) continue;
  if (mode === "--write") writeFileSync(file, after);
  else wrong += 1;
  console.error(`${mode === "--write" ? "formatted" : "not formatted"}: ${file}`);
}
if (files.length === 0) throw new Error(`no Lua files in ${folder}`);
console.log(`${files.length} Lua files, ${wrong} not formatted`);
process.exit(wrong ? 1 : 0);
