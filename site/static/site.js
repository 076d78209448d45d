// What moves on a page: openings, and guesses that fold what answers them. Without it all is there
// to read. Nothing is sent anywhere; guesses are kept in this browser.
"use strict";

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

// ---- Openings: a slider for each thing that can be moved, a picture for each place it can have.

function opening(figure) {
  const { moved, frames } = JSON.parse(figure.querySelector("script").textContent);
  const picture = figure.querySelector("img");
  const said = make("p", { class: "unseen", role: "status" });
  const inputs = moved.map(({ min, max, step, value }) =>
    make("input", { type: "range", min, max, step, value, oninput: move }),
  );
  const numbers = moved.map(({ value }) => make("output", {}, String(value)));
  const rows = moved.map(({ words }, at) => make("label", {}, make("span", {}, words), inputs[at], numbers[at]));
  picture.after(make("div", { class: "moved" }, ...rows), said);
  // All states are fetched once somebody reaches for a slider, so that none is waited for.
  const fetched = [];
  const fetchAll = () => {
    if (!fetched.length) for (const { src } of frames) fetched.push(Object.assign(new Image(), { src }));
  };
  figure.addEventListener("pointerenter", fetchAll);
  figure.addEventListener("focusin", fetchAll);
  figure.addEventListener("touchstart", fetchAll, { passive: true });
  let wait;
  function move() {
    const at = inputs.map((input) => Number(input.value));
    const frame = frames.find((one) => one.at.every((value, number) => Math.abs(value - at[number]) < 1e-6));
    numbers.forEach((number, row) => (number.textContent = inputs[row].value));
    picture.src = frame.src;
    picture.alt = frame.alt;
    clearTimeout(wait);
    wait = setTimeout(() => (said.textContent = frame.alt), 500);
  }
}

// ---- Numbers as people type them and as lessons print them, as coursekit.pictures.numbers has it.

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function decimal(text) {
  let plain = text.trim().replace(/−/g, "-").replace(/[ \u202f]/g, "");
  const [head, ...groups] = plain.replace(/^[-+]+/, "").split(",");
  const thousands = groups.length && !["", "0"].includes(head[0] ?? "") && groups.every((one) => one.length === 3);
  plain = plain.includes(".") || thousands ? plain.replace(/,/g, "") : plain.replace(/,/g, ".");
  return NUMBER.test(plain) ? Number(plain) : null;
}

function numberIn(text) {
  const [above, ...below] = text.replace(/^[ %×x]+|[ %×x]+$/g, "").split("/");
  const number = decimal(above);
  const divisor = below.length ? decimal(below.join("/")) : 1;
  return number === null || !divisor ? null : number / divisor;
}

function shown(number) {
  return Math.abs(number) >= 1000
    ? Math.round(number).toLocaleString("en")
    : String(Number(number.toPrecision(4)));
}

const rough = (number) => (number >= 10 ? Math.round(number).toLocaleString("en") : String(Number(number.toPrecision(2))));

// ---- How near a guess is, as coursekit.learn.asked says it.

function nearness({ unit = "" }, guess, { number, between, texts }) {
  if (texts) return texts.includes(guess) ? "right" : "not right";
  if (typeof guess === "string" || number === null) return "not right";
  if (between ? between[0] <= guess && guess <= between[1] : shown(guess) === shown(number)) return "right";
  const way = guess > number ? "too high" : "too low";
  const off = Math.abs(guess - number);
  if (unit.startsWith("%")) return `${rough(off)} ${rough(off) === "1" ? "point" : "points"} ${way}`;
  const scale = unit.split(" ")[0];
  if (["bits", "dB"].includes(scale)) return `${rough(off)} ${rough(off) === "1" && scale === "bits" ? "bit" : scale} ${way}`;
  if (!(guess > 0 && number > 0)) return `${rough(off)} ${way}`;
  if (off <= 0.1 * number) return `within ${Math.ceil(Number(((100 * off) / number).toFixed(6)))}%`;
  return `${rough(Math.max(guess / number, number / guess))} times ${way}`;
}

// What was typed, as a guess; null if it can't be one.
function understood({ choices, unit = "", low, high }, typed) {
  if (choices) return choices.includes(typed) ? typed : null;
  let number = numberIn(typed);
  if (number === null) return null;
  // “50%” of something that is not counted in per cent is a half of it.
  if (typed.trimEnd().endsWith("%") && !unit.startsWith("%")) number /= 100;
  return low !== undefined && high !== undefined && (number < low || number > high) ? null : number;
}

