// The course's Python, in the browser: `practise.mjs` sends what is pressed, and gets what is seen.
// Progress is the same SQLite file as a notebook's; between turns its folder lies in IndexedDB.

const PYTHON = new URL("python/", import.meta.url);
const FOLDER = "/progress";
const TRACES = "/traces";

// ---- What is fetched, and how much of it is here.

let told = 0;
let here = 0;
let whole = 0;

async function fetched(name) {
  const answer = await fetch(new URL(name, PYTHON));
  if (!answer.ok) throw new Error(`${name} could not be fetched (${answer.status})`);
  const reader = answer.body.getReader();
  const body = new ReadableStream({
    async pull(stream) {
      const { done, value } = await reader.read();
      if (done) return stream.close();
      stream.enqueue(value);
      here += value.length;
      if (here - told > 100000 || here === whole) postMessage({ fetched: (told = here), of: whole });
    },
  });
  return body;
}

// Not every server packs what it sends, so the files are.
const unpacked = async (name) => (await fetched(`${name}-gzip`)).pipeThrough(new DecompressionStream("gzip"));
const bytes = async (stream) => new Uint8Array(await new Response(await stream).arrayBuffer());

async function start() {
  const { lock, sizes } = await (await fetch(new URL("contents.json", PYTHON))).json();
  whole = Object.values(sizes).reduce((sum, size) => sum + size, 0);
  const packages = bytes(unpacked("packages.tar"));
  // Pyodide fetches two files itself: here they are counted and unpacked.
  const plain = self.fetch;
  const types = { "pyodide.asm.wasm": "application/wasm", "python_stdlib.zip": "application/zip" };
  const answers = Object.fromEntries(Object.keys(types).map((name) => [name, unpacked(name)]));
  self.fetch = async (address, ...options) => {
    const name = String(address.url ?? address).split("/").pop();
    if (!(name in answers)) return plain(address, ...options);
    return new Response(await answers[name], { headers: { "Content-Type": types[name] } });
  };
  const { loadPyodide } = await import(new URL("pyodide.mjs", PYTHON).href);
  const python = await loadPyodide({ indexURL: PYTHON.href, lockFileContents: lock });
  self.fetch = plain;
  untar(python.FS, await packages, "/course");
  return python;
}

// A head of 512 bytes (the name from 0 on, the size in octal from 124 on), then the file.
function untar(fs, tar, folder) {
  const text = (from, to) => new TextDecoder().decode(tar.subarray(from, to)).split("\0")[0];
  for (let at = 0; tar[at];) {
    const path = `${folder}/${text(at, at + 100)}`;
    const size = parseInt(text(at + 124, at + 136), 8);
    fs.mkdirTree(path.slice(0, path.lastIndexOf("/")));
    fs.writeFile(path, tar.subarray(at + 512, at + 512 + size));
    at += 512 * (1 + Math.ceil(size / 512));
  }
}

// ---- What this browser keeps: all files of the folder, under a name that changes with them.

function database() {
  return new Promise((done, failed) => {
    const request = indexedDB.open("fewer-bits", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("kept");
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
}

async function inKept(mode, work) {
  const db = await database();
  try {
    return await new Promise((done, failed) => {
      const transaction = db.transaction("kept", mode);
      const request = work(transaction.objectStore("kept"));
      transaction.oncomplete = () => done(request.result);
      transaction.onabort = transaction.onerror = () => failed(transaction.error);
    });
  } finally {
    db.close();
  }
}

let version = "";
let written = "";
let unsaved = false;

const files = (fs) => fs.readdir(FOLDER).filter((name) => !name.startsWith("."));
const state = (fs) => JSON.stringify(files(fs).map((name) => {
  const { mtime, size } = fs.stat(`${FOLDER}/${name}`);
  return [name, Number(mtime), size];
}));

// Another tab may have written since.
async function bring({ FS: fs }, page) {
  const kept = await inKept("readonly", (store) => store.get("progress"));
  if (!kept || kept.version === version) return;
  const own = unsaved ? page.taken() : null;
  for (const name of files(fs)) fs.unlink(`${FOLDER}/${name}`);
  for (const [name, content] of kept.files) fs.writeFile(`${FOLDER}/${name}`, content);
  version = kept.version;
  written = state(fs);
  if (own) page.add(own);
}

async function keep({ FS: fs }) {
  const now = state(fs);
  if (now === written) return;
  unsaved = true;
  const content = files(fs).map((name) => [name, fs.readFile(`${FOLDER}/${name}`)]);
  const next = crypto.randomUUID();
  await inKept("readwrite", (store) => store.put({ version: next, files: content }, "progress"));
  [version, written, unsaved] = [next, now, false];
}

// ---- Turns, one at a time, in this tab and in all others.

let running;
let queue = Promise.resolve();

async function turn(message) {
  running ??= start().then((python) => {
    python.FS.mkdirTree(TRACES);
    python.runPython(`
import sys
from pathlib import Path
sys.path.insert(0, "/course")
from coursekit.learn.widgets.page import Page
page = Page(Path("${FOLDER}"), Path("${TRACES}"))
`);
    return { python, page: python.globals.get("page") };
  });
  const { python, page } = await running;
  await ready(python, message);
  const alone = self.navigator.locks ? (work) => navigator.locks.request("fewer-bits", work) : (work) => work();
  return alone(async () => {
    let trouble = "";
    const tried = async (work) => {
      try {
        await work;
      } catch (error) {
        trouble = "What you do is not kept: this browser lets the page keep nothing "
          + `(${error?.message || error?.name || error}). Download your progress before you leave the page.`;
      }
    };
    await tried(bring(python, page));
    const answer = acted(page, message);
    await tried(keep(python));
    if (trouble && answer.view) answer.view.trouble = trouble;
    return answer;
  });
}

function acted(page, { noted, place, way, of, lesson, content }) {
  if (noted) page.note(lesson, JSON.stringify(noted));
  return JSON.parse(content ? page.tell(place, JSON.stringify(content)) : page.begin(place, way, of, lesson));
}

// What some ways to learn need besides.
async function ready(python, { way, of }) {
  const { FS: fs } = python;
  const words = "/course/spellchecker/resources/en.json.gz";
  if (way === "respond" && !fs.analyzePath(words).exists) {
    const content = await bytes(fetched("en.json-gzip"));
    fs.mkdirTree("/course/spellchecker/resources");
    fs.writeFile(words, content);
  }
  const trace = `${TRACES}/${of}.json`;
  if (way === "trace" && !fs.analyzePath(trace).exists) fs.writeFile(trace, await bytes(fetched(`traces/${of}.json`)));
}

onmessage = ({ data }) => {
  queue = queue.then(async () => {
    try {
      postMessage({ number: data.number, ...(await turn(data)) });
    } catch (error) {
      // What Python says last is the sentence.
      const lines = String(error?.message ?? error).trim().split("\n");
      postMessage({ number: data.number, error: lines.at(-1).replace(/^[\w.]*(Error|Exception): /, "") });
    }
  });
};
