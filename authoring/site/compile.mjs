// Compiles Python's own library and the site's packages with the Python that will run them, so that
// no page has to: node compile.mjs PYODIDE_FOLDER PACKAGES.zip FOLDER

import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [pyodide, packages, folder] = process.argv.slice(2).map((path) => resolve(path));
const { loadPyodide } = await import(pathToFileURL(join(pyodide, "pyodide.mjs")));
const python = await loadPyodide({ indexURL: `${pyodide}/` });
for (const [name, path] of [["python_stdlib.zip", join(pyodide, "python_stdlib.zip")], ["packages.zip", packages]]) {
  python.FS.writeFile(`/${name}`, new Uint8Array(readFileSync(path)));
  python.globals.set("name", name);
  python.runPython(`
import importlib._bootstrap_external as external
import zipfile

with zipfile.ZipFile(f"/{name}") as before, zipfile.ZipFile(f"/made-{name}", "w") as after:
    for entry in sorted(before.namelist()):
        content = before.read(entry)
        if entry.endswith("/"):
            continue
        if entry.endswith(".py"):
            # Without docstrings, which weigh a third.
            code = compile(content, entry, "exec", dont_inherit=True, optimize=2)
            # By its content, and never asked again: the same whenever it is made.
            content = external._code_to_hash_pyc(code, bytes(8), checked=False)
            entry += "c"
        after.writestr(zipfile.ZipInfo(entry, (1980, 1, 1, 0, 0, 0)), content)
`);
  writeFileSync(join(folder, name), python.FS.readFile(`/made-${name}`));
}
