// The page: what is drawn goes out, photos come in.
import { api, read, token, words } from "./api.js";
import { Sheet } from "./canvas.js";
import { History, fromData, inkOf, onPaper, toData, toSVG, WIDTH } from "./drawing.js";
import { Line } from "./live.js";
import { Pane } from "./pane.js";
import { controls, make } from "./panel.js";
import * as store from "./store.js";
import { card } from "./tools.js";

const $ = (id) => document.getElementById(id);
const known = new Map(); // model -> what is declared of it
const REST = 150; // milliseconds without a new photo, after which the guide is made
let listed = [], model = null, panes = [], id = null, underURL = "";

// What goes wrong is said, and goes away when something goes right; a photo takes away what was said of photos alone.
function say(error, about = "page") {
  if (!error && about === "photo" && $("said").dataset.about !== "photo") return;
  $("said").dataset.about = about;
  $("said").textContent = error ? words(error) : "";
}
document.addEventListener("said", ({ detail }) => say(detail));

// The drawing

const sheet = new Sheet($("sheet"), new History(), {
  changed(final) {
    for (const pane of panes) pane.draw();
    if (final) keep();
    $("undo").disabled = !sheet.history.past.length;
    $("redo").disabled = !sheet.history.future.length;
  },
});

let saving;
function keep(now = false) {
  clearTimeout(saving);
  const write = () => {
    if (!id) return;
    const fine = store.save(id, { marks: sheet.history.marks, model: model?.name, thumb: onPaper(sheet.history.marks, 72).toDataURL() });
    if (!fine) say({ what: "The browser's storage is full.", fix: "Save drawings as files, and delete some below." });
    strip();
  };
  if (now) write();
  else saving = setTimeout(write, 80);
}

async function show(next, drawing) {
  if (id) keep(true);
  if (!(await store.claim(next))) {
    say({ what: "This drawing is open in another tab.", fix: "Here is a new sheet." });
    next = store.fresh();
    drawing = null;
    await store.claim(next);
  }
  id = next;
  store.set("last", id);
  sheet.history = new History(drawing?.marks ?? []);
  sheet.refresh();
  if (drawing?.model && drawing.model !== model?.name && listed.some(({ name }) => name === drawing.model)) await choose(drawing.model);
}

function strip() {
  $("drawings").replaceChildren(...store.all().filter(([, one]) => one.marks?.length).map(([key, one], index) => {
    const open = make("button", { type: "button", className: "thumb" }, make("img", { src: one.thumb, alt: "" }));
    open.setAttribute("aria-label", `Drawing ${index + 1}, ${new Date(one.when).toLocaleString()}`);
    if (key === id) open.setAttribute("aria-current", "true");
    open.onclick = () => key !== id && show(key, one);
    const remove = make("button", { type: "button", className: "remove", textContent: "×" });
    remove.setAttribute("aria-label", `Delete drawing ${index + 1}`);
    remove.onclick = () => {
      store.remove(key);
      if (key === id) show(store.fresh(), null).then(strip);
      else strip();
    };
    return make("li", {}, open, remove);
  }));
}

// Models

async function description(name) {
  if (!known.has(name)) known.set(name, await api(`models/${encodeURIComponent(name)}`));
  return known.get(name);
}

async function choose(name) {
  $("model").value = name;
  $("state").textContent = `loading ${name} …`;
  try {
    model = await description(name);
  } catch (error) {
    $("state").textContent = "";
    return say(error);
  }
  $("state").textContent = "";
  store.set("model", name);
  panes[0].become(model, store.setting(`options:${name}`, {}));
  panel();
  guides();
  keep();
}

function panel() {
  const values = panes[0].options;
  const told = () => (store.set(`options:${model.name}`, withoutPictures(values)), panes[0].draw());
  $("options").replaceChildren(controls(model.options, values, { told, pictures }));
  if (!model.options.length) $("options").replaceChildren(make("p", { className: "help", textContent: "This model has none." }));
  const cards = model.tools.filter((tool) => !tool.under).map((tool) => card(tool, page));
  $("tools").replaceChildren(...(cards.length ? cards : [make("p", { className: "help", textContent: "This model has none." })]));
  const guided = model.tools.some((tool) => tool.under);
  document.querySelector(".under-bar").hidden = !model.frame && !guided;
  $("opacity").parentElement.hidden = !guided;
}

function withoutPictures(values) {
  const paths = model.options.filter(({ type }) => type === "path").map(({ name }) => name);
  return Object.fromEntries(Object.entries(values).filter(([name]) => !paths.includes(name)));
}

