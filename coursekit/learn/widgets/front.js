// Draws what Python says is to be seen, and tells Python what was done. It decides nothing: no
// answer is known here, and no request leaves the page. A view is a list of parts, see panel.py.

const PATIENCE = 4000;
const BUSY = "Python is still at work. What you pressed is on its way and comes next; until then nothing more is sent. If the kernel was restarted, run this cell again.";
const DEAD = "This notebook's Python was stopped or restarted, so nothing can be kept here. Run this cell again; if it says that a name is not defined, choose “Run All Above Selected Cell” in the menu Run first. What you have typed stays.";
const RESTORED = "What you had typed here, and not sent, is back.";
const SIGNS = { ArrowLeft: "←", ArrowRight: "→", ArrowDown: "↓", ArrowUp: "↑" };
const HEADINGS = { title: "h3", head: "h4", big: "h4" };
const DRAFTS = "fewer-bits-draft:";

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "html") node.innerHTML = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

const parts = {
  html(part, at) {
    const look = ["fb-html", part.look && `fb-${part.look}`, part.click && "fb-click"].filter(Boolean);
    return make(HEADINGS[part.look] ?? "div", {
      class: look.join(" "), html: part.html, "data-key": part.key, tabindex: part.key ? -1 : null,
      onclick: (event) => part.click && !event.target.closest("a") && at.act(part.click),
    });
  },

  choice(part, at) {
    const options = part.options.flatMap((option, number) => {
      const input = make("input", {
        type: part.several ? "checkbox" : "radio", name: `${at.id}-${part.key}`, value: number,
        checked: part.chosen.includes(number),
        // Not disabled: its reason must be reached with Tab, too.
        "aria-disabled": part.locked ? "true" : null,
        onclick: (event) => part.locked && event.preventDefault(),
        "data-key": `${part.key}.${number}`,
        "aria-describedby": option.why ? `${at.id}-${part.key}-${number}` : null,
        onchange: () => part.at_once && at.act(part.key),
      });
      const label = make("label", { class: "fb-option", "data-mark": option.mark },
        input, make("span", { html: option.html }));
      if (!option.why) return [label];
      return [label, make("div", { class: `fb-html fb-${option.mark}`, id: `${at.id}-${part.key}-${number}`, html: option.why })];
    });
    return make("fieldset", { class: "fb-choice", "data-locked": part.locked }, make("legend", { html: part.legend }), ...options);
  },

  entry(part, at) {
    const attributes = {
      "data-key": part.key, id: `${at.id}-${part.key}`, autocomplete: "off", spellcheck: part.code ? "false" : null,
      class: part.code ? "fb-code" : "", disabled: part.locked,
      // Who types and goes on to the next cell has said it, too.
      onchange: () => part.at_once && at.act(part.key),
    };
    const field = part.rows
      ? make("textarea", { ...attributes, rows: part.rows })
      : make("input", { ...attributes, type: "text", inputmode: part.numeric ? "decimal" : null });
    field.value = part.value;
    const label = make("label", { for: attributes.id, html: part.label });
    return make("div", { class: "fb-entry" }, label, field,
      ...(part.unit ? [make("span", { html: part.unit })] : []),
      ...(part.limits ? [slider(part, at, field, label.textContent)] : []));
  },

  buttons(part, at) {
    return make("div", { class: "fb-buttons" }, ...part.buttons.map((button) => make("button", {
      type: button.primary ? "submit" : "button", class: button.primary ? "fb-primary" : "",
      "data-key": button.key, disabled: button.disabled,
      title: button.keys?.length ? `Key: ${button.keys.map((key) => SIGNS[key] ?? key).join(", ")}` : null,
      "aria-keyshortcuts": button.keys?.join(" "), "aria-pressed": button.pressed == null ? null : `${button.pressed}`,
      onclick: (event) => { event.preventDefault(); at.act(button.key); },
    }, button.label)));
  },

  meter(part) {
    const share = part.of ? (100 * part.value) / part.of : 0;
    return make("div", { class: "fb-meter" },
      make("div", { role: "progressbar", "aria-label": part.label, "aria-valuenow": part.value, "aria-valuemin": 0, "aria-valuemax": part.of },
        make("span", { style: `width:${share}%` })),
      make("span", { "aria-hidden": "true" }, part.label));
  },

  picture(part) {
    return make("img", { class: "fb-picture", src: part.src, alt: part.alt });
  },

  control(part, at) {
    const id = `${at.id}-${part.key}`;
    // Said by the slider already.
    const shown = make("output", { for: id, "aria-live": "off" }, part.options[part.index]);
    const field = part.slider
      ? make("input", { type: "range", min: 0, max: part.options.length - 1, step: 1, "aria-valuetext": part.options[part.index] })
      : make("select", {}, ...part.options.map((text, number) => make("option", { value: number }, text)));
    field.id = id;
    field.dataset.key = part.key;
    field.value = part.index;
    field.addEventListener("input", () => {
      shown.textContent = part.options[field.value];
      if (part.slider) field.setAttribute("aria-valuetext", shown.textContent);
      at.act(part.key);
    });
    return make("div", { class: "fb-control" }, make("label", { for: id }, part.label), field, ...(part.slider ? [shown] : []));
  },

  upload(part, at) {
    const id = `${at.id}-${part.key}`;
    const field = make("input", { type: "file", id, accept: part.kinds, "data-key": part.key });
    field.addEventListener("change", async () => {
      field.text = await field.files[0]?.text();
      if (field.text != null) at.act(part.key);
      // So that the same file can be chosen once more.
      field.value = "";
    });
    return make("div", { class: "fb-control" }, make("label", { for: id }, part.label), field);
  },
};