const withUnit = ({ unit }, guess) =>
  typeof guess === "string" ? `“${guess}”` : `${shown(guess)}${unit && !unit.startsWith("%") ? " " : ""}${unit ?? ""}`;

// ---- What this browser keeps of a page: guesses by question, and what somebody asked to see.

// A lesson and what goes further have files of one name in two folders.
const KEY = `fewer-bits ${location.pathname.split("/").slice(-2).join("/")}`;
let kept = { guesses: {}, seen: [] };
try {
  // Whatever else lies at this address may have written anything here.
  const { guesses, seen } = JSON.parse(localStorage.getItem(KEY)) ?? {};
  const usual = Object.entries(guesses ?? {}).filter(([, guess]) => ["number", "string"].includes(typeof guess));
  kept = { guesses: Object.fromEntries(usual), seen: Array.isArray(seen) ? seen : [] };
} catch {
  // Nothing is kept, or may be.
}
function keep() {
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // Then the guess counts until the page is left.
  }
}

// ---- Guesses

function reading() {
  const boxes = [...document.querySelectorAll(".guess")];
  if (!boxes.length) return;
  const outcomes = new Map();
  for (const line of document.querySelectorAll(".came-out")) {
    outcomes.set(line.dataset.question, { line, ...JSON.parse(line.dataset.cameOut) });
  }
  // Questions in a row are asked together, and folded is what follows the last of them.
  const groups = [];
  for (const box of boxes) {
    const before = box.previousElementSibling;
    if (before && before === groups.at(-1)?.at(-1)?.box) groups.at(-1).push({ box });
    else groups.push([{ box }]);
  }
  const folds = groups.map((group) => fold(group, outcomes));
  const everything = make("button", { type: "button", onclick: () => folds.forEach((one) => one.open("seen")) }, "Show every answer");
  const forget = make("button", { type: "button", onclick: () => {
    kept = { guesses: {}, seen: [] };
    keep();
    location.reload();
  } }, "Forget my guesses here");
  document.querySelector("article h1").after(
    make("p", { class: "reading" }, "This page asks before it tells. Your guesses stay in this browser. ", everything, " ", forget),
  );
  table(boxes, outcomes);
  if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}

function fold(group, outcomes) {
  const last = group.at(-1).box;
  const folded = make("div", { class: "folded", hidden: "until-found" });
  const gate = make("p", { class: "gate" }, make("button", { type: "button", onclick: () => {
    open("seen");
    // What had the focus is gone; who reads on by keyboard begins where it opened.
    folded.tabIndex = -1;
    folded.focus();
  } }, group.length > 1 ? "No guesses: show what came out" : "No guess: show what came out"));
  // Up to the lesson's next part.
  while (last.nextSibling && !last.nextElementSibling?.matches("section:has(> h2)")) folded.append(last.nextSibling);
  last.after(gate, folded);
  const fields = group.map(({ box }) => field(box, outcomes, () => {
    if (fields.every((one) => one.guessed())) open();
  }));
  const names = group.map(({ box }) => JSON.parse(box.dataset.asked).question);
  function open(why) {
    folded.removeAttribute("hidden");
    gate.hidden = true;
    for (const one of fields) one.reveal();
    if (why && !kept.seen.includes(names[0])) {
      kept.seen.push(names[0]);
      keep();
    }
  }
  // Somebody searched in the page, or followed a link to what was folded.
  folded.addEventListener("beforematch", () => open("seen"));
  if (names.every((name) => name in kept.guesses) || kept.seen.includes(names[0])) open();
  return { open };
}

let number = 0;