// Where what is drawn belongs, faintly on the sheet.
function guides() {
  const place = document.querySelector(".guides");
  place.replaceChildren();
  const frame = $("guides").checked && model.frame;
  if (!frame) return;
  const shape = (name, values) => {
    const one = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(values)) one.setAttribute(key, value);
    place.append(one);
  };
  const [x0, y0, x1, y1] = frame.box;
  shape("rect", { x: x0, y: y0, width: x1 - x0, height: y1 - y0, rx: 0.02 });
  for (const [x, y] of Object.values(frame.points).flat()) shape("circle", { cx: x, cy: y, r: 0.02 });
}

// The guide under the drawing is asked for when nothing has moved for a moment: it holds no photo back.
let resting = 0;
function rested() {
  const tool = model.tools.find((one) => one.under);
  if (!tool) return;
  clearTimeout(resting);
  const made = () => asking(tool, { under: true }, []);
  const heard = ({ head, parts }) => {
    if (head.dropped) rested();
    if (parts.length && head.model === model.name) under(parts[0]);
  };
  resting = setTimeout(() => line.ask("under", made, heard), REST);
}

function under(bytes) {
  const image = document.querySelector(".under");
  URL.revokeObjectURL(underURL);
  underURL = bytes ? URL.createObjectURL(new Blob([bytes], { type: "image/png" })) : "";
  image.hidden = !bytes;
  if (bytes) image.src = underURL;
  image.style.opacity = $("opacity").value;
}

// What panes and tools need of the page

const pictures = () => panes.filter((pane) => pane.photo).map((pane) => [`the photo of ${pane.model.name}`, pane.photo]);
const others = () => [["the sheet", () => sheet.raster(model.size)], ...store.all().filter(([key, one]) => key !== id && one.marks?.length)
  .map(([, one], index) => [`drawing ${index + 2}`, () => inkOf(one.marks, model.size)])];

const asking = (tool, asked, blobs) => ({
  head: { ...asked, do: tool.name, model: model.name, options: panes[0].options, seed: shared.seed(), drawing: 0 },
  parts: [sheet.raster(model.size), ...blobs],
});

const page = {
  drawings: others, pictures, said: say,
  mask: () => panes[0].mask(),
  paint: () => panes[0].paint(),
  ask(tool, asked, blobs, answer) {
    say(null);
    line.ask(`tool ${tool.name}`, () => asking(tool, asked, blobs), answer);
  },
  use: (blob, name) => bring(new File([blob], `${name}.png`)),
};

async function bring(file) {
  try {
    const told = await read(file, model.name);
    const marks = told.strokes ? fromData(told.strokes) : [{ picture: told.picture, at: [1, 0, 0, 1, 0, 0] }];
    if (sheet.history.marks.length) await show(store.fresh(), null);
    sheet.set(marks);
    say(told.notes.length ? `${file.name}: ${told.notes.join(", ")}` : null);
  } catch (error) {
    say(error);
  }
}

function offer(blob, name) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function save(kind) {
  if (kind === "json") offer(new Blob([JSON.stringify(toData(sheet.history.marks))], { type: "application/json" }), "drawing.json");
  if (kind === "svg") offer(new Blob([toSVG(sheet.history.marks)], { type: "image/svg+xml" }), "drawing.svg");
  if (kind === "png") onPaper(sheet.history.marks, 1024).toBlob((blob) => offer(blob, "drawing.png"));
}

// The line

let lost = false;
const line = new Line(token, (state, reason) => {
  $("state").dataset.state = state;
  if (state === "open") {
    $("state").textContent = lost ? "connected again" : "";
    lost = false;
    for (const pane of panes) pane.draw(true);
  } else {
    lost = true;
    $("state").textContent = state === "refused" ? reason : "The server is gone. Draw on: it is looked for.";
  }
});

const shared = {
  sheet, line, say, seed: () => Number($("seed").value) || 0, describe: description, listed: () => listed, offer,
  under, rested, moved: () => clearTimeout(resting),
  close(pane) {
    panes = panes.filter((one) => one !== pane);
    store.set("beside", panes.slice(1).map((one) => one.model.name));
  },
  async beside(name) {
    const pane = new Pane($("panes"), shared, `pane ${Math.random().toString(36).slice(2, 8)}`, false);
    panes.push(pane);
    pane.become(await description(name), {});
    store.set("beside", panes.slice(1).map((one) => one.model.name));
  },
};
panes = [new Pane($("panes"), shared, "main", true)];

// Buttons and keys

function take(tool) {
  sheet.tool = tool;
  for (const button of document.querySelectorAll("nav [data-tool]")) {
    button.setAttribute("aria-checked", button.dataset.tool === tool);
    button.tabIndex = button.dataset.tool === tool ? 0 : -1;
  }
  $("sheet").dataset.with = tool;
  sheet.showHandles();
}

