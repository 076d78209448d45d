// The page: takes a network from the address or from a picture, and has it read what is drawn.

const SIDE = 28, PEN = 44;
const $ = (id) => document.getElementById(id);
const whole = (number) => number.toLocaleString("en");
const percent = (share, digits) => `${(100 * share).toFixed(digits)}%`;
let layers = null, looks = null, strokes = [], drawing = false, cursor = [SIDE / 2, SIDE / 2], down = false;

function say(text, wrong = false) {
  $("said").textContent = text;
  $("said").classList.toggle("wrong", wrong);
}

/** Takes a network in, or says why it can't. */
function take(data) {
  let found;
  try {
    found = readNetwork(data);
    const inputs = found[0].weights[0].length, answers = found.at(-1).weights.length;
    const joined = found.every(({ weights }, place) => !place || weights[0].length === found[place - 1].weights.length);
    if (inputs !== SIDE * SIDE || answers !== 10 || !joined) {
      throw new NoNetwork(`This network takes ${whole(inputs)} numbers and gives ${whole(answers)}. Here you draw 28 × 28 pixels, and there are ten digits.`);
    }
  } catch (error) {
    if (!(error instanceof NoNetwork)) throw error;
    say(error.message, true);
    return false;
  }
  layers = found;
  const left = layers.map(({ weights }) => weights.reduce((sum, row) => sum + row.filter((weight) => weight).length, 0));
  const all = layers.reduce((sum, { weights, biases }) => sum + biases.length * (weights[0].length + 1), 0);
  const units = [SIDE * SIDE, ...layers.map(({ biases }) => biases.length)].join("–");
  const known = KNOWN[crc32(data.subarray(7))];
  looks = new Uint8Array(SIDE * SIDE);
  for (const row of layers[0].weights) row.forEach((weight, at) => (looks[at] |= weight !== 0));
  say(
    `Got it: ${whole(data.length)} bytes, ${Math.round((4 * all) / data.length)} times smaller than in float32. ` +
    `Of the ${whole(all)} numbers of the ${units} network, ${whole(left.reduce((a, b) => a + b))} weights are left. ` +
    (known ? `On ${known.images} it got ${whole(known.wrong)} of ${whole(known.of)} wrong, ${percent(known.wrong / known.of, 2)}.`
      : "What it scored, the file doesn’t say. Find out."),
  );
  $("try").hidden = false;
  answer();
  return true;
}

/** What is behind the # of an address. */
function takeSigns(signs) {
  try {
    return take(fromSigns(signs));
  } catch (error) {
    if (!(error instanceof NoNetwork)) throw error;
    say(error.message, true);
    return false;
  }
}

function fromAddress() {
  const signs = location.hash.slice(1);
  if (signs) takeSigns(signs);
}

/** The drawing as MNIST has digits: 20 × 20 at most, its centre of mass in the middle of 28 × 28. */
function preprocess(lines) {
  const points = lines.flat(), image = new Float64Array(SIDE * SIDE);
  if (!points.length) return image;
  const xs = points.map(([x]) => x), ys = points.map(([, y]) => y);
  const box = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  // Eight small pixels a pixel; a pen as wide as MNIST's, whatever the size of the drawing.
  const fine = 8, pen = 2.4, size = SIDE * fine, longest = Math.max(box[2] - box[0], box[3] - box[1]);
  // A dot stays one.
  const scale = longest > 0.5 ? (20 - pen) / longest : 1;
  const render = (right, below) => {
    const canvas = new OffscreenCanvas(size, size), pencil = canvas.getContext("2d", { willReadFrequently: true });
    pencil.lineWidth = pen * fine;
    pencil.lineCap = pencil.lineJoin = "round";
    for (const line of lines) {
      pencil.beginPath();
      line.forEach(([x, y], place) => {
        const to = [((x - (box[0] + box[2]) / 2) * scale + 14 + right) * fine, ((y - (box[1] + box[3]) / 2) * scale + 14 + below) * fine];
        if (!place) pencil.moveTo(...to);
        pencil.lineTo(...to);
      });
      pencil.stroke();
    }
    const { data } = pencil.getImageData(0, 0, size, size);
    image.fill(0);
    for (let at = 0; at < size * size; at++) {
      const y = Math.floor(at / size / fine), x = Math.floor((at % size) / fine);
      image[y * SIDE + x] += data[4 * at + 3] / 255 / fine / fine;
    }
  };
  render(0, 0);
  let mass = 0, x = 0, y = 0;
  image.forEach((ink, at) => {
    mass += ink;
    x += ink * ((at % SIDE) + 0.5);
    y += ink * (Math.floor(at / SIDE) + 0.5);
  });
  render(Math.round(14 - x / mass), Math.round(14 - y / mass));
  return image;
}

