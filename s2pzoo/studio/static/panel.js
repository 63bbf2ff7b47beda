// Controls for options as they are declared: a slider for a number with bounds, a list for choices, and so on. What nobody
// touched is not told, so that a model does what is usual with it.
import { upload } from "./api.js";

export const make = (tag, props = {}, ...children) => {
  const { data, ...more } = props;
  const element = Object.assign(document.createElement(tag), more);
  Object.assign(element.dataset, data);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
};

const named = (name) => name.replaceAll("_", " ");

// A group of controls; `values` is changed in place, `told()` hears of it. pictures() gives [label, blob] to choose from.
export function controls(options, values, { told, pictures, prefix = "option" }) {
  const [usual, rare] = [options.filter((one) => !one.expert), options.filter((one) => one.expert)];
  const build = (option) => control(option, values, { told, pictures, id: `${prefix}-${option.name}` });
  const group = make("div", { className: "controls" }, ...usual.map(build));
  if (rare.length) {
    const more = make("details", {}, make("summary", { textContent: "More options" }), ...rare.map(build));
    group.append(more);
  }
  return group;
}

function control(option, values, how) {
  const put = (value) => {
    if (value === null || value === undefined || value === "") delete values[option.name];
    else values[option.name] = value;
    how.told();
  };
  if (option.type === "mapping") return sliders(option, values, how);
  const held = values[option.name];
  if (option.type === "bool") {
    const box = make("input", { type: "checkbox", id: how.id, checked: held ?? option.default ?? false });
    box.onchange = () => put(box.checked);
    return labelled(option, how.id, box);
  }
  if (option.choices) {
    const list = make("select", { id: how.id }, ...option.choices.map((one) => new Option(named(String(one)), one)));
    list.value = held ?? option.default;
    list.onchange = () => put(list.value === option.default ? null : list.value);
    return labelled(option, how.id, list);
  }
  if (option.type === "path") return picker(option, held, put, how);
  if (option.form === "colour") return colour(option, held, put, how);
  if (option.type === "float" && option.low !== null && option.high !== null) {
    return labelled(option, how.id, ...slider(how.id, option, held ?? null, option.default, put));
  }
  const number = option.type !== "str";
  const text = make("input", {
    id: how.id, type: number ? "number" : "text", value: held ?? "", placeholder: option.default ?? "",
    ...(number ? { min: option.low ?? "", max: option.high ?? "", step: option.type === "int" ? 1 : "any" } : {}),
  });
  text.oninput = () => put(text.value === "" ? null : number ? Number(text.value) : text.value);
  return labelled(option, how.id, text);
}

function labelled(option, id, ...parts) {
  const help = make("p", { className: "help", id: `${id}-help`, textContent: option.help });
  parts[0].setAttribute("aria-describedby", help.id);
  return make("div", { className: "control", data: { option: option.name } },
    make("label", { htmlFor: id, textContent: named(option.name) }), ...parts, help);
}

// [range, output with a button that puts it back]
function slider(id, { low, high, name }, held, usual, put) {
  const middle = usual ?? (low + high) / 2;
  const range = make("input", { type: "range", id, min: low, max: high, step: (high - low) / 100, value: held ?? middle });
  const shown = make("output", { htmlFor: id });
  const back = make("button", { type: "button", className: "back", textContent: "↺" });
  back.setAttribute("aria-label", `${named(name)} as usual`);
  const tell = (value) => {
    shown.textContent = value === null ? "usual" : Number(value).toFixed(2);
    back.disabled = value === null;
  };
  range.oninput = () => (tell(range.value), put(Number(range.value)));
  back.onclick = () => ((range.value = middle), tell(null), put(null));
  tell(held);
  return [range, make("span", { className: "value" }, shown, back)];
}

function sliders(option, values, { told, id }) {
  const group = make("fieldset", { data: { option: option.name } }, make("legend", { textContent: named(option.name) }),
    make("p", { className: "help", textContent: option.help }));
  const [low, high] = [option.low ?? 0, option.high ?? 1];
  for (const key of option.keys ?? []) {
    const put = (value) => {
      const held = { ...values[option.name] };
      if (value === null) delete held[key];
      else held[key] = value;
      if (Object.keys(held).length) values[option.name] = held;
      else delete values[option.name];
      told();
    };
    const held = values[option.name]?.[key] ?? null, one = `${id}-${key}`;
    const parts = slider(one, { low, high, name: key }, held, low < 0 ? 0 : null, put);
    group.append(make("div", { className: "control slim" }, make("label", { htmlFor: one, textContent: named(key) }), ...parts));
  }
  return group;
}

const PALETTE = [
  ["black", "#20201f"], ["brown", "#7a4a2b"], ["tan", "#c9a06b"], ["red", "#b3262e"], ["orange", "#d9772b"],
  ["yellow", "#e0bd3f"], ["green", "#4f7f43"], ["blue", "#34659b"], ["violet", "#71508f"], ["white", "#f2efe8"],
];

function colour(option, held, put, { id }) {
  const any = make("input", { type: "color", id, value: held || "#7a4a2b" });
  const group = make("div", { className: "swatches", role: "group" });
  group.setAttribute("aria-label", named(option.name));
  const choose = (value, button) => {
    for (const one of group.children) one.setAttribute("aria-pressed", one === button);
    put(value);
  };
  const swatch = (name, value) => {
    const button = make("button", { type: "button", className: "swatch", title: name });
    button.setAttribute("aria-label", name);
    button.setAttribute("aria-pressed", (held ?? null) === value);
    if (value) button.style.backgroundColor = value;
    button.onclick = () => choose(value, button);
    return button;
  };
  group.append(swatch("as usual", null), ...PALETTE.map(([name, value]) => swatch(name, value)));
  any.oninput = () => choose(any.value, null);
  return labelled(option, id, any, group);
}

// A picture of this machine, or one that is on the page.
function picker(option, held, put, { id, pictures }) {
  const file = make("input", { type: "file", accept: "image/*", id });
  const shown = make("div", { className: "pictures" });
  const choose = async (blob) => {
    try {
      const { picture } = await upload(blob);
      shown.querySelector("img")?.remove();
      shown.prepend(make("img", { src: URL.createObjectURL(blob), alt: `chosen ${named(option.name)}` }));
      put(picture);
    } catch (error) {
      document.dispatchEvent(new CustomEvent("said", { detail: error }));
    }
  };
  file.onchange = () => file.files[0] && choose(file.files[0]);
  const own = make("select", {}, new Option("on this page …", ""));
  own.setAttribute("aria-label", `${named(option.name)}, from this page`);
  own.onfocus = () => own.replaceChildren(new Option("on this page …", ""), ...pictures().map(([name], i) => new Option(name, i)));
  own.onchange = () => own.value !== "" && choose(pictures()[own.value][1]);
  const none = make("button", { type: "button", textContent: "none" });
  none.setAttribute("aria-label", `no ${named(option.name)}`);
  none.onclick = () => (shown.querySelector("img")?.remove(), (file.value = ""), put(null));
  if (held) put(held);
  shown.append(own, none);
  return labelled(option, id, file, shown);
}