function width(value) {
  $("width").value = value;
  sheet.width = Number($("width").value) / 256;
  store.set("width", Number($("width").value));
}

const step = (ok) => ok && sheet.refresh();
const does = {
  undo: () => step(sheet.history.undo()),
  redo: () => step(sheet.history.redo()),
  clear: () => sheet.history.marks.length && sheet.set([]),
  mirror: () => $("mirror").setAttribute("aria-pressed", sheet.mirror()),
  closer: () => sheet.zoom(1.25),
  farther: () => sheet.zoom(0.8),
  whole: () => sheet.whole(),
  open: () => $("file").click(),
  new: () => show(store.fresh(), null).then(strip),
  copy: async () => {
    const marks = sheet.history.marks;
    await show(store.fresh(), { marks });
    keep(true);
  },
  help: () => $("keys").showModal(),
  theme: () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"),
};
for (const [name, act] of Object.entries(does)) $(name).onclick = act;

function theme(name) {
  document.documentElement.dataset.theme = name;
  store.set("theme", name);
}

for (const button of document.querySelectorAll("nav [data-tool]")) {
  button.onclick = () => take(button.dataset.tool);
  button.onkeydown = (event) => {
    const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!way) return;
    event.preventDefault();
    const all = [...document.querySelectorAll("nav [data-tool]")];
    const next = all[(all.indexOf(button) + way + all.length) % all.length];
    take(next.dataset.tool);
    next.focus();
  };
}
$("sheet").addEventListener("pointerdown", () => say(null));
$("width").oninput = () => width($("width").value);
$("opacity").oninput = () => (document.querySelector(".under").style.opacity = $("opacity").value);
$("guides").onchange = guides;
$("seed").onchange = () => panes.forEach((pane) => pane.draw());
$("model").onchange = () => choose($("model").value);
$("file").onchange = () => $("file").files[0] && bring($("file").files[0]).then(() => ($("file").value = ""));
$("export").onchange = () => (save($("export").value), ($("export").value = ""));

const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
addEventListener("keydown", (event) => {
  const typing = event.target.closest("input:not([type=range]):not([type=checkbox]), select, textarea");
  const command = event.ctrlKey || event.metaKey, key = event.key.toLowerCase();
  const act = command
    ? { z: event.shiftKey ? does.redo : does.undo, y: does.redo, o: does.open, s: () => panes[0].save() }[key]
    : !typing && { p: () => take("pen"), e: () => take("rubber"), x: () => take("eraser"), m: () => take("move"),
        h: does.mirror, "+": does.closer, "-": does.farther, 0: does.whole, "?": does.help,
        "[": () => width(Number($("width").value) - 0.5), "]": () => width(Number($("width").value) + 0.5) }[key];
  if (act && !(typing && command && "zy".includes(key))) {
    event.preventDefault();
    return void act();
  }
  if (event.target !== $("sheet") || command) return;
  const by = event.shiftKey ? 0.05 : 0.01;
  const how = moves[event.key]
    ? { dx: moves[event.key][0] * by, dy: moves[event.key][1] * by }
    : { "<": { scale: 1 / 1.05 }, ">": { scale: 1.05 }, ",": { angle: -0.05 }, ".": { angle: 0.05 } }[event.key];
  if (how) {
    event.preventDefault();
    sheet.transform(how);
  }
});

addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files[0]) bring(event.dataTransfer.files[0]);
});
addEventListener("paste", (event) => {
  const file = [...event.clipboardData.files][0];
  const text = event.clipboardData.getData("text/plain").trim();
  if (file) bring(file);
  else if (text.startsWith("<svg") || text.startsWith("{") || text.startsWith("[")) bring(new File([text], text[0] === "<" ? "pasted.svg" : "pasted.json"));
});
addEventListener("pagehide", () => keep(true));

// Begin

theme(store.setting("theme", matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"));
take("pen");
width(store.setting("width", WIDTH * 256));
try {
  const told = await api("models");
  listed = told.models;
  $("model").replaceChildren(...listed.map(({ name }) => new Option(name, name)));
  const last = store.setting("last", null), drawing = last && store.load(last);
  const asked = store.setting("begun", "") !== token && told.asked; // of the command line: once for each studio
  store.set("begun", token);
  const wanted = [asked, drawing?.model, store.setting("model", "")].find((name) => listed.some((one) => one.name === name));
  await choose(wanted ?? told.usual);
  await show(last ?? store.fresh(), drawing && { ...drawing, model: model?.name });
  for (const name of store.setting("beside", [])) if (listed.some((one) => one.name === name)) await shared.beside(name);
} catch (error) {
  say(error);
  if (!id) await show(store.fresh(), null);
}
strip();
document.documentElement.dataset.ready = "yes";
