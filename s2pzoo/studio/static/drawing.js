// A drawing: marks in painting order, in a square of side 1. Marks are never changed, only replaced, so that any state
// of a drawing can be kept for undo.
//
//   stroke   {points: [[x, y, pressure], ...], width, pen: drawn with pressure, erase: it takes ink away}
//   picture  {picture: data URL of ink on white, at: [a, b, c, d, e, f], where its square lies}
import { getStroke } from "./perfect-freehand.js";

const UNITS = 1000; // of the side, in which outlines are made
export const WIDTH = 1 / 128;

const round = (number) => Math.round(number * 1e5) / 1e5;
const isStroke = (mark) => mark.points !== undefined;

export const apply = ([a, b, c, d, e, f], x, y) => [a * x + c * y + e, b * x + d * y + f];
const product = (m, n) => [
  m[0] * n[0] + m[2] * n[1], m[1] * n[0] + m[3] * n[1],
  m[0] * n[2] + m[2] * n[3], m[1] * n[2] + m[3] * n[3],
  m[0] * n[4] + m[2] * n[5] + m[4], m[1] * n[4] + m[3] * n[5] + m[5],
];

// Moved by (dx, dy) after being scaled and turned about (x, y).
export function change({ x = 0.5, y = 0.5, dx = 0, dy = 0, scale = 1, angle = 0 }) {
  const c = Math.cos(angle) * scale, s = Math.sin(angle) * scale;
  return [c, s, -s, c, x + dx - c * x + s * y, y + dy - s * x - c * y];
}

export function changed(marks, matrix) {
  const scale = Math.sqrt(Math.abs(matrix[0] * matrix[3] - matrix[1] * matrix[2]));
  return marks.map((mark) => isStroke(mark)
    ? { ...mark, width: mark.width * scale,
        points: mark.points.map(([x, y, p]) => [...apply(matrix, x, y), p]) }
    : { ...mark, at: product(matrix, mark.at) });
}

// Without the strokes that a round rubber of radius `reach` at (x, y) touches.
export function without(marks, x, y, reach) {
  const left = marks.filter((mark) => !(isStroke(mark) && touches(mark, x, y, reach)));
  return left.length === marks.length ? marks : left;
}

function touches({ points, width, erase }, x, y, reach) {
  if (erase) return false;
  const near = (reach + width / 2) ** 2;
  return points.some(([px, py], index) => {
    const [qx, qy] = points[Math.max(0, index - 1)];
    const dx = px - qx, dy = py - qy, long = dx * dx + dy * dy;
    const t = long ? Math.min(1, Math.max(0, ((x - qx) * dx + (y - qy) * dy) / long)) : 0;
    return (qx + t * dx - x) ** 2 + (qy + t * dy - y) ** 2 <= near;
  });
}

