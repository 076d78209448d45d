// The ways to learn on a page of the site: what a notebook's widgets show, by the same Python, in a
// worker. It starts when somebody first practises.

import front from "./front.mjs";

let worker;
let number = 0;
const waiting = new Map();

function ask(message, progress) {
  if (!worker) {
    worker = new Worker(new URL("worker.mjs", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }) => {
      if ("fetched" in data) {
        for (const one of waiting.values()) one.progress?.(data.fetched, data.of);
        return;
      }
      const one = waiting.get(data.number);
      waiting.delete(data.number);
      if (data.error) one.failed(new Error(data.error));
      else one.done(data);
    };
    worker.onerror = (event) => {
      for (const one of waiting.values()) one.failed(new Error(event.message || "Python could not be started"));
      waiting.clear();
      worker = undefined;
    };
  }
  return new Promise((done, failed) => {
    waiting.set((number += 1), { done, failed, progress });
    worker.postMessage({ ...message, number });
  });
}

// A part of a lesson is called what the site calls it.
function led(path, fragment) {
  const place = decodeURIComponent(fragment ?? "").replace(/^#/, "");
  const id = place.startsWith("cell-id=")
    ? place.slice("cell-id=".length)
    : place.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
  return `${path.replace(/\.ipynb$/, ".html")}${id ? `#${id}` : ""}`;
}

const rendermime = {
  resolver: { resolveUrl: async (path) => path },
  linkHandler: { handleLink: (anchor, path, fragment) => { anchor.href = led(path, fragment); } },
};

/**
 * Puts a way to learn in the place of what could be read there.
 *
 * @param {HTMLElement} box - What is replaced once there is something to show.
 * @param {object[]} noted - The guesses of this page, to be kept with the progress.
 * @param {(text: string) => void} tell - Told how far it is.
 */
export async function begin(box, noted, tell) {
  const { way, of, lesson } = box.dataset;
  const place = crypto.randomUUID();
  tell("Python comes into this page …");
  keepForOffline();
  const progress = (fetched, whole) => tell(fetched < whole
    ? `Python comes into this page: ${(fetched / 1e6).toFixed(1)} of ${(whole / 1e6).toFixed(1)} MB …`
    : "Python is here and starts …");
  let { view } = await ask({ place, way, of, lesson, noted }, progress);
  const heard = {};
  const model = {
    widget_manager: { rendermime },
    get: () => view,
    on: (event, work) => (heard[event] ??= new Set()).add(work),
    off: (event, work) => heard[event]?.delete(work),
    async send(content) {
      try {
        const answer = await ask({ place, content });
        if (answer.download) for (const work of heard["msg:custom"] ?? []) work({ download: answer.download });
        view = answer.view;
      } catch (error) {
        view = { ...view, turn: view.turn + 1, trouble: `That did not work: ${error.message}. Load this page again; what you answered before is kept.` };
      }
      for (const work of heard["change:view"] ?? []) work();
    },
  };
  tell("");
  box.replaceChildren();
  front.render({ model, el: box });
  const first = box.querySelector("[data-key='place'], h3, h4");
  if (first) {
    first.tabIndex = -1;
    first.focus();
  }
}

// A page where somebody practised opens without a network, too.
function keepForOffline() {
  const addresses = [location.href.split("#")[0], ...performance.getEntriesByType("resource").map(({ name }) => name)];
  navigator.serviceWorker?.register(new URL("../kept.js", import.meta.url)).then(() => navigator.serviceWorker.ready)
    .then(({ active }) => active.postMessage(addresses.filter((one) => one.startsWith(location.origin))))
    .catch(() => { /* it works without, online */ });
}