function save(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

// A slider beside a field: each moves the other, and what counts is what stands in the field.
function slider(part, at, field, label) {
  const [low, high] = part.limits;
  const range = make("input", {
    type: "range", min: low, max: high, step: (high - low) / 100, disabled: part.locked,
    "data-key": `${part.key}-slider`, "aria-label": `${label}, as a slider`,
    onchange: () => at.act(part.key),
  });
  const follow = () => { range.value = Number.parseFloat(field.value) || low; };
  follow();
  field.addEventListener("input", follow);
  range.addEventListener("input", () => {
    field.value = Number(Number(range.value).toPrecision(6));
    // As if it was typed, so that it stays while Python is at work.
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  return range;
}

// A formula in words: Chromium leaves one out of the name of an option or a question.
function words(node) {
  const [first, second] = [...node.children].map(words);
  if (node.localName === "mfrac") return `${first} over ${second}`;
  if (node.localName === "msup") return second === "′" ? `${first} prime` : `${first} to the power ${second}`;
  if (node.localName === "msqrt") return `root of ${[...node.children].map(words).join(" ")}`;
  return node.children.length ? [...node.children].map(words).join(" ") : node.textContent.trim();
}

function valuesIn(form) {
  const values = {};
  for (const field of form.querySelectorAll("[data-key]")) {
    if (field.type === "radio" || field.type === "checkbox") {
      const [key, number] = field.dataset.key.split(".");
      values[key] ??= [];
      if (field.checked) values[key].push(Number(number));
    } else if (field.type === "file") values[field.dataset.key] = field.text ?? "";
    else if (field.type === "range" || field.tagName === "SELECT") values[field.dataset.key] = Number(field.value);
    else if (field.matches("input, textarea")) values[field.dataset.key] = field.value;
  }
  return values;
}

// What was typed or chosen and not sent, kept in this browser until it is: `base` is what stood in
// the field before, `sent` what Python was told since. Where one of both still stands there, the
// draft is newer.
function draftsOf(title) {
  const memory = new Map();
  const place = (about) => `${DRAFTS}${title}|${about}`;
  return {
    load(about) {
      try {
        return JSON.parse(localStorage.getItem(place(about))) ?? {};
      } catch {
        return memory.get(about) ?? {};
      }
    },
    keep(about, drafts) {
      memory.set(about, drafts);
      try {
        if (Object.keys(drafts).length) localStorage.setItem(place(about), JSON.stringify(drafts));
        else localStorage.removeItem(place(about));
      } catch { /* a page without storage: they last as long as it does */ }
    },
    forget() {
      memory.clear();
      try {
        for (const key of Object.keys(localStorage)) if (key.startsWith(DRAFTS)) localStorage.removeItem(key);
      } catch { /* as above */ }
    },
  };
}

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

function render({ model, el }) {
  // By chance: this module is loaded anew for each widget, so it can't count them.
  const at = { id: `fb-${Math.random().toString(36).slice(2)}`, act };
  const form = make("form", { class: "fb-parts", novalidate: true });
  const trouble = make("div", { class: "fb-trouble", role: "alert" });
  const say = make("div", { class: "fb-say", role: "status", "aria-live": "polite" });
  const aloud = make("div", { class: "fb-aloud", role: "status", "aria-live": "polite" });
  const root = make("section", { class: "fb" }, form, trouble, say, aloud);
  const drafts = draftsOf(model.get("view").title);
  let view = {};
  let drawn = [];
  let waiting = null;
  let late = false;
  let lost = false;
  let next = null;
  let fresh = {};

  // New nodes, so that the same sentence is read out again.
  const tell = (where, text) => where.replaceChildren(...(text ? [document.createTextNode(text)] : []));

  function act(key) {
    if (lost) {
      say.setAttribute("aria-live", "polite");
      tell(say, DEAD);
      return;
    }
    // While Python is at work only the newest thing to do is kept, as when a slider is dragged, and
    // done only if what it is about still stands here.
    if (waiting) {
      if (!late) next = { key, about: view.about };
      return;
    }
    const values = valuesIn(form);
    try {
      model.send({ key, values, about: view.about });
    } catch {
      lose();
      return;
    }
    const kept = view.about ? drafts.load(view.about) : {};
    for (const [name, draft] of Object.entries(kept)) draft.sent = values[name];
    if (view.about) drafts.keep(view.about, kept);
    waiting = setTimeout(() => { late = true; next = null; tell(say, BUSY); }, PATIENCE);
  }

  // Python is gone: said at once, and by each press from now on. Of all widgets that say so one is
  // read out: that with the focus, or the first.
  function lose() {
    if (lost) return;
    lost = true;
    done();
    next = null;
    const page = root.closest(".jp-Notebook") ?? document;
    const used = page.contains(document.activeElement) && document.activeElement.closest(".fb");
    say.setAttribute("aria-live", (used || page.querySelector(".fb")) === root ? "polite" : "off");
    tell(say, DEAD);
  }

  function done() {
    clearTimeout(waiting);
    waiting = null;
    late = false;
  }

  function fields() {
    const open = "input[type=text]:enabled, textarea:enabled, input[type=radio]:not([aria-disabled]), input[type=checkbox]:not([aria-disabled])";
    return [...form.querySelectorAll(open)];
  }

  function typed(event) {
    if (!view.about || !fields().includes(event.target)) return;
    const key = event.target.dataset.key.split(".")[0];
    const kept = drafts.load(view.about);
    kept[key] = { ...(kept[key] ?? { base: fresh[key] }), typed: valuesIn(form)[key] };
    drafts.keep(view.about, kept);
  }

  // Puts back what was typed and not sent; whether there was something.
  function restore() {
    const kept = view.about ? drafts.load(view.about) : {};
    const shown = fresh;
    let found = false;
    for (const [key, draft] of Object.entries(kept)) {
      const there = fields().filter((field) => field.dataset.key.split(".")[0] === key);
      const older = same(shown[key], draft.base) || same(shown[key], draft.sent);
      if (!there.length || !older || same(shown[key], draft.typed)) {
        delete kept[key];
        continue;
      }
      found = true;
      for (const field of there) {
        if (Array.isArray(draft.typed)) field.checked = draft.typed.includes(Number(field.value));
        else {
          field.value = draft.typed;
          field.dispatchEvent(new Event("input"));
        }
      }
    }
    if (view.about) drafts.keep(view.about, kept);
    return found;
  }

  function draw() {
    const first = !drawn.length;
    view = model.get("view");
    if (view.forget) drafts.forget();
    const focused = root.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    drawn = view.parts.map((part, place) => {
      const text = JSON.stringify([part, view.about]);
      const old = drawn[place];
      if (old?.text !== text) return { text, node: parts[part.kind](part, at) };
      // What could not be chosen stands there no longer.
      const list = part.kind === "control" && old.node.querySelector("select");
      if (list) list.value = part.index;
      return old;
    });
    const nodes = drawn.map((entry) => entry.node);
    let restored = false;
    if (nodes.length !== form.children.length || nodes.some((node, place) => node !== form.children[place])) {
      const before = valuesIn(form);
      const kept = new Set(form.children);
      form.replaceChildren(...nodes);
      // What Python says stands in a field; in one that was not drawn anew it is what it was.
      const after = valuesIn(form);
      for (const key of Object.keys(after)) {
        const node = form.querySelector(`[data-key="${CSS.escape(key)}"], [data-key^="${CSS.escape(key)}."]`);
        if (!(kept.has(node?.closest(".fb-parts > *")) && key in before)) fresh[key] = after[key];
      }
      restored = restore();
      for (const formula of form.querySelectorAll("math")) formula.setAttribute("aria-label", words(formula));
      lead();
      fit();
    }
    root.setAttribute("aria-label", view.title);
    tell(trouble, view.trouble);
    const answered = waiting !== null;
    done();
    const find = (key) => (key === "next cell" ? root.closest(".jp-Cell")?.nextElementSibling
      : key ? form.querySelector(`[data-key="${CSS.escape(key)}"]:not(:disabled)`) : null);
    // What the focus goes to is read out anyway.
    const twice = answered && view.say && find(view.focus)?.textContent === view.say;
    say.setAttribute("aria-live", twice ? "off" : "polite");
    tell(say, view.say || (first && restored ? RESTORED : ""));
    tell(aloud, view.aloud);
    if (focused || answered) go((answered && find(view.focus)) || find(focused) || (focused && find(view.focus)));
    if (next) {
      const { key, about } = next;
      next = null;
      if (about === view.about) act(key);
    }
  }

  // Focus, always in sight: what is drawn anew may lie outside the window.
  function go(node) {
    if (!node) return;
    node.focus({ preventScroll: true });
    if (!root.contains(node)) return;
    const show = () => {
      if (document.activeElement === node) node.scrollIntoView({ block: "nearest", inline: "nearest" });
    };
    show();
    // JupyterLab moves cells about once their heights have changed.
    requestAnimationFrame(show);
    setTimeout(show, 150);
  }

  // A link to a lesson opens as one of Markdown does: in a tab of its own, at its section.
  function lead() {
    const { resolver, linkHandler } = model.widget_manager?.rendermime ?? {};
    for (const anchor of form.querySelectorAll("a[href]:not([target])")) {
      const [path, id] = anchor.getAttribute("href").split("#");
      anchor.target = "_blank";
      anchor.rel = "noopener";
      if (!resolver || !linkHandler) continue;
      resolver.resolveUrl(path).then((full) => linkHandler.handleLink(anchor, decodeURIComponent(full), id ? `#${id}` : ""));
    }
  }

  // A wide table scrolls, and who has no mouse must get there.
  function fit() {
    for (const block of form.querySelectorAll(".fb-html")) {
      if (!block.querySelector("table")) continue;
      const wide = block.scrollWidth > block.clientWidth;
      for (const [name, value] of [["tabindex", "0"], ["role", "region"], ["aria-label", `Table: ${view.title}`]]) {
        if (wide) block.setAttribute(name, value);
        else block.removeAttribute(name);
      }
    }
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", typed);
  root.addEventListener("keydown", (event) => {
    const field = event.target;
    const command = event.ctrlKey || event.metaKey;
    const key = event.key === " " ? "Space" : event.key;
    const typing = field.matches("input[type=text], textarea, select, input[type=range]");
    // JupyterLab takes arrows, letters, and Control+Z for itself, if they get there; Control+S may,
    // and elsewhere than in a text what does nothing to the cell's code.
    if (!command || typing && key.toLowerCase() !== "s" || ["z", "y", "enter"].includes(key.toLowerCase())) event.stopPropagation();
    if (key === "Enter" && command) {
      event.preventDefault();
      if (!event.repeat) form.querySelector(".fb-primary:not(:disabled)")?.click();
      return;
    }
    if (command || event.altKey) return;
    if (key === "Escape") {
      root.closest(".jp-Cell")?.focus();
      return;
    }
    if (key === "Enter" && field.matches(".fb-click")) {
      event.preventDefault();
      if (!event.repeat) field.click();
      return;
    }
    const presses = field.matches("button") ? ["Enter", "Space"] : field.matches("input") ? ["Enter"] : [];
    if (event.repeat && presses.includes(key)) {
      // A key that is held counts once.
      event.preventDefault();
      return;
    }
    if (typing || field.matches("input") && (key.startsWith("Arrow") || key === "Space")) return;
    const button = [...form.querySelectorAll("button[aria-keyshortcuts]:not(:disabled)")]
      .find((one) => one.getAttribute("aria-keyshortcuts").split(" ").includes(key));
    // Space presses the button that has the focus, and nothing else.
    if (!button || key === "Space" && field.matches("button, summary, a")) return;
    event.preventDefault();
    if (!event.repeat) button.click();
  });

  // JupyterLab marks a widget whose kernel was restarted, and tells of a new one.
  const look = () => queueMicrotask(() => {
    if (el.closest(".jupyter-widgets-disconnected")) lose();
    else if (lost) {
      lost = false;
      tell(say, "");
    }
  });
  const changed = (_, change) => change.oldValue && lose();
  const kernel = model.widget_manager?.context?.sessionContext?.kernelChanged;
  // A file to keep, before the view that says so: only for the page that asked, not for another
  // that shows the same.
  const told = ({ download }) => waiting && download && save(...download);
  model.on("change:view", draw);
  model.on("msg:custom", told);
  model.on("comm_live_update", look);
  kernel?.connect(changed);
  const size = new ResizeObserver(fit);
  size.observe(root);
  el.append(root);
  draw();
  return () => {
    done();
    size.disconnect();
    kernel?.disconnect(changed);
    model.off("change:view", draw);
    model.off("msg:custom", told);
    model.off("comm_live_update", look);
  };
}

export default { render };