const bars = Array.from({ length: 10 }, (_, digit) => {
  const row = document.createElement("tr");
  row.innerHTML = `<th scope="row">${digit}</th><td><i style="width: 0"></i></td><td>–</td>`;
  $("bars").append(row);
  return row;
});

const named = (digit) => `${digit === 8 ? "an" : "a"} ${digit}`;
/** Reads the drawing and shows the ten bars. */
function answer() {
  sketch();
  if (!layers) return;
  const image = preprocess(strokes), empty = !strokes.length;
  const outputs = outputsOf(layers, image), chances = softmax(outputs.at(-1));
  const order = [...chances.keys()].sort((one, other) => chances[other] - chances[one]);
  bars.forEach((row, digit) => {
    row.classList.toggle("first", !empty && digit === order[0]);
    row.querySelector("i").style.width = empty ? "0" : percent(chances[digit], 1);
    row.lastElementChild.textContent = empty ? "–" : percent(chances[digit], 0);
  });
  if (!drawing) {
    $("read").textContent = empty ? "Nothing yet."
      : chances[order[0]] > 0.9 ? `That’s ${named(order[0])}.`
        : `Probably ${named(order[0])}, perhaps ${named(order[1])}.`;
  }
  show(image, outputs, empty ? -1 : order[0]);
}

const NAMES = ["sheet", "blind", "for", "against", "ink"];
let colours = {};
/** The style sheet's colours, in the theme that is on. */
function mix() {
  const probe = document.createElement("i");
  document.body.append(probe);
  for (const name of NAMES) {
    probe.style.color = `var(--${name})`;
    colours[name] = getComputedStyle(probe).color;
  }
  probe.remove();
}

/** Draws what the network was given, and which pixels speak for its answer and which against. */
function show(image, outputs, digit) {
  const canvas = $("looked"), pencil = canvas.getContext("2d"), cell = canvas.width / SIDE;
  const { sheet, blind, for: pro, against: con, ink } = colours;
  const part = digit < 0 ? image : shares(layers, image, outputs, digit);
  const most = Math.max(1e-9, ...Array.from(part, Math.abs));
  let [more, less] = [0, 0];
  for (let at = 0; at < image.length; at++) {
    const place = [(at % SIDE) * cell, Math.floor(at / SIDE) * cell, cell, cell];
    const paint = (fill, alpha) => {
      pencil.globalAlpha = alpha;
      pencil.fillStyle = fill;
      pencil.fillRect(...place);
    };
    paint(looks[at] ? sheet : blind, 1);
    paint(ink, 0.22 * image[at]);
    if (digit >= 0 && part[at]) paint(part[at] > 0 ? pro : con, Math.min(1, 0.15 + Math.abs(part[at]) / most));
    if (digit >= 0) {
      more += part[at] > 0;
      less += part[at] < 0;
    }
  }
  const seen = looks.reduce((sum, one) => sum + one, 0);
  canvas.setAttribute("aria-label",
    `Weights look at ${seen} of 784 pixels. ` +
    (digit < 0 ? "Nothing is drawn yet." : `${more} pixels speak for ${digit}, ${less} against it.`));
}

/** Draws the pad: the lines, and where the keyboard's pen is. */
function sketch() {
  const canvas = $("pad"), pencil = canvas.getContext("2d"), unit = canvas.width / SIDE;
  pencil.clearRect(0, 0, canvas.width, canvas.height);
  pencil.strokeStyle = colours.ink;
  pencil.lineCap = pencil.lineJoin = "round";
  pencil.lineWidth = PEN;
  for (const line of strokes) {
    pencil.beginPath();
    line.forEach(([x, y], place) => {
      if (!place) pencil.moveTo(x * unit, y * unit);
      pencil.lineTo(x * unit, y * unit);
    });
    pencil.stroke();
  }
  if (document.activeElement === canvas && canvas.matches(":focus-visible")) {
    pencil.lineWidth = 4;
    pencil.strokeStyle = down ? colours.for : colours.against;
    pencil.strokeRect((cursor[0] - 1) * unit, (cursor[1] - 1) * unit, 2 * unit, 2 * unit);
  }
}

function wipe() {
  strokes = [];
  down = drawing = false;
  answer();
}

const at = (event) => {
  const box = $("pad").getBoundingClientRect();
  return [((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE];
};
$("pad").addEventListener("pointerdown", (event) => {
  if (event.button) return;
  $("pad").setPointerCapture(event.pointerId);
  drawing = true;
  down = false;
  strokes.push([at(event)]);
  answer();
});
$("pad").addEventListener("pointermove", (event) => {
  if (!drawing) return;
  // What the pen did between two pictures of the screen.
  const between = event.getCoalescedEvents?.() ?? [];
  strokes.at(-1).push(...(between.length ? between : [event]).map(at));
  answer();
});
for (const name of ["pointerup", "pointercancel"]) {
  $("pad").addEventListener(name, () => {
    drawing = false;
    answer();
  });
}
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
$("pad").addEventListener("keydown", (event) => {
  const way = WAYS[event.key];
  if (event.ctrlKey || event.altKey || event.metaKey || !(way || [" ", "Escape"].includes(event.key))) return;
  event.preventDefault();
  if (event.key === "Escape") return wipe();
  if (way) {
    cursor = cursor.map((place, axis) => Math.min(SIDE - 1, Math.max(1, place + way[axis])));
    if (down) strokes.at(-1).push([...cursor]);
  } else if ((down = !down)) {
    strokes.push([[...cursor]]);
  }
  answer();
});
for (const name of ["focus", "blur"]) $("pad").addEventListener(name, sketch);
$("clear").addEventListener("click", wipe);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  mix();
  answer();
});

