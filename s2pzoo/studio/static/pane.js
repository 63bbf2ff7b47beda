// One photo of the drawing, by one model, and what is made on the way.
import { make } from "./panel.js";

const named = (name) => name.replaceAll("_", " ");

export class Pane {
  // page: {sheet, line, say, seed, describe, listed, offer, under, rested, close, beside}
  constructor(place, page, name, main) {
    Object.assign(this, { page, name, main, model: null, options: {}, photo: null, values: [], sent: null, painting: false });
    this.title = make("h2", { id: `${name.replaceAll(" ", "-")}-title`, textContent: "Photo" });
    this.image = make("img", { className: "photo", alt: "The photo of the drawing" });
    this.image.hidden = true;
    this.hint = make("p", { className: "hint", textContent: "Draw on the sheet, and the photo is here." });
    this.cover = make("canvas", { className: "mask", width: 256, height: 256 });
    this.cover.hidden = true;
    this.time = make("span", { className: "time" });
    this.stages = make("div", { className: "stages" });
    this.halt = make("button", { type: "button", textContent: "Stop", hidden: true });
    this.halt.onclick = () => page.line.stop(this.name, this.model.name);
    const keep = make("button", { type: "button", textContent: "Save photo" });
    keep.onclick = () => this.save();
    this.element = make("section", { className: "pane", data: { pane: name } },
      make("div", { className: "bar" }, this.title, this.time, this.halt, keep, main ? this.adder() : this.closer()),
      make("div", { className: "frame" }, this.image, this.cover, this.hint), this.stages);
    this.element.setAttribute("aria-labelledby", this.title.id);
    place.append(this.element);
    this.listen();
  }

  adder() {
    const add = make("select", { className: "beside" }, new Option("beside …", ""));
    add.setAttribute("aria-label", "Another model beside it");
    add.onfocus = () => add.replaceChildren(new Option("beside …", ""), ...this.page.listed().map(({ name }) => new Option(name, name)));
    add.onchange = () => add.value && this.page.beside(add.value).then(() => (add.value = ""));
    return add;
  }

  closer() {
    const close = make("button", { type: "button", textContent: "×" });
    close.setAttribute("aria-label", "Close this photo");
    close.onclick = () => (this.element.remove(), this.page.close(this));
    return close;
  }

  become(model, options) {
    this.model = model;
    for (const name of Object.keys(this.options)) delete this.options[name];
    Object.assign(this.options, options);
    if (!this.main) this.title.textContent = model.name;
    this.stages.replaceChildren();
    this.values = [];
    this.sent = null;
    if (this.main && model.values.length) this.stages.append(this.asker(model));
    this.image.hidden = true;
    this.time.textContent = "";
    this.photo = null;
    this.hint.hidden = false;
    this.hint.textContent = model.summary || "Draw on the sheet, and the photo is here.";
    if (this.main) this.page.under(null);
    this.draw(true);
  }

  // Which values on the way are to be seen.
  asker(model) {
    const group = make("div", { className: "asked", role: "group" });
    group.setAttribute("aria-label", "On the way");
    for (const value of model.values) {
      const box = make("input", { type: "checkbox" });
      box.onchange = () => {
        this.values = box.checked ? [...this.values, value] : this.values.filter((one) => one !== value);
        if (!box.checked) this.stages.querySelector(`figure[data-value=${value}]`)?.remove();
        this.draw();
      };
      group.append(make("label", { className: "check" }, box, named(value)));
    }
    return group;
  }

  draw(whole = false) {
    if (!this.model) return;
    if (whole) this.sent = null;
    const { sheet, line } = this.page;
    if (sheet.blank && !this.model.blank_ok) {
      this.image.hidden = true;
      this.hint.hidden = false;
      return;
    }
    line.ask(this.name, () => this.request(), (message) => this.heard(message), this.model.searches);
  }

  request() {
    const { sheet, seed } = this.page, { model } = this;
    const bytes = sheet.raster(model.size);
    const same = this.sent && bytes.every((value, index) => value === this.sent[index]);
    this.sent = bytes;
    this.asked = performance.now();
    this.element.dataset.busy = "yes";
    if (this.main) this.page.moved();
    return {
      head: { do: "photo", model: model.name, options: this.options, seed: seed(), values: this.values,
        drawing: same ? null : 0 },
      parts: same ? [] : [bytes],
    };
  }

  heard({ head, parts }) {
    if (head.last) delete this.element.dataset.busy;
    if (head.dropped || head.model !== this.model.name) return; // that of the model before comes late
    if (head.error) {
      this.sent = null;
      return this.page.say(head.error, "photo");
    }
    head.names.forEach((name, index) => {
      const blob = new Blob([parts[index]], { type: "image/png" });
      if (name === this.model.output) this.see(blob, head);
      else this.stage(name, blob);
    });
    this.halt.hidden = !head.step;
    if (this.main && head.last) this.page.rested();
  }

  see(blob, head) {
    URL.revokeObjectURL(this.image.src);
    this.photo = blob;
    this.image.src = URL.createObjectURL(blob);
    this.image.hidden = false;
    this.hint.hidden = true;
    this.image.dataset.number = Number(this.image.dataset.number ?? 0) + 1;
    this.time.textContent = head.step ? `step ${head.step}` : `${Math.round(performance.now() - this.asked)} ms`;
    this.page.say(head.notes?.length ? head.notes.join(", ") : null, "photo");
  }

  stage(name, blob) {
    let figure = this.stages.querySelector(`figure[data-value=${name}]`);
    if (!figure) {
      figure = make("figure", { data: { value: name } }, make("img", { alt: named(name) }), make("figcaption", { textContent: named(name) }));
      this.stages.append(figure);
    }
    const image = figure.querySelector("img");
    URL.revokeObjectURL(image.src);
    image.src = URL.createObjectURL(blob);
  }

  save() {
    if (this.photo) this.page.offer(this.photo, `${this.model.name}.png`);
  }

  // A mask painted on the photo: white is what is to be filled.

  listen() {
    const context = this.cover.getContext("2d");
    let last = null;
    const place = (event) => {
      const seen = this.cover.getBoundingClientRect();
      return [((event.clientX - seen.left) / seen.width) * 256, ((event.clientY - seen.top) / seen.height) * 256];
    };
    this.cover.onpointerdown = (event) => {
      this.cover.setPointerCapture(event.pointerId);
      last = place(event);
      this.cover.onpointermove(event);
    };
    this.cover.onpointermove = (event) => {
      if (!last) return;
      const next = place(event);
      Object.assign(context, { lineWidth: 28, lineCap: "round", strokeStyle: "#fff" });
      context.beginPath();
      context.moveTo(...last);
      context.lineTo(next[0] + 0.01, next[1]);
      context.stroke();
      last = next;
    };
    this.cover.onpointerup = this.cover.onpointercancel = () => (last = null);
  }

  paint() {
    this.painting = !this.painting;
    this.cover.hidden = !this.painting;
    if (!this.painting) this.cover.getContext("2d").clearRect(0, 0, 256, 256);
    return this.painting;
  }

  // As large as the photo, or null where nothing is painted.
  async mask() {
    if (!this.painting) return null;
    const side = this.image.naturalWidth || 256, canvas = new OffscreenCanvas(side, side), context = canvas.getContext("2d");
    context.fillStyle = "#000";
    context.fillRect(0, 0, side, side);
    context.drawImage(this.cover, 0, 0, side, side);
    return canvas.convertToBlob();
  }
}
