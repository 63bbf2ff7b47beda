// The sheet: what is drawn on it, by which pointer, and how it is seen. A finger that rests beside a stylus draws nothing.
import { blank, box, bytesOf, change, changed, paint, without } from "./drawing.js";

const SIDE = 1024; // of the canvas in pixels
const RUBBED = 0.012; // radius of the eraser, of the side
const PEN_LATELY = 2000; // ms after a stylus in which fingers do not draw

export class Sheet {
  // element: the frame, with a canvas, an image for what lies under it, and an svg for guides and handles in it.
  // on: {changed(final)}
  constructor(element, history, on) {
    this.frame = element;
    this.board = element.querySelector(".board");
    this.canvas = element.querySelector("canvas");
    this.handles = element.querySelector(".handles");
    this.history = history;
    this.on = on;
    this.canvas.width = this.canvas.height = SIDE;
    this.context = this.canvas.getContext("2d");
    this.kept = new OffscreenCanvas(SIDE, SIDE); // finished marks, painted once
    this.small = null; // the same at a model's size
    this.tool = "pen"; // pen, rubber (parts), eraser (strokes), move
    this.width = 1 / 128;
    this.now = null; // the stroke that is being drawn
    this.moved = null; // {from, matrix} of the whole drawing, being moved
    this.view = { zoom: 1, x: 0, y: 0, mirror: false };
    this.pointers = new Map();
    this.stylus = -Infinity;
    this.listen();
  }

  get marks() {
    const marks = this.moved ? changed(this.history.marks, this.moved.matrix) : this.history.marks;
    return this.now ? [...marks, this.now] : marks;
  }

  // A new state of the drawing.
  set(marks, final = true) {
    if (this.history.set(marks)) this.refresh(final);
  }

  refresh(final = true) {
    this.small = null;
    const context = this.kept.getContext("2d");
    context.clearRect(0, 0, SIDE, SIDE);
    paint(context, this.moved ? this.marks : this.history.marks, SIDE, () => this.refresh());
    this.show();
    this.on.changed(final);
  }

  show() {
    const context = this.context;
    context.clearRect(0, 0, SIDE, SIDE);
    context.drawImage(this.kept, 0, 0);
    if (this.now) paint(context, [this.now], SIDE);
    this.showHandles();
  }

  // The drawing as a square of bytes, 255 is paper.
  raster(size) {
    if (this.small?.size !== size) {
      const canvas = new OffscreenCanvas(size, size);
      paint(canvas.getContext("2d"), this.moved ? this.marks : this.history.marks, size);
      this.small = { size, canvas, seen: new OffscreenCanvas(size, size) };
    }
    const context = this.small.seen.getContext("2d", { willReadFrequently: true });
    context.clearRect(0, 0, size, size);
    context.drawImage(this.small.canvas, 0, 0);
    if (this.now) paint(context, [this.now], size);
    return bytesOf(context, size);
  }

  get blank() {
    return blank(this.marks);
  }

  // Pointers

  place({ clientX, clientY }) {
    const seen = this.canvas.getBoundingClientRect();
    const x = (clientX - seen.left) / seen.width, y = (clientY - seen.top) / seen.height;
    return [this.view.mirror ? 1 - x : x, y];
  }

  draws(event) {
    if (event.pointerType === "pen") this.stylus = performance.now();
    if (event.pointerType === "touch" && performance.now() - this.stylus < PEN_LATELY) return false;
    return event.button === 0 || event.button === 5 || event.pointerType === "touch";
  }

  listen() {
    const frame = this.frame;
    frame.addEventListener("pointerdown", (event) => this.down(event));
    frame.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) frame.addEventListener(name, (event) => this.up(event));
    frame.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    frame.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  down(event) {
    if (event.target.closest("button, input, select, label")) return;
    if (event.pointerType === "touch") {
      this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
      if (this.pointers.size === 2) return this.pinch();
    }
    if (event.button === 1) return this.pan(event);
    if (!this.draws(event) || this.pinching || this.id !== undefined) return;
    event.preventDefault();
    this.frame.focus({ preventScroll: true });
    this.frame.setPointerCapture(event.pointerId);
    this.id = event.pointerId;
    const [x, y] = this.place(event);
    const tool = event.button === 5 ? "rubber" : this.tool; // 5: the other end of a stylus
    this.doing = event.target.dataset?.handle ?? tool;
    if (this.doing === "pen" || this.doing === "rubber") {
      const erase = this.doing === "rubber", pen = event.pointerType === "pen" && !erase;
      this.now = { points: [], width: erase ? this.width * 4 : this.width, pen, erase, drawn: true };
      this.add(event);
    } else if (this.doing === "eraser") {
      this.before = this.history.marks;
      this.last = [x, y];
      this.rub(x, y);
    } else if (box(this.history.marks)) {
      this.moved = { from: [x, y], matrix: [1, 0, 0, 1, 0, 0], box: box(this.history.marks) };
    }
  }

  move(event) {
    if (this.pointers.has(event.pointerId)) {
      this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
      if (this.pinching) return this.pinch();
    }
    if (this.panning) {
      this.view.x = event.clientX - this.panning[0];
      this.view.y = event.clientY - this.panning[1];
      return this.look();
    }
    if (event.pointerId !== this.id) return;
    if (this.now) return this.add(event);
    const [x, y] = this.place(event);
    if (this.doing === "eraser") return this.rub(x, y);
    if (this.moved) this.drag(x, y);
  }