function field(box, outcomes, after) {
  const asked = JSON.parse(box.dataset.asked);
  const { question, unit, choices, low, high } = asked;
  const id = `guess-${(number += 1)}`;
  const said = make("p", { class: "said", role: "status" });
  const earlier = kept.guesses[question];
  let out = false;
  let read;
  let controls;
  if (choices) {
    const radios = choices.map((value) =>
      make("label", {}, make("input", { type: "radio", name: id, value, checked: value === earlier }), make("span", {}, value)));
    controls = make("div", { class: "choices" }, ...radios);
    read = () => controls.querySelector(":checked")?.value ?? "";
  } else {
    const typed = make("input", { type: "text", inputmode: "decimal", autocomplete: "off", size: 8, "aria-label": question });
    if (typeof earlier === "number") typed.value = shown(earlier);
    controls = make("div", { class: "number" });
    if (low !== undefined && high !== undefined) {
      const value = typeof earlier === "number" ? earlier : (low + high) / 2;
      const slider = make("input", { type: "range", min: low, max: high, step: (high - low) / 100, value,
        "aria-label": `${question}, from ${shown(low)} to ${shown(high)}` });
      slider.addEventListener("input", () => (typed.value = shown(Number(slider.value))));
      typed.addEventListener("input", () => {
        const found = understood(asked, typed.value);
        if (found !== null) slider.value = found;
      });
      controls.append(slider);
    }
    controls.append(typed, ...(unit ? [make("span", {}, unit)] : []));
    read = () => typed.value;
  }
  const button = make("button", {}, "Guess");
  const form = make("form", { onsubmit: (event) => {
    event.preventDefault();
    const guess = understood(asked, read());
    if (guess === null) {
      said.textContent = choices ? "Choose one of these."
        : low !== undefined ? `Type a number from ${shown(low)} to ${shown(high)}.`
        : "Type a number, such as 2, 0.5 or 1,000.";
      return;
    }
    kept.guesses[question] = guess;
    keep();
    if (!out) said.textContent = `Noted: ${withUnit(asked, guess)}.`;
    after();
  } }, make("fieldset", {}, make("legend", {}, make("strong", {}, "Your guess: "), question),
    make("div", { class: "answer" }, controls, button)));
  box.replaceChildren(form, said);

  // The answer is out: the guess is compared with it, and no longer changed.
  function reveal() {
    if (out) return;
    out = true;
    form.querySelector("fieldset").disabled = true;
    button.remove();
    if (!(question in kept.guesses)) controls.remove();
    const outcome = outcomes.get(question);
    const guess = kept.guesses[question];
    if (!outcome) return;
    const came = `It is ${outcome.text}`;
    said.textContent = guess === undefined ? `You made no guess. ${came}.`
      : `You guessed ${withUnit(asked, guess)}. ${came}: ${nearness(asked, guess, outcome)}.`;
    box.classList.add("out");
    outcome.line.textContent = guess === undefined ? `“${question}”: it is ${outcome.text}.`
      : `“${question}”: you guessed ${withUnit(asked, guess)}, and it is ${outcome.text}: ${nearness(asked, guess, outcome)}.`;
    if (typeof guess === "number") for (const plot of document.querySelectorAll(".plot")) mark(plot, question, guess);
    document.dispatchEvent(new Event("guessed"));
  }
  return { guessed: () => question in kept.guesses, reveal };
}

// The guess on the plot that answers it, as coursekit.learn.guess_mark draws it.
function mark(plot, question, guess) {
  for (const { question: asked, label, axis, scale, limits, box } of JSON.parse(plot.dataset.guesses)) {
    if (asked !== question) continue;
    const [start, end, at] = [...limits, guess].map((value) => (scale === "log" ? Math.log10(value) : value));
    const exact = (at - start) / (end - start);
    const place = Math.min(Math.max(Number.isFinite(exact) ? exact : 0, 0), 1);
    const [left, top, width, height] = box.map((share) => 100 * share);
    const inside = exact >= 0 && exact <= 1;
    const across = axis === "x";
    const line = make("span", { class: `mark ${axis}${inside ? "" : " outside"}${place > 0.5 ? " far" : ""}` },
      make("span", {}, inside ? label : `${(across ? "←→" : "↓↑")[exact > 1 ? 1 : 0]} ${label}: ${shown(guess)}`));
    line.style.cssText = across
      ? `left: ${left + place * width}%; top: ${top}%; height: ${height}%`
      : `top: ${top + (1 - place) * height}%; left: ${left}%; width: ${width}%`;
    const picture = plot.querySelector("img");
    // Over the picture, whichever width the page gives it.
    if (!picture.parentElement.matches(".marked")) {
      const frame = make("span", { class: "marked" });
      picture.replaceWith(frame);
      frame.append(picture);
    }
    picture.parentElement.append(line);
    const said = `${label}: ${shown(guess)}`;
    picture.alt += ` ${said[0].toUpperCase()}${said.slice(1)}.`;
  }
}