export function box(marks) {
  const all = marks.flatMap((mark) => isStroke(mark)
    ? (mark.erase ? [] : mark.points)
    : [[0, 0], [1, 0], [0, 1], [1, 1]].map(([x, y]) => apply(mark.at, x, y)));
  if (!all.length) return null;
  const xs = all.map(([x]) => x), ys = all.map(([, y]) => y);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

export const blank = (marks) => !marks.some((mark) => !mark.erase);

// Undo and redo over whole states.
export class History {
  constructor(marks = []) {
    this.past = [];
    this.marks = marks;
    this.future = [];
  }

  set(marks) {
    if (marks === this.marks) return false;
    this.past.push(this.marks);
    if (this.past.length > 500) this.past.shift();
    this.marks = marks;
    this.future = [];
    return true;
  }

  undo() {
    if (!this.past.length) return false;
    this.future.push(this.marks);
    this.marks = this.past.pop();
    return true;
  }

  redo() {
    if (!this.future.length) return false;
    this.past.push(this.marks);
    this.marks = this.future.pop();
    return true;
  }
}

// Files. Strokes JSON as s2pzoo reads it; what was rubbed out in part is a white stroke there.

export function toData(marks) {
  const strokes = marks.filter(isStroke).map(({ points, width, erase }) => ({
    points: points.map(([x, y]) => [round(x), round(y)]), width: round(width), ...(erase ? { shade: 1 } : {}),
  }));
  return { canvas: [1, 1], strokes };
}

export function fromData(strokes) {
  return strokes.filter((mark) => mark.points || mark.rings).flatMap(({ points, rings, width = WIDTH, shade = 0 }) =>
    (points ? [points] : rings.map((ring) => [...ring, ring[0]])).map((line) => ({
      points: line.map(([x, y]) => [x, y, 0.5]), width, pen: false, erase: shade > 0.9,
    })));
}

export function toSVG(marks, size = 512) {
  const body = marks.map((mark) => {
    if (!isStroke(mark)) {
      const at = mark.at.map((value, index) => round(index < 4 ? value : value * size)).join(" ");
      return `  <image href="${mark.picture}" width="${size}" height="${size}" transform="matrix(${at})"/>`;
    }
    const line = mark.points.map(([x, y]) => `${round(x * size)},${round(y * size)}`);
    if (line.length === 1) line.push(line[0]);
    const colour = mark.erase ? "#fff" : "#000";
    return `  <polyline points="${line.join(" ")}" stroke="${colour}" stroke-width="${round(mark.width * size)}"/>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" fill="none" ` +
    `stroke-linecap="round" stroke-linejoin="round">\n${body.join("\n")}\n</svg>\n`;
}

// Painting.

const outlines = new WeakMap();
const inks = new Map();

function outline(mark) {
  if (!outlines.has(mark)) {
    const line = mark.points.map(([x, y, p]) => [x * UNITS, y * UNITS, p]);
    const edge = getStroke(line, {
      size: mark.width * UNITS, thinning: mark.pen ? 0.6 : 0, smoothing: 0.5, streamline: mark.drawn ? 0.3 : 0,
      simulatePressure: false, last: true,
    });
    const path = new Path2D();
    edge.forEach(([x, y], index) => (index ? path.lineTo(x, y) : path.moveTo(x, y)));
    path.closePath();
    outlines.set(mark, path);
  }
  return outlines.get(mark);
}

// The ink of a picture, transparent where it is paper; it is there once it is loaded, which `later` is told.
function ink(source, later) {
  if (!inks.has(source)) {
    inks.set(source, null);
    const image = new Image();
    image.onload = () => {
      const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext("2d");
      context.drawImage(image, 0, 0);
      const pixels = context.getImageData(0, 0, canvas.width, canvas.height), data = pixels.data;
      for (let i = 0; i < data.length; i += 4) {
        data[i + 3] = 255 - (data[i] + data[i + 1] + data[i + 2]) / 3;
        data[i] = data[i + 1] = data[i + 2] = 0;
      }
      context.putImageData(pixels, 0, 0);
      inks.set(source, canvas);
      later();
    };
    image.src = source;
  }
  return inks.get(source);
}

// The bytes of a square on which ink alone was painted, 255 is paper.
export function bytesOf(context, size) {
  const { data } = context.getImageData(0, 0, size, size);
  return Uint8Array.from({ length: size * size }, (_, i) => 255 - data[4 * i + 3]); // ink is black
}

export function inkOf(marks, size) {
  const context = new OffscreenCanvas(size, size).getContext("2d");
  paint(context, marks, size);
  return bytesOf(context, size);
}

// Marks on white paper, as a canvas of so many pixels.
export function onPaper(marks, size) {
  const canvas = Object.assign(document.createElement("canvas"), { width: size, height: size });
  const context = canvas.getContext("2d");
  paint(context, marks, size);
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = "#fff";
  context.fillRect(0, 0, size, size);
  return canvas;
}

export function paint(context, marks, size, later = () => {}) {
  for (const mark of marks) {
    context.save();
    context.globalCompositeOperation = mark.erase ? "destination-out" : "source-over";
    if (isStroke(mark)) {
      context.scale(size / UNITS, size / UNITS);
      context.fill(outline(mark));
    } else {
      const picture = ink(mark.picture, later), [a, b, c, d, e, f] = mark.at;
      context.transform(a, b, c, d, e * size, f * size);
      if (picture) context.drawImage(picture, 0, 0, size, size);
    }
    context.restore();
  }
}
