// Draws what Python says is to be seen, and tells Python what was done. It decides nothing: no
// answer is known here, and no request leaves the page. A view is a list of parts, see panel.py.

const PATIENCE = 4000;
const UNANSWERED = "Python has not answered. Is a cell still running? If the kernel was restarted, run this cell again.";

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
    // A wide table scrolls, and who has no mouse must get there.
    const wide = part.html.includes("<table");
    const look = ["fb-html", part.look && `fb-${part.look}`, part.click && "fb-click"].filter(Boolean);
    return make("div", {
      class: look.join(" "), html: part.html, "data-key": part.key, tabindex: wide ? 0 : part.key ? -1 : null,
      onclick: (event) => part.click && !event.target.closest("a") && at.act(part.click),
    });
  },

  choice(part, at) {
    const options = part.options.flatMap((option, number) => {
      const input = make("input", {
        type: part.several ? "checkbox" : "radio", name: `${at.id}-${part.key}`, value: number,
        checked: part.chosen.includes(number), disabled: part.locked,
        "data-key": `${part.key}.${number}`,
        "aria-describedby": option.why ? `${at.id}-${part.key}-${number}` : null,
        onchange: () => part.at_once && at.act(part.key),
      });
      const label = make("label", { class: "fb-option", "data-mark": option.mark },
        input, make("span", { html: option.html }));
      if (!option.why) return [label];
      return [label, make("div", { class: `fb-html fb-${option.mark}`, id: `${at.id}-${part.key}-${number}`, html: option.why })];
    });
    return make("fieldset", { class: "fb-choice" }, make("legend", { html: part.legend }), ...options);
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
      "data-key": button.key, disabled: button.disabled, title: button.keys?.length ? `Key: ${button.keys.join(", ")}` : null,
      "aria-keyshortcuts": button.keys?.join(" "), "aria-pressed": button.pressed == null ? null : `${button.pressed}`,
      onclick: (event) => { event.preventDefault(); at.act(button.key); },
    }, button.label)));
  },

  meter(part) {
    const share = part.of ? (100 * part.value) / part.of : 0;
    return make("div", { class: "fb-meter" },
      make("div", { role: "progressbar", "aria-label": part.label, "aria-valuenow": part.value, "aria-valuemin": 0, "aria-valuemax": part.of },
        make("span", { style: `width:${share}%` })),
      make("span", {}, part.label));
  },

  picture(part) {
    return make("img", { class: "fb-picture", src: part.src, alt: part.alt });
  },

  control(part, at) {
    const id = `${at.id}-${part.key}`;
    const shown = make("output", { for: id }, part.options[part.index]);
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
};

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
  range.addEventListener("input", () => { field.value = Number(Number(range.value).toPrecision(6)); });
  return range;
}

function valuesIn(form) {
  const values = {};
  for (const field of form.querySelectorAll("[data-key]")) {
    if (field.type === "radio" || field.type === "checkbox") {
      const [key, number] = field.dataset.key.split(".");
      values[key] ??= [];
      if (field.checked) values[key].push(Number(number));
    } else if (field.type === "range" || field.tagName === "SELECT") values[field.dataset.key] = Number(field.value);
    else if (field.matches("input, textarea")) values[field.dataset.key] = field.value;
  }
  return values;
}

function render({ model, el }) {
  // By chance: this module is loaded anew for each widget, so it can't count them.
  const at = { id: `fb-${Math.random().toString(36).slice(2)}`, act };
  const form = make("form", { class: "fb-parts", novalidate: true });
  const say = make("div", { class: "fb-say", role: "status", "aria-live": "polite" });
  const root = make("section", { class: "fb" }, form, say);
  let drawn = [];
  let waiting = null;
  let next = null;
  let sent = {};

  function act(key) {
    // While Python is at work only the newest thing to do is kept, as when a slider is dragged.
    if (waiting) {
      next = key;
      return;
    }
    sent = valuesIn(form);
    model.send({ key, values: sent });
    waiting = setTimeout(() => { say.textContent = UNANSWERED; waiting = null; next = null; }, PATIENCE);
  }

  function draw() {
    const view = model.get("view");
    const focused = root.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const typed = valuesIn(form);
    drawn = view.parts.map((part, place) => {
      const text = JSON.stringify(part);
      const old = drawn[place];
      return old?.text === text ? old : { text, node: parts[part.kind](part, at) };
    });
    const nodes = drawn.map((entry) => entry.node);
    if (nodes.length !== form.children.length || nodes.some((node, place) => node !== form.children[place])) {
      form.replaceChildren(...nodes);
      // What was typed or chosen while Python was at work stays.
      const shown = valuesIn(form);
      for (const field of form.querySelectorAll("input[type=text], textarea, input[type=radio], input[type=checkbox]")) {
        const [key, number] = field.dataset.key.split(".");
        if (!(key in typed) || `${typed[key]}` === `${sent[key]}` || `${shown[key]}` !== `${sent[key]}`) continue;
        if (number === undefined) field.value = typed[key];
        else field.checked = typed[key].includes(Number(number));
      }
    }
    root.setAttribute("aria-label", view.title);
    say.textContent = view.say;
    const answered = waiting !== null;
    clearTimeout(waiting);
    waiting = null;
    const find = (key) => (key === "next cell" ? root.closest(".jp-Cell")?.nextElementSibling
      : key ? form.querySelector(`[data-key="${CSS.escape(key)}"]:not(:disabled)`) : null);
    if (focused || answered) (find(answered && view.focus) || find(focused) || (focused && find(view.focus)))?.focus({ preventScroll: true });
    if (next) {
      const key = next;
      next = null;
      act(key);
    }
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  root.addEventListener("keydown", (event) => {
    // JupyterLab takes arrows and letters for itself, if they get there; Control+S may.
    if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
    const field = event.target;
    const typing = field.matches("input[type=text], textarea, select, input[type=range]");
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && field.matches("textarea")) {
      form.querySelector(".fb-primary:not(:disabled)")?.click();
      return;
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (field.matches("input[type=radio]") && event.key.startsWith("Arrow")) return;
    const button = [...form.querySelectorAll("button[aria-keyshortcuts]:not(:disabled)")]
      .find((one) => one.getAttribute("aria-keyshortcuts").split(" ").includes(event.key));
    if (button) {
      event.preventDefault();
      button.click();
    }
  });

  model.on("change:view", draw);
  el.append(root);
  draw();
  return () => {
    clearTimeout(waiting);
    model.off("change:view", draw);
  };
}

export default { render };