  up(event) {
    this.pointers.delete(event.pointerId);
    if (!this.pointers.size) this.pinching = null;
    if (this.panning) return void (this.panning = null);
    if (event.pointerId !== this.id) return;
    this.id = undefined;
    const { now, moved } = this;
    this.now = this.moved = null;
    if (now) this.set([...this.history.marks, now]);
    else if (moved) this.set(changed(this.history.marks, moved.matrix));
    else if (this.doing === "eraser" && this.before !== this.history.marks) {
      const marks = this.history.marks; // one step of undo for all that one sweep took
      this.history.marks = this.before;
      this.set(marks);
    }
    this.doing = null;
  }

  add(event) {
    const some = event.getCoalescedEvents?.() ?? [];
    const points = [...this.now.points];
    for (const one of some.length ? some : [event]) {
      const [x, y] = this.place(one), last = points.at(-1);
      if (last && last[0] === x && last[1] === y) continue;
      points.push([x, y, one.pressure || 0.5]);
    }
    this.now = { ...this.now, points };
    this.show();
    this.on.changed(false);
  }

  // From where the eraser was last to here.
  rub(x, y) {
    const [fx, fy] = this.last, steps = Math.ceil(Math.hypot(x - fx, y - fy) / RUBBED) || 1;
    let left = this.history.marks;
    for (let step = 1; step <= steps; step++) {
      left = without(left, fx + ((x - fx) * step) / steps, fy + ((y - fy) * step) / steps, RUBBED);
    }
    this.last = [x, y];
    if (left === this.history.marks) return;
    this.history.marks = left;
    this.refresh(false);
  }

  drag(x, y) {
    const [left, top, right, bottom] = this.moved.box, [fx, fy] = this.moved.from;
    const cx = (left + right) / 2, cy = (top + bottom) / 2;
    const far = Math.hypot(x - cx, y - cy) / (Math.hypot(fx - cx, fy - cy) || 1);
    const how = {
      move: { dx: x - fx, dy: y - fy },
      scale: { x: cx, y: cy, scale: Math.min(20, Math.max(0.05, far)) },
      turn: { x: cx, y: cy, angle: Math.atan2(y - cy, x - cx) - Math.atan2(fy - cy, fx - cx) },
    }[this.doing];
    if (!how) return;
    this.moved = { ...this.moved, matrix: change(how) };
    this.refresh(false);
  }

  // The whole drawing moved, scaled or turned about its middle, by keys and buttons.
  transform(how) {
    const around = box(this.history.marks);
    if (!around) return;
    const [left, top, right, bottom] = around;
    this.set(changed(this.history.marks, change({ x: (left + right) / 2, y: (top + bottom) / 2, ...how })));
  }

  showHandles() {
    const around = this.tool === "move" && box(this.marks);
    this.handles.toggleAttribute("hidden", !around);
    if (!around) return;
    const [left, top, right, bottom] = around;
    const set = (name, values) => {
      const one = this.handles.querySelector(name);
      for (const [key, value] of Object.entries(values)) one.setAttribute(key, value);
    };
    set("rect", { x: left, y: top, width: right - left, height: bottom - top });
    set("[data-handle=scale]", { cx: right, cy: bottom });
    set("[data-handle=turn]", { cx: (left + right) / 2, cy: Math.max(0.02, top - 0.04) });
  }

  // The view

  look() {
    const { zoom, x, y, mirror } = this.view;
    this.board.style.transform = `translate(${x}px, ${y}px) scale(${mirror ? -zoom : zoom}, ${zoom})`;
  }

  zoom(factor, at) {
    const seen = this.frame.getBoundingClientRect();
    const [px, py] = at ?? [seen.left + seen.width / 2, seen.top + seen.height / 2];
    const x = px - seen.left - seen.width / 2, y = py - seen.top - seen.height / 2;
    const zoom = Math.min(8, Math.max(0.5, this.view.zoom * factor)), ratio = zoom / this.view.zoom;
    Object.assign(this.view, { zoom, x: x - (x - this.view.x) * ratio, y: y - (y - this.view.y) * ratio });
    this.look();
  }

  whole() {
    Object.assign(this.view, { zoom: 1, x: 0, y: 0 });
    this.look();
  }

  mirror() {
    this.view.mirror = !this.view.mirror;
    this.look();
    return this.view.mirror;
  }

  wheel(event) {
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) return this.zoom(Math.exp(-event.deltaY / 200), [event.clientX, event.clientY]);
    this.view.x -= event.deltaX;
    this.view.y -= event.deltaY;
    this.look();
  }

  pan(event) {
    this.panning = [event.clientX - this.view.x, event.clientY - this.view.y];
    this.frame.setPointerCapture(event.pointerId);
  }

  // Two fingers move and zoom the view; what the first has drawn is taken back.
  pinch() {
    const [[ax, ay], [bx, by]] = [...this.pointers.values()];
    const apart = Math.hypot(ax - bx, ay - by), at = [(ax + bx) / 2, (ay + by) / 2];
    if (!this.pinching) {
      this.now = this.moved = null;
      this.id = undefined;
      this.refresh();
    } else {
      this.view.x += at[0] - this.pinching.at[0];
      this.view.y += at[1] - this.pinching.at[1];
      this.zoom(apart / (this.pinching.apart || apart), at);
    }
    this.pinching = { apart, at };
  }
}