/** A character a byte. */
const latin = (bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");

/** The network in what a reader of squares found: bytes, or an address with signs behind its #. */
function takeFound(text) {
  if (text.startsWith("fb\x01")) {
    take(Uint8Array.from(text, (sign) => sign.charCodeAt(0)));
    return true;
  }
  const hash = text.indexOf("#");
  const signs = text.slice(hash + 1);
  if (hash >= 0 && signs.length > 20 && [...signs].every((sign) => SIGNS.includes(sign))) {
    takeSigns(signs);
    return true;
  }
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  say(`This square holds no network. It says “${shown.replace(/[^ -~…]/g, "?")}”.`, true);
  return true;
}

/** Looks for a square in a picture, and takes what is in it; whether there is one. */
async function look(picture, width, height, patient) {
  if ("BarcodeDetector" in window) {
    const [found] = await new BarcodeDetector({ formats: ["qr_code"] }).detect(picture).catch(() => []);
    // Bytes come out of it changed, as text, so only an address is taken.
    if (found?.rawValue.includes("#")) return takeFound(found.rawValue);
  }
  // As it is, then other sizes: a reader that looks at each pixel finds some of them easier.
  for (const wanted of patient ? [1, 2, 0.5, 3, 1.5, 0.75] : [1]) {
    const scale = Math.min(wanted, 3000 / Math.max(width, height));
    const canvas = new OffscreenCanvas(Math.round(width * scale), Math.round(height * scale));
    const pencil = canvas.getContext("2d", { willReadFrequently: true });
    pencil.fillStyle = "white";
    pencil.fillRect(0, 0, canvas.width, canvas.height);
    pencil.drawImage(picture, 0, 0, canvas.width, canvas.height);
    let text = null;
    try {
      text = decodeQR(pencil.getImageData(0, 0, canvas.width, canvas.height), { textDecoder: latin });
    } catch {
      continue; // There is none, or it can't be read.
    }
    return takeFound(text);
  }
  return false;
}

/** A picture that somebody chose, dropped or pasted, or a network's own file. */
async function openFile(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (latin(bytes.subarray(0, 3)) === "fb\x01") return take(bytes);
  const address = URL.createObjectURL(file), picture = new Image();
  picture.src = address;
  try {
    await picture.decode();
  } catch {
    return say("This file is no network, and no picture that your browser can open.", true);
  } finally {
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  }
  say("Looking for a square…");
  await new Promise((done) => setTimeout(done, 30));
  // A drawing without a size of its own.
  const width = picture.naturalWidth || 900, height = picture.naturalHeight || 900;
  if (!(await look(picture, width, height, true))) {
    say("There’s no square in this picture that can be read. Take it from straight above, with all of its white rim.", true);
  }
}

const chosen = (files) => [...(files ?? [])].find((file) => file.type.startsWith("image/"));
$("file").addEventListener("change", () => {
  const file = $("file").files[0];
  if (file) openFile(file);
  $("file").value = "";
});
addEventListener("paste", (event) => {
  const file = chosen(event.clipboardData?.files);
  if (file) openFile(file);
});
addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("over");
});
addEventListener("dragleave", () => document.body.classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("over");
  const file = event.dataTransfer.files[0];
  if (file) openFile(file);
});

let film = null;
function endFilm() {
  film?.getTracks().forEach((track) => track.stop());
  film = null;
  $("film").hidden = true;
  $("camera").textContent = "Use the camera";
}
if (navigator.mediaDevices?.getUserMedia) {
  $("camera").hidden = false;
  $("camera").addEventListener("click", async () => {
    if (film) return endFilm();
    try {
      film = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1920 } } });
    } catch {
      return say("The camera can’t be used here. A picture of the square will do.", true);
    }
    const screen = $("film");
    screen.srcObject = film;
    screen.hidden = false;
    $("camera").textContent = "Stop the camera";
    await screen.play();
    while (film) {
      if (screen.videoWidth && (await look(screen, screen.videoWidth, screen.videoHeight, false))) endFilm();
      await new Promise((done) => setTimeout(done, 150));
    }
  });
}

addEventListener("hashchange", fromAddress);
mix();
fromAddress();
