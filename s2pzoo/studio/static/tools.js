// Tools as they are declared: their inputs become pickers, their options controls, what they give pictures. None is known
// by name here.
import { upload } from "./api.js";
import { controls, make } from "./panel.js";

const named = (name) => name.replaceAll("_", " ");

// One card for a tool. `page`: {ask(tool, asked, answer), drawings(): [[name, raster]], pictures(): [[name, blob]],
// mask(): blob or null, paint(on), use(blob), said(error)}
export function card(tool, page) {
  const own = {}, inputs = {}, shown = make("div", { className: "results" });
  const id = `tool-${tool.name}`;
  let moment = 0.5;
  const form = make("form", {});
  for (const [index, input] of tool.inputs.entries()) {
    if (index === 0 && ["drawing", "drawings"].includes(input.kind)) continue; // what is on the sheet
    if (input.kind === "parts") form.append(...parts(input, inputs, page, id));
    else if (input.kind === "drawing") form.append(drawing(input, inputs, page, `${id}-${input.name}`));
    else if (input.kind === "mask") form.append(mask(input, inputs, page));
    else if (["photo", "photos"].includes(input.kind)) form.append(photo(input, inputs, page, `${id}-${input.name}`));
  }
  form.append(controls(tool.options, own, { told: () => {}, pictures: page.pictures, prefix: id }));
  const go = make("button", { className: "go", textContent: named(tool.name) });
  form.append(go);
  const run = async () => {
    try {
      const { given, blobs } = await gathered(inputs);
      go.disabled = true;
      page.ask(tool, { own, inputs: given, t: moment }, blobs, ({ head, parts: made }) => {
        if (head.error) page.said(head.error);
        if (head.names.length) show(shown, head.names, made, page, tool);
        if (head.last) go.disabled = false;
      });
    } catch (error) {
      page.said(error);
      go.disabled = false;
    }
  };
  form.onsubmit = (event) => (event.preventDefault(), run());
  if (tool.gives === "animation") {
    const range = make("input", { type: "range", id: `${id}-t`, min: 0, max: 1, step: 0.02, value: moment });
    range.oninput = () => ((moment = Number(range.value)), run());
    form.append(make("div", { className: "control slim" }, make("label", { htmlFor: range.id, textContent: "from first to last" }), range));
  }
  return make("details", { className: "tool", data: { tool: tool.name } },
    make("summary", { textContent: named(tool.name) }), make("p", { className: "help", textContent: tool.summary }), form, shown);
}

// Inputs as the server wants them: drawings as parts of the message, pictures by their names.
async function gathered(inputs) {
  const given = {}, blobs = [];
  for (const [name, get] of Object.entries(inputs)) {
    const value = await get();
    if (value === null) continue;
    given[name] = value instanceof Uint8Array ? blobs.push(value) : (await upload(value)).picture; // 0 is the sheet
  }
  return { given, blobs };
}

function choice(label, id, list, first) {
  const select = make("select", { id });
  const fill = () => {
    const held = select.value;
    select.replaceChildren(...(first ? [new Option(first, "")] : []), ...list().map(([name], index) => new Option(name, index)));
    if ([...select.options].some((option) => option.value === held)) select.value = held;
  };
  fill();
  select.onfocus = fill;
  return [make("label", { htmlFor: id, textContent: label }), select];
}

function drawing(input, inputs, page, id, first = "") {
  const [label, select] = choice(named(input.name), id, page.drawings, first);
  inputs[input.name] = () => (select.value === "" ? null : page.drawings()[select.value][1]());
  const help = input.help ? make("p", { className: "help", textContent: input.help }) : null;
  return make("div", { className: "control" }, label, select, help);
}

function parts(input, inputs, page, id) {
  return input.names.map((name) => {
    const last = name === "remainder" || name === input.names.at(-1);
    return drawing({ name, help: "" }, inputs, page, `${id}-${name}`, last ? "" : "the same");
  });
}

function photo(input, inputs, page, id) {
  const file = make("input", { type: "file", accept: "image/*", id: `${id}-file` });
  const [label, select] = choice(named(input.name), id, page.pictures, "a file:");
  if (page.pictures().length) select.value = "0";
  file.setAttribute("aria-label", `${named(input.name)}, a file`);
  file.onchange = () => (select.value = "");
  inputs[input.name] = () => (select.value !== "" ? page.pictures()[select.value][1] : (file.files[0] ?? null));
  return make("div", { className: "control" }, label, select, file, make("p", { className: "help", textContent: input.help }));
}

function mask(input, inputs, page) {
  const paint = make("button", { type: "button", textContent: "Paint it on the photo" });
  paint.setAttribute("aria-pressed", "false");
  paint.onclick = () => paint.setAttribute("aria-pressed", page.paint());
  inputs[input.name] = () => page.mask();
  return make("div", { className: "control" }, paint, make("p", { className: "help", textContent: input.help }));
}

function show(place, names, made, page, tool) {
  place.dataset.number = Number(place.dataset.number ?? 0) + 1;
  place.replaceChildren(...made.map((bytes, index) => {
    const blob = new Blob([bytes], { type: "image/png" }), url = URL.createObjectURL(blob);
    const save = make("a", { href: url, download: `${tool.name}${made.length > 1 ? `-${index + 1}` : ""}.png`, textContent: "Save" });
    const use = make("button", { type: "button", textContent: "Draw on it" });
    use.onclick = () => page.use(blob, tool.name);
    return make("figure", {}, make("img", { src: url, alt: `${named(names[index])} ${made.length > 1 ? index + 1 : ""}` }),
      make("figcaption", {}, save, use));
  }));
}
