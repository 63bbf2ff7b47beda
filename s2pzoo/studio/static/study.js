// A study: look at a photo, draw it, judge what models made of it. What was answered is kept by the server.
import { api, token, words } from "./api.js";
import { Sheet } from "./canvas.js";
import { blank, History, toData } from "./drawing.js";
import { make } from "./panel.js";

const $ = (id) => document.getElementById(id);
const MEANT = ["not at all", "a little", "in part", "nearly", "exactly"];
const picture = (what, query) => `/api/study/${what}?${new URLSearchParams({ ...query, token })}`;
const send = (what, name, body) => api(`study/${what}`, { method: "POST", body: JSON.stringify(body), query: { name } });
const when = (target, type) => new Promise((then) => target.addEventListener(type, then, { once: true }));
let name = null;

const sheet = new Sheet($("sheet"), new History(), {
  changed() {
    $("done").disabled = blank(sheet.history.marks);
    $("undo").disabled = !sheet.history.past.length;
    $("redo").disabled = !sheet.history.future.length;
  },
});
$("undo").onclick = () => sheet.history.undo() && sheet.refresh();
$("redo").onclick = () => sheet.history.redo() && sheet.refresh();
$("clear").onclick = () => sheet.set([]);
for (const tool of ["pen", "rubber"]) {
  $(tool).onclick = () => {
    sheet.tool = tool;
    for (const one of ["pen", "rubber"]) $(one).setAttribute("aria-pressed", one === tool);
  };
}

function show(step) {
  for (const one of document.querySelectorAll("main > *")) one.hidden = one.id !== step;
  document.documentElement.dataset.step = step;
}

// Whatever fails is said, and done again when it is asked for again.
async function attempt(what) {
  $("said").textContent = "";
  try {
    return await what();
  } catch (error) {
    $("said").textContent = words(error);
    throw error;
  }
}

async function again(button, what) {
  for (;;) {
    await when(button, "click");
    button.disabled = true;
    try {
      return await attempt(what);
    } catch {} finally {
      button.disabled = false;
    }
  }
}

async function look(seconds) {
  show("look");
  $("told").textContent = `You will see it for ${seconds} seconds. Then draw it from memory.`;
  await again($("begin"), async () => {
    $("photo").src = picture("photo", { name });
    await $("photo").decode();
  });
  $("begin").hidden = true;
  $("photo").hidden = false;
  await new Promise((then) => setTimeout(then, 1000 * seconds));
  $("photo").hidden = true;
  $("photo").removeAttribute("src");
  $("begin").hidden = false;
}

async function draw() {
  sheet.history = new History();
  sheet.refresh();
  show("draw");
  return again($("done"), () => {
    $("state").textContent = "the models are at work …";
    return send("drawing", name, toData(sheet.history.marks));
  });
}

const shown = (place, alt) => make("img", { src: picture("made", { name, place }), alt });

async function judge(places) {
  $("made").replaceChildren(...places.map((place) => {
    const choices = MEANT.map((text, index) => make("label", { className: "check" },
      make("input", { type: "radio", name: `meant-${place}`, value: index + 1, required: true }), text));
    const letter = String.fromCharCode(65 + place);
    return make("fieldset", {}, make("legend", { textContent: `Picture ${letter}` }), shown(place, `Picture ${letter}`), ...choices);
  }));
  show("judge");
  const sent = when($("judge"), "submit");
  (await sent).preventDefault();
  const given = new FormData($("judge"));
  return places.map((place) => Number(given.get(`meant-${place}`)));
}

async function compare(places) {
  const better = [];
  show("compare");
  for (const a of places) {
    for (const b of places.slice(places.indexOf(a) + 1)) {
      const sides = Math.random() < 0.5 ? [a, b] : [b, a];
      better.push(await new Promise((then) => {
        $("two").replaceChildren(...sides.map((place, index) => {
          const side = ["left", "right"][index];
          const choose = make("button", { type: "button", className: "go", textContent: `The ${side} one`, data: { place } });
          choose.onclick = () => then([place, place === a ? b : a]);
          return make("figure", {}, shown(place, `The ${side} picture`), choose);
        }));
      }));
    }
  }
  return better;
}

for (;;) {
  let state;
  try {
    state = await attempt(() => api("study"));
  } catch {
    await new Promise((then) => setTimeout(then, 2000));
    continue;
  }
  name = state.photo;
  document.documentElement.dataset.left = state.left;
  if (name === null) break;
  $("state").textContent = `photo ${state.photos - state.left + 1} of ${state.photos}`;
  try {
    if (!state.drawn) await look(state.seconds);
    const { made } = state.drawn ? await attempt(() => send("drawing", name, null)) : await draw();
    $("state").textContent = `photo ${state.photos - state.left + 1} of ${state.photos}`;
    const meant = await judge(made);
    const better = await compare(made);
    await attempt(() => send("answer", name, { meant, better }));
  } catch {
    await new Promise((then) => setTimeout(then, 2000));
  }
}
$("state").textContent = "";
show("end");