// The table of all guesses near the end of a lesson.
function table(boxes, outcomes) {
  const found = document.querySelector("table.guesses");
  if (!found) return;
  const asked = new Map(boxes.map((box) => [JSON.parse(box.dataset.asked).question, JSON.parse(box.dataset.asked)]));
  const [head, ...rows] = found.rows;
  head.cells[0].after(make("th", {}, "Your guess"));
  head.append(make("th", {}, "How near"));
  const cells = rows.map((row) => {
    const guess = make("td");
    const near = make("td");
    row.cells[0].after(guess);
    row.append(near);
    return { question: row.cells[0].textContent, guess, near };
  });
  const fill = () => {
    for (const { question, guess, near } of cells) {
      const given = kept.guesses[question];
      const outcome = outcomes.get(question);
      guess.textContent = given === undefined ? "–" : withUnit(asked.get(question) ?? {}, given);
      near.textContent = given === undefined || !outcome ? "–" : nearness(asked.get(question), given, outcome);
    }
  };
  fill();
  document.addEventListener("guessed", fill);
}

// ---- The ways to learn: a button where each can be read, which brings Python into the page.

const HERE = document.currentScript.src;

function practise(box) {
  const said = make("p", { class: "said", role: "status" });
  const button = make("button", { type: "button", onclick: async () => {
    button.disabled = true;
    try {
      const { begin } = await import(new URL("practise.mjs", HERE));
      await begin(box, noted(), (text) => (said.textContent = text));
      line.remove();
    } catch (error) {
      button.disabled = false;
      said.textContent = location.protocol === "file:"
        ? "A page that lies on a disk can't do this: read it from a web server."
        : `That did not work: ${error.message}. Try again, or load the page anew.`;
    }
  } }, box.dataset.begin);
  const line = make("div", { class: "begin" }, button, said);
  box.before(line);
}

// The guesses of this page and what came out, as they are kept with the progress.
function noted() {
  return [...document.querySelectorAll(".came-out")].flatMap((line) => {
    const { question, cameOut } = line.dataset;
    const { number, texts, between } = JSON.parse(cameOut);
    const guess = kept.guesses[question];
    const result = texts ? (texts.length > 1 ? texts : texts[0]) : number;
    return guess === undefined ? [] : [{ question, guess, result: result ?? null, between: between ?? null }];
  });
}

// ---- What the glossary says of a word, beside the link to it, by pointer and by keyboard.

function meanings() {
  const tip = make("div", { class: "means", id: "means", role: "tooltip", hidden: true });
  document.body.append(tip);
  let link;
  let leaving;
  const hide = () => {
    tip.hidden = true;
    link?.removeAttribute("aria-describedby");
    link = undefined;
  };
  const show = (next) => {
    clearTimeout(leaving);
    if (next === link) return;
    hide();
    link = next;
    // The site's own text, from course/glossary.yaml.
    tip.innerHTML = link.dataset.means;
    tip.hidden = false;
    link.setAttribute("aria-describedby", tip.id);
    const at = link.getClientRects()[0];
    const below = at.bottom + 6 + tip.offsetHeight < innerHeight;
    tip.style.left = `${Math.max(8, Math.min(at.left, document.documentElement.clientWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${scrollY + (below ? at.bottom + 6 : at.top - tip.offsetHeight - 6)}px`;
  };
  // Who moves the pointer onto the text can read on there.
  const leave = () => {
    clearTimeout(leaving);
    leaving = setTimeout(hide, 200);
  };
  for (const one of document.querySelectorAll("a[data-means]")) {
    one.addEventListener("pointerenter", () => show(one));
    one.addEventListener("focus", () => show(one));
    one.addEventListener("pointerleave", leave);
    one.addEventListener("blur", hide);
  }
  tip.addEventListener("pointerenter", () => clearTimeout(leaving));
  tip.addEventListener("pointerleave", leave);
  addEventListener("keydown", ({ key }) => key === "Escape" && hide());
}

// ---- What is wider than the page scrolls, also by keyboard.

const watch = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});

for (const figure of document.querySelectorAll("figure.opening")) opening(figure);
reading();
meanings();
for (const box of document.querySelectorAll(".live")) practise(box);
// Also what is folded now, once it is not.
for (const node of document.querySelectorAll("pre, .wide, .formula, .table-wrapper")) watch.observe(node);
